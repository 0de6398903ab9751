//! The bus between brokers that share a database.

use expect_test::expect;

use crate::tests::errors::check_files;
use crate::tests::load_with_file;
use crate::{BusKind, Settings, Sources, to_toml};

const SHARED: &str = "[store]\nkind = \"postgres\"\nurl = \"postgres://db\"\nshared = true\n";

#[test]
fn a_bus_that_could_not_be_used_is_refused() {
    let with = |more: &str| format!("{SHARED}[bus]\n{more}");
    check_files(
        &[
            "[bus]\nkind = \"redis\"\nurls = \"redis://host\"\n",
            &with("kind = \"redis\"\n"),
            &with("urls = \"redis://:hunter2@host\"\n"),
            &with("kind = \"nats\"\nurls = \"nats://host\"\nurl_file = \"url\"\n"),
            &with("kind = \"nats\"\nurls = \"nats://host\"\ncluster = true\n"),
            &with("kind = \"redis\"\nurls = \"redis://host\"\ncluster = true\nsentinel = \"m\"\n"),
            &with("kind = \"redis\"\nurls = \"redis://host\"\nprefix = \"a b\"\n"),
        ],
        &expect![[r#"
            rialto.toml:2:8: `bus.kind` is "redis", and no other broker shares the store; set store.shared, or remove the bus
            rialto.toml:6:8: `bus.kind` is "redis", and no address is named; set bus.urls to redis://host:6379, or bus.url_file to a file that holds such a text
            rialto.toml:6:8: a bus is named, while `bus.kind` is "none"; set bus.kind to "redis" or "nats", or remove the bus
            rialto.toml:8:12: `bus.urls` and `bus.url_file` are both set; keep one of them
            rialto.toml:8:11: `bus.cluster` is set, while `bus.kind` is "nats"; set bus.kind to "redis", or remove it
            rialto.toml:8:11: `bus.cluster` and `bus.sentinel` are both set, and a cluster has no sentinels; keep one of them
            rialto.toml:8:10: `bus.prefix` has to be up to 64 letters, digits and characters out of -_:/; write such a text, as in "rialto"
        "#]],
    );
}

#[test]
fn its_address_is_a_secret() {
    let file = format!("{SHARED}[bus]\nkind = \"redis\"\nurls = \"redis://:hunter2@host\"\n");
    let settings: Settings = load_with_file(&file, Sources::default()).unwrap();
    assert_eq!(settings.bus.kind, BusKind::Redis);
    assert!(
        !to_toml(&settings).contains("hunter2") && !format!("{settings:?}").contains("hunter2")
    );
}
