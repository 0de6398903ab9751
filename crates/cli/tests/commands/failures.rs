//! How commands fail before they talk to a broker, or when there is none.

use expect_test::{Expect, expect};

use crate::{nobody, rialto, rialto_in};

/// Runs `rialto` with `args`, which must end with `code`, and compares what it says.
#[track_caller]
fn check(args: &[&str], code: i32, expected: &Expect) {
    expected.assert_eq(&rialto(args).failed(code));
}

#[test]
fn arguments_that_do_not_go_together_are_named() {
    check(
        &["sub", "--persistent", "room"],
        2,
        &expect![[r#"
        rialto: --persistent needs a client id: give --client, or a context that has one
    "#]],
    );
    check(
        &["pub", "room"],
        2,
        &expect![[r#"
            error: the following required arguments were not provided:
              <PAYLOAD>

            Usage: rialto pub [OPTIONS] <CHANNEL> <PAYLOAD>
                   rialto pub [OPTIONS] --file <FILE>

            For more information, try '--help'.
        "#]],
    );
    check(
        &["pub", "room", "text", "--file", "f"],
        2,
        &expect![[r#"
            error: the argument '[CHANNEL]' cannot be used with '--file <FILE>'

            Usage: rialto pub [OPTIONS] <CHANNEL> <PAYLOAD>
                   rialto pub [OPTIONS] --file <FILE>

            For more information, try '--help'.
        "#]],
    );
    check(
        &["pub", "room", "text", "--qos", "2"],
        2,
        &expect![[r#"
        error: invalid value '2' for '--qos <LEVEL>'
          [possible values: 0, 1]

        For more information, try '--help'.
    "#]],
    );
    check(
        &["pub", "room", "text", "--server", "http://x"],
        2,
        &expect![[r#"
        error: invalid value 'http://x' for '--server <URL>': `http://x` is not the address of a broker: its scheme is unknown; write jmqt://HOST:PORT for a plain socket, jmqts:// for TLS, ws:// or wss:// for WebSocket

        For more information, try '--help'.
    "#]],
    );
    check(
        &["sub", "room", "--timeout", "5"],
        2,
        &expect![[r#"
        error: invalid value '5' for '--timeout <TIME>': expected a time such as "500ms", "10s", "5m", "1h" or "30d"

        For more information, try '--help'.
    "#]],
    );
}

#[test]
fn a_payload_that_must_be_json_is_checked_before_connecting() {
    check(
        &["pub", "room", "--json", "no json"],
        2,
        &expect![[r#"
        rialto: the payload is not JSON: expected ident at line 1 column 2
    "#]],
    );
}

#[test]
fn a_file_that_is_not_there_is_named() {
    check(
        &["pub", "--file", "missing.jsonl"],
        1,
        &expect![[r#"
        rialto: cannot read missing.jsonl: No such file or directory (os error 2)
    "#]],
    );
    check(
        &["sub", "room", "--server", "wss://localhost", "--ca", "missing.pem"],
        2,
        &expect![[r#"
            rialto: cannot use missing.pem: I/O error: No such file or directory (os error 2)
        "#]],
    );
}

#[test]
fn a_broker_that_is_not_there_is_told_as_such_with_3() {
    for command in [&["pub", "room", "text"][..], &["sub", "room"]] {
        let said = rialto(&[command, &["--server", &nobody()]].concat()).failed(3);
        assert!(said.starts_with("rialto: cannot reach jmqt://127.0.0.1:"), "{said}");
        assert!(said.contains("`rialto serve` starts one"), "{said}");
    }
}

#[test]
fn the_broker_can_be_named_by_the_environment() {
    let dir = tempfile::tempdir().unwrap();
    let server = nobody();
    let variables = [("RIALTO_SERVER", server.as_str())];
    let said = rialto_in(dir.path(), &variables, &["pub", "room", "text"], "").failed(3);
    assert!(said.contains(&server), "{said}");
}
