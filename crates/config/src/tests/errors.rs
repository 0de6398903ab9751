//! What each mistake is answered with. `UPDATE_EXPECT=1` writes the texts anew.

use expect_test::{Expect, expect};

use crate::tests::{load_with_file, pairs, set};
use crate::{Flag, Settings, Sources, load};

/// Loads a file with each of `contents`, and compares the errors, a line each.
#[track_caller]
pub(super) fn check_files(contents: &[&str], expected: &Expect) {
    let errors = contents.iter().map(|toml| {
        let error = error_of(load_with_file(toml, Sources::default()));
        let name = error.find("rialto.toml").expect("the error names the file");
        let directory = &error[..name];
        error.replace(directory, "")
    });
    expected.assert_eq(&lines(errors));
}

/// Loads each of `flags` alone, and compares the errors, a line each.
#[track_caller]
fn check_flags(flags: &[&str], expected: &Expect) {
    let errors = flags.iter().map(|flag| {
        let sources = Sources { flags: set(&[flag]), ..Sources::default() };
        error_of(load(&sources))
    });
    expected.assert_eq(&lines(errors));
}

/// Loads each of `variables` alone, and compares the errors, a line each.
#[track_caller]
fn check_environment(variables: &[(&str, &str)], expected: &Expect) {
    let errors = variables.iter().map(|variable| {
        let sources = Sources { environment: pairs(&[*variable]), ..Sources::default() };
        error_of(load(&sources))
    });
    expected.assert_eq(&lines(errors));
}

fn error_of(result: Result<Settings, crate::ConfigErrors>) -> String {
    result.expect_err("these settings are wrong").to_string()
}

fn lines(errors: impl Iterator<Item = String>) -> String {
    errors.map(|error| error + "\n").collect()
}

#[test]
fn pacing_that_is_neither_a_boolean_nor_the_word_is_answered_with_what_may_be_written() {
    check_files(
        &["[listeners.tcp]\npaced = \"yes\"\n", "[listeners.tcp]\npaced = 1\n"],
        &expect![[r#"
            rialto.toml:2:9: `listeners.tcp.paced` cannot be "yes"; expected true, false or "auto"
            rialto.toml:2:9: `listeners.tcp.paced` cannot be 1; expected true, false or "auto"
        "#]],
    );
}

#[test]
fn an_unknown_key_names_its_line_and_the_key_that_was_meant() {
    check_files(
        &[
            "[limits]\n\n  packet_byte_max = 5\n",
            "limits = { paket_bytes_max = 5 }\n",
            "[listeners.tcp]\nadress = \"127.0.0.1:1\"\n",
            "[limit]\npacket_bytes_max = 5\n",
            "[session]\npacket_bytes_max = 5\n",
            "[session]\npaced = true\n",
            "[session]\nwhatever = 5\n",
            "[limits.packet_bytes_max]\nis = 5\n",
            "packet_bytes_max = 5\n",
        ],
        &expect![[r#"
            rialto.toml:3:3: unknown key `limits.packet_byte_max`; did you mean `packet_bytes_max`?
            rialto.toml:1:12: unknown key `limits.paket_bytes_max`; did you mean `packet_bytes_max`?
            rialto.toml:2:1: unknown key `listeners.tcp.adress`; did you mean `address`?
            rialto.toml:1:2: unknown key `limit`; did you mean `limits`?
            rialto.toml:2:1: unknown key `session.packet_bytes_max`; `packet_bytes_max` belongs in [limits]
            rialto.toml:2:1: unknown key `session.paced`; `paced` belongs in a listener, such as [listeners.tcp]
            rialto.toml:2:1: unknown key `session.whatever`; known here: heartbeat_timeout, forget_after, resume_time, resume_bytes_max, resume_full
            rialto.toml:1:1: `limits.packet_bytes_max` cannot be { is = 5 }; expected a size such as 65536, "64KiB" or "16MB", from 1KiB to 256MiB
            rialto.toml:1:1: unknown key `packet_bytes_max`; `packet_bytes_max` belongs in [limits]
        "#]],
    );
}

#[test]
fn a_bad_value_names_its_column_and_what_is_allowed() {
    check_files(
        &[
            "[limits]\npacket_bytes_max = \"1XB\"\n",
            "[limits]\npacket_bytes_max = \"1GiB\"\n",
            "[limits]\nsubscriptions_max = \"5\"\n",
            "[limits]\nsubscriptions_max = 0\n",
            "[limits]\nsubscriptions_max = 99999999999999999999999\n",
            "[session]\nheartbeat_timeout = \"2s\"\n",
            "[session]\nheartbeat_timeout = 15\n",
            "[listeners.tcp]\naddress = \":8010\"\n",
            "[listeners.tcp]\naddress = 8010\n",
            "[listeners.tcp]\ntls = \"maybe\"\n",
            "[delivery]\necho = 1\n",
            "limits = 5\n",
        ],
        &expect![[r#"
            rialto.toml:2:20: `limits.packet_bytes_max` cannot be "1XB"; expected a size such as 65536, "64KiB" or "16MB", from 1KiB to 256MiB
            rialto.toml:2:20: `limits.packet_bytes_max` cannot be "1GiB"; expected a size such as 65536, "64KiB" or "16MB", from 1KiB to 256MiB
            rialto.toml:2:21: `limits.subscriptions_max` cannot be "5"; expected a whole number, from 1 to 1000000
            rialto.toml:2:21: `limits.subscriptions_max` cannot be 0; expected a whole number, from 1 to 1000000
            rialto.toml:2:21: `limits.subscriptions_max` has a number that is too large; the largest that can be written is 9223372036854775807
            rialto.toml:2:21: `session.heartbeat_timeout` cannot be "2s"; expected a time such as "500ms", "10s", "5m", "1h" or "30d", from 3s to 1d
            rialto.toml:2:21: `session.heartbeat_timeout` cannot be 15; expected a time such as "500ms", "10s", "5m", "1h" or "30d", from 3s to 1d
            rialto.toml:2:11: `listeners.tcp.address` cannot be ":8010": name a host: write 127.0.0.1:8010 for this machine only, or [::]:8010 for all of its addresses; expected an IP address or a host name and a port such as "127.0.0.1:8010", "[::1]:8010" or "localhost:8010"
            rialto.toml:2:11: `listeners.tcp.address` cannot be "8010": name a host: write 127.0.0.1:8010 for this machine only, or [::]:8010 for all of its addresses; expected an IP address or a host name and a port such as "127.0.0.1:8010", "[::1]:8010" or "localhost:8010"
            rialto.toml:2:7: `listeners.tcp.tls` cannot be "maybe"; expected "off" or "allow" or "require"
            rialto.toml:2:8: `delivery.echo` cannot be 1; expected true or false
            rialto.toml:1:1: `limits` is a section, not a value; write [limits] on a line of its own, and its keys below
        "#]],
    );
}

#[test]
fn a_file_that_is_not_toml_names_the_place() {
    check_files(
        &[
            "[limits\n",
            "# ä\nlog = { level = \"ä\" \"info\" }\n",
            "[log]\nlevel = \"info\"\nlevel = \"warn\"\n",
        ],
        &expect![[r#"
            rialto.toml:1:8: not TOML: unclosed table, expected `]`
            rialto.toml:2:21: not TOML: missing comma between key-value pairs, expected `,`
            rialto.toml:3:1: not TOML: duplicate key
        "#]],
    );
}

#[test]
fn a_secret_is_not_quoted() {
    check_files(
        &[
            "[[access.tokens]]\nclient = \"a\"\ntokn = \"hunter2\"\n",
            "[access]\ntokens = \"hunter2\"\n",
        ],
        &expect![[r#"
            rialto.toml:1:1: entry 1 of `access.tokens` is wrong: unknown key `tokn`; did you mean `token`?; expected a list of tables like { client = "name", token = "secret", groups = ["staff"] }
            rialto.toml:2:10: `access.tokens` does not have the right form; expected a list of tables like { client = "name", token = "secret", groups = ["staff"] }
        "#]],
    );
    check_environment(
        &[("RIALTO_ACCESS__TOKENS", "hunter2")],
        &expect![[r#"
            environment variable RIALTO_ACCESS__TOKENS: `access.tokens` does not have the right form; expected a list of tables like { client = "name", token = "secret", groups = ["staff"] }
        "#]],
    );
}

#[test]
fn a_flag_is_named() {
    check_flags(
        &[
            "limits.packet_bytes_max",
            "limits.packet_byte_max=1",
            "limits=1",
            "limits.json_depth_max=deep",
        ],
        &expect![[r#"
            --set limits.packet_bytes_max: `limits.packet_bytes_max` has no value; write key=value, such as limits.packet_bytes_max=2MiB
            --set limits.packet_byte_max: unknown key `limits.packet_byte_max`; did you mean `packet_bytes_max`?
            --set limits: `limits` is a section, not a value; name a key in it, such as limits.KEY
            --set limits.json_depth_max: `limits.json_depth_max` cannot be "deep"; expected a whole number, from 2 to 1000
        "#]],
    );
}

#[test]
fn a_flag_of_its_own_name_is_named_by_it() {
    let flags = vec![Flag::named("--log-format", "log.format", "xml")];
    let error = error_of(load(&Sources { flags, ..Sources::default() }));
    expect![[r#"--log-format: `log.format` cannot be "xml"; expected "text" or "json""#]]
        .assert_eq(&error);
}

#[test]
fn an_environment_variable_is_named() {
    check_environment(
        &[
            ("RIALTO_LIMITS__PACKET_BYTES_MAX", "lots"),
            ("RIALTO_LIMITS__PACKET_BYTE_MAX", "1"),
            ("RIALTO_FOO__BAR", "1"),
            ("RIALTO_LIMITS_PACKET_BYTE_MAX", "1"),
            ("RIALTO_LISTENERS_TCP_ADDRESS", "1"),
            ("RIALTO_LOG_LEVEL", "warn"),
            ("RIALTO_LOG__LEVEL__X", "warn"),
        ],
        &expect![[r#"
            environment variable RIALTO_LIMITS__PACKET_BYTES_MAX: `limits.packet_bytes_max` cannot be "lots"; expected a size such as 65536, "64KiB" or "16MB", from 1KiB to 256MiB
            environment variable RIALTO_LIMITS__PACKET_BYTE_MAX: unknown key `limits.packet_byte_max`; did you mean `packet_bytes_max`?
            environment variable RIALTO_FOO__BAR: unknown key `foo.bar`; known here: server, listeners, tls, limits, session, pubsubx, delivery, history, retained, channels, events, cluster, cache, store, bus, access, webhook, api, console, balancer, log
            environment variable RIALTO_LIMITS_PACKET_BYTE_MAX: unknown key `limits_packet_byte_max`; did you mean `limits.packet_bytes_max`? In a variable two underscores stand for the dot
            environment variable RIALTO_LISTENERS_TCP_ADDRESS: unknown key `listeners_tcp_address`; known here: server, listeners, tls, limits, session, pubsubx, delivery, history, retained, channels, events, cluster, cache, store, bus, access, webhook, api, console, balancer, log
            environment variable RIALTO_LOG_LEVEL: unknown key `log_level`; did you mean `log.level`? In a variable two underscores stand for the dot
            environment variable RIALTO_LOG__LEVEL__X: unknown key `log.level.x`; level is a value, not a section
        "#]],
    );
}

#[test]
fn a_file_that_is_not_there_says_who_named_it() {
    check_environment(
        &[("RIALTO_CONFIG", "no/such.toml")],
        &expect![[r#"
        no/such.toml: the settings file cannot be read: No such file or directory (os error 2); it was named by the environment variable RIALTO_CONFIG
    "#]],
    );
    let sources = Sources { file: Some("no/such.toml".into()), ..Sources::default() };
    expect!["no/such.toml: the settings file cannot be read: No such file or directory (os error 2); it was named by --config"].assert_eq(&error_of(load(&sources)));
}

#[test]
fn values_that_do_not_go_together_name_the_one_that_was_set() {
    check_files(
        &[
            "[tls]\ncertificate = \"c.pem\"\n",
            "[tls]\nkey = \"k.pem\"\n",
            "[listeners.tcp]\naddress = \"0.0.0.0:8010\"\n",
            "[listeners.tcp]\naddress = \"[::]:8010\"\n",
            "[listeners.lab]\npaced = true\n",
            "[listeners.\"my lab\"]\naddress = \"127.0.0.1:1\"\n",
            "[listeners.tcp]\ntls = \"require\"\n",
            "[listeners.lab]\naddress = \"127.0.0.1:8010\"\n",
            "[listeners.wss]\naddress = \"127.0.0.1:443\"\n",
            "[limits]\noutbox_bytes_max = \"64KiB\"\n",
            "[[access.tokens]]\nclient = \"\"\ntoken = \"x\"\n",
            "[listeners.memcached]\nenabled = true\naddress = \"0.0.0.0:1\"\n[access]\nmode = \"tokens\"\n",
            "[[cache.publish]]\nprefix = \"a.\"\nchannel = \"$stats\"\n",
            "[[cache.publish]]\nprefix = \"a.\"\n",
        ],
        &expect![[r#"
            rialto.toml:2:15: `tls.certificate` is set and `tls.key` is not; set both or none; `rialto cert new` makes a pair for development
            rialto.toml:2:7: `tls.key` is set and `tls.certificate` is not; set both or none; `rialto cert new` makes a pair for development
            rialto.toml:2:11: `listeners.tcp.address` is 0.0.0.0:8010, which other machines can reach, while access.mode is "open": anybody who can reach it could read and publish everything; set access.mode = "tokens", or, if that is what you want, access.open_beyond_loopback = true
            rialto.toml:2:11: `listeners.tcp.address` is [::]:8010, which other machines can reach, while access.mode is "open": anybody who can reach it could read and publish everything; set access.mode = "tokens", or, if that is what you want, access.open_beyond_loopback = true
            rialto.toml:2:9: listener `lab` has no address; set listeners.lab.address; the listeners of the defaults are coremq, coremq-websocket, http, memcached, pubsubx, tcp, tls, websocket, wss
            rialto.toml:2:11: `my lab` cannot be the name of a listener; use 1 to 32 of the characters a to z, 0 to 9, _ and -
            rialto.toml:2:7: listener `tcp` requires TLS, and there is no certificate; set tls.certificate and tls.key; `rialto cert new` makes a pair for development
            rialto.toml:2:11: listeners `lab` and `tcp` both want 127.0.0.1:8010; one listener hears TLS, WebSocket and plain sockets alike; remove one, give it another address, or set enabled = false
            rialto.toml:2:11: listener `wss` requires TLS, and there is no certificate; set tls.certificate and tls.key; `rialto cert new` makes a pair for development
            rialto.toml:2:20: `limits.outbox_bytes_max` is 64KiB, less than `limits.packet_bytes_max`, 1MiB: the largest packets could never be delivered; raise the first or lower the second
            rialto.toml:1:1: an entry of `access.tokens` has an empty client or token; give both, or remove the entry
            rialto.toml:3:11: `listeners.memcached.address` is 0.0.0.0:1, which other machines can reach, and its dialect is "memcached", which knows no tokens, with TLS or without: anybody who can reach it could read and change the whole cache; use an address of loopback, or, if that is what you want, set access.open_beyond_loopback = true
            rialto.toml:1:1: changes under `a.` cannot be published on the channel `$stats`; give it a name that does not begin with $
            rialto.toml:1:1: entry 1 of `cache.publish` is wrong: missing field `channel`; expected a list of tables like { prefix = "config.", channel = "cache.config" }, with these two keys only
        "#]],
    );
    check_flags(
        &["listeners.wss.address=127.0.0.1:443"],
        &expect![[r#"
        --set listeners.wss.address: listener `wss` requires TLS, and there is no certificate; set tls.certificate and tls.key; `rialto cert new` makes a pair for development
    "#]],
    );
}
