//! The default file and the file in force.

use crate::scalar::Given;
use crate::schema::SECTIONS;
use crate::tests::load_with_file;
use crate::{Settings, Sources, default_toml, load, to_toml};

#[test]
fn the_default_file_loads_to_the_defaults() {
    let loaded = load_with_file(&default_toml(), Sources::default()).unwrap();
    assert_eq!(loaded, Settings::default());
    assert_eq!(load(&Sources::default()).unwrap(), Settings::default());
}

#[test]
fn the_default_file_has_and_documents_every_key() {
    let text = default_toml();
    let table: toml::Table = text.parse().unwrap();
    for (name, section) in SECTIONS {
        let values = if name == "listeners" { &table["listeners"]["tcp"] } else { &table[name] };
        for key in section.keys {
            assert!(values.get(key.name).is_some(), "{name}.{} is missing", key.name);
            assert!(!key.doc.is_empty(), "{name}.{} is undocumented", key.name);
            assert!(key.doc.iter().all(|line| text.contains(line.trim_end())), "{name}");
        }
    }
}

#[test]
fn every_default_and_every_bound_is_readable_and_in_range() {
    let defaults = toml::Table::try_from(Settings::default()).unwrap();
    for (name, section) in SECTIONS {
        let values =
            if name == "listeners" { &defaults["listeners"]["tcp"] } else { &defaults[name] };
        for key in section.keys {
            let value = values[key.name].clone();
            assert!(key.accept(&Given::Toml(value)).is_some(), "{name}.{}", key.name);
            for bound in key.range.into_iter().flat_map(|(min, max)| [min, max]) {
                let bound = Given::Text(bound.to_owned());
                assert!(key.accept(&bound).is_some(), "{name}.{}: {bound:?}", key.name);
            }
        }
    }
}

#[test]
fn what_is_written_reads_back_the_same() {
    let mut settings = Settings::default();
    settings.limits.packet_bytes_max = crate::ByteSize::new(12_345);
    settings.tls.certificate = "cert.pem".into();
    settings.tls.key = "key.pem".into();
    assert_eq!(load_with_file(&to_toml(&settings), Sources::default()).unwrap(), settings);
}

#[test]
fn secrets_are_never_printed() {
    let file = r#"
        [access]
        tokens = [{ client = "ada", token = "hunter2 of ada" }]
        jwt = [{ name = "login", algorithms = ["HS256"], secret = "hunter2 of login" }]
        [webhook]
        url = "http://127.0.0.1:1/"
        secret = "hunter2 of the webhook"
        [cluster]
        token = "hunter2 of the cluster"
        [api]
        keys = [{ name = "shop", key = "hunter2 of the shop" }]
    "#;
    let settings = load_with_file(file, Sources::default()).unwrap();
    for text in [to_toml(&settings), format!("{settings:?}")] {
        assert!(!text.contains("hunter2"), "{text}");
        assert!(["ada", "login", "shop"].iter().all(|name| text.contains(name)), "{text}");
    }
}
