//! What a reload changes.

use expect_test::{Expect, expect};

use crate::schema::SECTIONS;
use crate::tests::load_with_file;
use crate::{Settings, Sources, difference, needs_restart};

/// Loads both files, and compares what differs, a line each.
#[track_caller]
fn check(old: &str, new: &str, expected: &Expect) {
    let [old, new] = [old, new].map(|toml| load_with_file(toml, Sources::default()).unwrap());
    let lines = difference(&old, &new).into_iter().map(|it| format!("{it}\n"));
    expected.assert_eq(&lines.collect::<String>());
}

#[test]
fn the_same_settings_do_not_differ() {
    assert_eq!(difference(&Settings::default(), &Settings::default()), []);
}

#[test]
fn each_key_that_changed_is_named_with_both_values_in_order() {
    check(
        "[limits]\npacket_bytes_max = \"2MiB\"\nsubscriptions_max = 5\n",
        r#"
        [limits]
        subscriptions_max = 6
        [log]
        level = "debug"
        [access]
        rules = [{ allow = ["publish"], channels = ["*"] }]
        "#,
        &expect![[r#"
            access.rules: [] became [{ allow = ["publish"], channels = ["*"] }]
            limits.packet_bytes_max: "2MiB" became "1MiB"
            limits.subscriptions_max: 5 became 6
            log.level: "info" became "debug"
        "#]],
    );
}

#[test]
fn a_listener_that_comes_goes_or_changes_is_named_by_its_keys() {
    check(
        "[listeners.lab]\naddress = \"127.0.0.1:1\"\n",
        "[listeners.hall]\naddress = \"127.0.0.1:2\"\n[listeners.tcp]\npaced = true\n",
        &expect![[r#"
            listeners.hall.address: nothing became "127.0.0.1:2"
            listeners.hall.connections_max: nothing became 0
            listeners.hall.dialect: nothing became "jmqt"
            listeners.hall.enabled: nothing became true
            listeners.hall.paced: nothing became "auto"
            listeners.hall.proxy_protocol: nothing became false
            listeners.hall.tls: nothing became "allow"
            listeners.lab.address: "127.0.0.1:1" became nothing
            listeners.lab.connections_max: 0 became nothing
            listeners.lab.dialect: "jmqt" became nothing
            listeners.lab.enabled: true became nothing
            listeners.lab.paced: "auto" became nothing
            listeners.lab.proxy_protocol: false became nothing
            listeners.lab.tls: "allow" became nothing
            listeners.tcp.paced: "auto" became true
        "#]],
    );
}

#[test]
fn a_secret_that_changed_is_named_and_not_shown() {
    let secrets = |token: &str| {
        format!(
            "[cluster]\ntoken = \"{token}\"\n[webhook]\nsecret = \"same\"\n\
             [access]\ntokens = [{{ client = \"ada\", token = \"{token}\" }}]\n\
             [api]\nkeys = [{{ name = \"shop\", key = \"{token}\" }}]\n"
        )
    };
    check(
        &secrets("hunter2 hunter2 hunter2"),
        &secrets("hunter3 hunter3 hunter3"),
        &expect![[r#"
            access.tokens: a secret changed
            api.keys: a secret changed
            cluster.token: a secret changed
        "#]],
    );
    check(
        "",
        "[cluster]\ntoken = \"hunter2\"\n",
        &expect![[r#"
        cluster.token: "" became "********"
    "#]],
    );
}

#[test]
fn sections_that_need_a_restart_need_it_for_each_key() {
    let names = SECTIONS.map(|(name, _)| name);
    for name in names {
        let key = format!("{name}.anything");
        let restarts = ["server", "listeners", "cluster", "cache", "bus", "log"].contains(&name);
        assert_eq!(needs_restart(&key), restarts, "{key}");
    }
}

#[test]
fn what_is_laid_out_at_the_start_needs_a_restart() {
    let keys = [
        "listeners.tcp.address",
        "store.kind",
        "store.shared",
        "store.durability",
        "store.bytes_max",
        "limits.connections_max",
        "limits.connections_per_address_max",
        "limits.outbox_bytes_max",
    ];
    assert!(keys.iter().all(|key| needs_restart(key)));
    let live = [
        "store.log_bytes_max",
        "limits.subscriptions_max",
        "limits.packet_bytes_max",
        "tls.certificate",
        "cluster.replicants",
        "cluster.replicants_by_address",
        "access.rules",
        "webhook.url",
        "api.keys",
        "channels.rules",
        "logs.level",
    ];
    assert!(!live.iter().any(|key| needs_restart(key)));
}
