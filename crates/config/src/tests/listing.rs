//! What is shown of each setting.

use crate::schema::SECTIONS;
use crate::tests::{load_with_file, pairs, set};
use crate::{ListedSetting, Settings, Sources, list, needs_restart};

/// Returns the setting of that key, in a line.
fn line(listed: &[ListedSetting], key: &str) -> String {
    let it = listed.iter().find(|it| it.key == key).unwrap_or_else(|| panic!("no {key}"));
    let default = it.default.as_ref().map_or("none".to_owned(), ToString::to_string);
    // The directory is another each time.
    let source = it.source.to_string();
    let source = source.rsplit('/').next().unwrap_or_default();
    format!("{} (default {default}; {source})", it.value)
}

#[test]
fn each_setting_is_shown_with_its_default_and_who_said_so() {
    let file = "[limits]\nsubscriptions_max = 2\njson_depth_max = 20\n\
                [listeners.lab]\naddress = \"127.0.0.1:9999\"\n\
                [store]\nlog_messages_max = 9007199254740993\n";
    let sources = Sources {
        environment: pairs(&[("RIALTO_LIMITS__JSON_DEPTH_MAX", "30")]),
        flags: set(&["delivery.slow_consumer=close"]),
        ..Sources::default()
    };
    let listed = list(&load_with_file(file, sources).unwrap());
    for (key, expected) in [
        ("limits.packet_bytes_max", r#""1MiB" (default "1MiB"; defaults)"#),
        ("limits.subscriptions_max", "2 (default 1000; rialto.toml:2:21)"),
        (
            "limits.json_depth_max",
            "30 (default 128; environment variable RIALTO_LIMITS__JSON_DEPTH_MAX)",
        ),
        ("delivery.slow_consumer", r#""close" (default "drop"; --set delivery.slow_consumer)"#),
        ("listeners.lab.address", r#""127.0.0.1:9999" (default none; rialto.toml:5:11)"#),
        ("listeners.lab.dialect", r#""jmqt" (default "jmqt"; defaults)"#),
        ("listeners.http.dialect", r#""http" (default "http"; defaults)"#),
        // More than a number of JSON can be relied on for.
        ("store.log_messages_max", r#""9007199254740993" (default 0; rialto.toml:7:20)"#),
    ] {
        assert_eq!(line(&listed, key), expected, "{key}");
    }
}

#[test]
fn of_a_secret_only_whether_it_is_set_is_shown() {
    let file = "[cluster]\ntoken = \"hunter2\"\n\
                [access]\ntokens = [{ client = \"ada\", token = \"hunter2\" }]\n\
                [api]\nkeys = [{ name = \"shop\", key = \"hunter2 hunter2 hunter2\" }]\n";
    let listed = list(&load_with_file(file, Sources::default()).unwrap());
    let value = |key: &str| line(&listed, key).split(" (").next().unwrap().to_owned();
    assert_eq!(value("cluster.token"), r#""set""#);
    assert_eq!(value("webhook.secret"), r#""not set""#);
    assert_eq!(value("access.tokens"), r#"[{ client = "ada", token = "set" }]"#);
    assert!(value("api.keys").contains(r#"key = "set""#), "{}", value("api.keys"));
    assert!(!format!("{listed:?}").contains("hunter2"));
}

#[test]
fn all_keys_of_all_sections_are_shown_once() {
    let listed = list(&Settings::default());
    let listeners = Settings::default().listeners.len();
    let keys = SECTIONS.iter().map(|(name, section)| {
        section.keys.len() * if *name == "listeners" { listeners } else { 1 }
    });
    assert_eq!(listed.len(), keys.sum::<usize>());
    let mut names: Vec<_> = listed.iter().map(|it| &it.key).collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), listed.len());
    assert!(listed.iter().all(|it| it.needs_restart == needs_restart(&it.key)));
    assert!(listed.iter().all(|it| Some(&it.value) == it.default.as_ref()));
}
