//! All mistakes are named, each at its place, and none that only follows from another.

use expect_test::{Expect, expect};

use crate::tests::{pairs, set};
use crate::{Sources, check};

/// Checks a file `rialto.toml` with these bytes, and other sources, and compares what is said of
/// them: the mistakes, and after them the notes.
#[track_caller]
fn check_all(file: &[u8], sources: Sources, expected: &Expect) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("rialto.toml");
    std::fs::write(&path, file).unwrap();
    let checked = check(&Sources { file: Some(path), ..sources });
    let errors = checked.settings.expect_err("these settings are wrong").to_string();
    let notes = checked.notes.iter().map(|note| format!("\nnote: {note}"));
    let said = errors + &notes.collect::<String>() + "\n";
    expected.assert_eq(&said.replace(&format!("{}/", dir.path().display()), ""));
}

#[test]
fn mistakes_of_all_sources_are_named_in_order_with_notes_apart() {
    check_all(
        br#"
[limits]
packet_byte_max = "1MiB"
subscriptions_max = 0
json_depth_max = "deep"

[listeners.lab]
paced = true

[[access.rules]]
allow = ["publish"]
channels = ["a"]

[[access.rules]]
alow = ["publish"]
channels = "a"
clent = "x"

[[api.keys]]
name = "app"
key = "hunter2"
"#,
        Sources {
            environment: pairs(&[
                ("RIALTO_LOG__LEVEL", "loud"),
                ("RIALTO_SERVICE_HOST", "10.0.0.1"),
                ("RIALTO_SESSION__HEARTBEAT_TIMEOUT", "soon"),
            ]),
            flags: set(&["tls.certificate=c.pem", "history.message=3", "delivery.echo"]),
            listen: Vec::new(),
            file: None,
        },
        &expect![[r#"
            rialto.toml:3:1: unknown key `limits.packet_byte_max`; did you mean `packet_bytes_max`?
            rialto.toml:4:21: `limits.subscriptions_max` cannot be 0; expected a whole number, from 1 to 1000000
            rialto.toml:5:18: `limits.json_depth_max` cannot be "deep"; expected a whole number, from 2 to 1000
            rialto.toml:8:9: listener `lab` has no address; set listeners.lab.address; the listeners of the defaults are coremq, coremq-websocket, http, memcached, pubsubx, tcp, tls, websocket, wss
            rialto.toml:14:1: entry 2 of `access.rules` is wrong: unknown key `alow`; did you mean `allow`?; expected a list of tables like { group = "staff", allow = ["publish"], channels = ["news.*"] }
            rialto.toml:14:1: entry 2 of `access.rules` is wrong: in `channels`: invalid type: string "a", expected a sequence; expected a list of tables like { group = "staff", allow = ["publish"], channels = ["news.*"] }
            rialto.toml:14:1: entry 2 of `access.rules` is wrong: unknown key `clent`; did you mean `client`?; expected a list of tables like { group = "staff", allow = ["publish"], channels = ["news.*"] }
            rialto.toml:19:1: the entry `app` of `api.keys` has a key of 7 bytes, which can be guessed; give at least 16 bytes, such as `openssl rand -hex 16` prints
            environment variable RIALTO_SESSION__HEARTBEAT_TIMEOUT: `session.heartbeat_timeout` cannot be "soon"; expected a time such as "500ms", "10s", "5m", "1h" or "30d", from 3s to 1d
            environment variable RIALTO_LOG__LEVEL: "loud" is not a log level; expected off, error, warn, info, debug, trace, or levels by module such as info,rialto_session=debug
            --set history.message: unknown key `history.message`; did you mean `messages`?
            --set delivery.echo: `delivery.echo` has no value; write key=value, such as limits.packet_bytes_max=2MiB
            --set tls.certificate: `tls.certificate` is set and `tls.key` is not; set both or none; `rialto cert new` makes a pair for development
            note: environment variable RIALTO_SERVICE_HOST: this is not a setting, and is left alone: a setting has two underscores between its section and its key, as in RIALTO_LOG__LEVEL
        "#]],
    );
}

#[test]
fn what_only_follows_from_another_mistake_is_not_named() {
    // Misspelt or malformed, the mode, the key and the address are not known.
    check_all(
        b"[acces]\nmode = \"tokens\"\n[listeners.tcp]\naddress = \"0.0.0.0:8010\"\n\
          [tls]\ncertificate = \"c.pem\"\nkeey = \"k.pem\"\n[listeners.lab]\nadress = \"x\"\n\
          [[access.rules]]\nchannels = 5\nallow = [\"publish\"]\n",
        Sources::default(),
        &expect![[r#"
            rialto.toml:1:2: unknown key `acces`; did you mean `access`?
            rialto.toml:7:1: unknown key `tls.keey`; did you mean `key`?
            rialto.toml:9:1: unknown key `listeners.lab.adress`; did you mean `address`?
            rialto.toml:10:1: entry 1 of `access.rules` is wrong: in `channels`: invalid type: integer `5`, expected a sequence; expected a list of tables like { group = "staff", allow = ["publish"], channels = ["news.*"] }
        "#]],
    );
}

#[test]
fn rules_are_checked_beside_mistakes_that_do_not_concern_them() {
    check_all(
        b"[listeners.tcp]\naddress = \"0.0.0.0:1\"\n[listeners.tls]\naddress = \"0.0.0.0:2\"\n\
          [listeners.wss]\npacd = true\n[tls]\nkey = \"k.pem\"\n[limits]\nwhatever = 1\n\
          [webhook]\nurl = \"ftp://x\"\nevents = []\n",
        Sources::default(),
        &expect![[r#"
            rialto.toml:2:11: `listeners.tcp.address` is 0.0.0.0:1, which other machines can reach, while access.mode is "open": anybody who can reach it could read and publish everything; set access.mode = "tokens", or, if that is what you want, access.open_beyond_loopback = true
            rialto.toml:4:11: `listeners.tls.address` is 0.0.0.0:2, which other machines can reach, while access.mode is "open": anybody who can reach it could read and publish everything; set access.mode = "tokens", or, if that is what you want, access.open_beyond_loopback = true
            rialto.toml:6:1: unknown key `listeners.wss.pacd`; did you mean `paced`?
            rialto.toml:8:7: `tls.key` is set and `tls.certificate` is not; set both or none; `rialto cert new` makes a pair for development
            rialto.toml:10:1: unknown key `limits.whatever`; known here: packet_bytes_max, subscriptions_max, channel_name_bytes_max, connections_max, connections_per_address_max, authenticate_timeout, request_timeout, outbox_bytes_max, waiting_bytes_max, unacknowledged_max, json_depth_max
            rialto.toml:12:7: `webhook.url` is not an address for HTTP; write http:// or https://, a host and a path
            rialto.toml:12:7: `webhook.url` is set and `webhook.secret` is not: the application could not tell who asks it; set webhook.secret to a text that the application knows as well
            rialto.toml:13:10: `webhook.events` is empty, while `webhook.url` is set; name the events it is for, or remove the url
        "#]],
    );
}

#[test]
fn what_keeps_a_file_from_being_read_is_said_plainly_and_other_sources_are_checked() {
    let flags = || Sources { flags: set(&["log.levl=warn"]), ..Sources::default() };
    // Without the file nobody knows whether the key is there.
    check_all(
        b"[tls]\nkey = \"k.pem\n",
        flags(),
        &expect![[r#"
        rialto.toml:2:13: not TOML: invalid basic string, expected `"`
        --set log.levl: unknown key `log.levl`; did you mean `level`?
    "#]],
    );
    check_all(
        b"[tls]\n# caf\xe9\n",
        flags(),
        &expect![[r#"
        rialto.toml:2:1: the settings file is not UTF-8 text from this line on; it was named by --config
        --set log.levl: unknown key `log.levl`; did you mean `level`?
    "#]],
    );
    let directory = tempfile::tempdir().unwrap();
    let file = Some(directory.path().to_owned());
    let said = check(&Sources { file, ..flags() }).settings.unwrap_err().to_string();
    expect![[r#"
        DIR: this is a directory, not a settings file; it was named by --config
        --set log.levl: unknown key `log.levl`; did you mean `level`?"#]]
    .assert_eq(&said.replace(&*directory.path().to_string_lossy(), "DIR"));
}

#[test]
fn every_address_of_the_command_line_is_checked() {
    let listen = [":8010", "8010", "*:8010", "localhost", "tcp://localhost:1", "0.0.0.0:8010"];
    let listen = listen.map(str::to_owned).to_vec();
    let said = check(&Sources { listen, ..Sources::default() }).settings.unwrap_err();
    expect![[r#"
        --listen :8010: `listeners.listen-1.address` cannot be ":8010": name a host: write 127.0.0.1:8010 for this machine only, or [::]:8010 for all of its addresses; expected an IP address or a host name and a port such as "127.0.0.1:8010", "[::1]:8010" or "localhost:8010"
        --listen 8010: `listeners.listen-2.address` cannot be "8010": name a host: write 127.0.0.1:8010 for this machine only, or [::]:8010 for all of its addresses; expected an IP address or a host name and a port such as "127.0.0.1:8010", "[::1]:8010" or "localhost:8010"
        --listen *:8010: `listeners.listen-3.address` cannot be "*:8010": write [::]:8010 for all addresses of this machine, or 0.0.0.0:8010 for those of IPv4; expected an IP address or a host name and a port such as "127.0.0.1:8010", "[::1]:8010" or "localhost:8010"
        --listen localhost: `listeners.listen-4.address` cannot be "localhost": add the port, as in localhost:8010; expected an IP address or a host name and a port such as "127.0.0.1:8010", "[::1]:8010" or "localhost:8010"
        --listen tcp://localhost:1: `listeners.listen-5.address` cannot be "tcp://localhost:1": leave out what stands before the host; expected an IP address or a host name and a port such as "127.0.0.1:8010", "[::1]:8010" or "localhost:8010"
        --listen 0.0.0.0:8010: `listeners.listen-6.address` is 0.0.0.0:8010, which other machines can reach, while access.mode is "open": anybody who can reach it could read and publish everything; set access.mode = "tokens", or, if that is what you want, access.open_beyond_loopback = true
    "#]].assert_eq(&format!("{said}\n"));
}
