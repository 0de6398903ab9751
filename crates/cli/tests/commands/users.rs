//! `rialto user`, by itself and beside a running broker.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use expect_test::{Expect, expect};
use rialto_testkit::{Broker, PATIENCE, Peer, Transport};
use serde_json::{Value, json};

use crate::{Outcome, common::PROGRAM, rialto_in};

/// Between two tries of what a broker is about to accept.
const PAUSE: Duration = Duration::from_millis(50);

/// Runs `rialto user` in `dir`, with `stdin` as the password.
fn user(dir: &Path, args: &[&str], stdin: &str) -> Outcome {
    rialto_in(dir, &[], &[&["user"], args].concat(), stdin)
}

/// Adds a user with the password `sesame`.
fn add(dir: &Path, name: &str) {
    user(dir, &["add", name, "--password-stdin"], "sesame\n").printed();
}

fn users_file(dir: &Path) -> String {
    fs::read_to_string(dir.join("rialto-data/users.toml")).unwrap()
}

/// Runs it where there is the user `ada`; it must end with `code`, and change nothing.
#[track_caller]
fn check(args: &[&str], stdin: &str, code: i32, expected: &Expect) {
    let dir = tempfile::tempdir().unwrap();
    add(dir.path(), "ada");
    let before = users_file(dir.path());
    expected.assert_eq(&user(dir.path(), args, stdin).failed(code));
    assert_eq!(users_file(dir.path()), before);
}

#[test]
fn users_are_added_listed_changed_and_removed() {
    let dir = tempfile::tempdir().unwrap();
    let run = |args: &[&str], stdin: &str| user(dir.path(), args, stdin);
    let outcome = run(&["add", "ada", "--group", "staff", "--password-stdin"], "sesame\n");
    let file = fs::canonicalize(dir.path().join("rialto-data/users.toml")).unwrap();
    let file = file.display();
    assert_eq!(
        outcome.stderr,
        format!(
            "user \"ada\" was added ({file}); a running broker takes this up by itself within \
             about two seconds\n"
        )
    );
    assert_eq!((outcome.code, outcome.stdout.as_str()), (0, ""));
    run(&["add", "pump-7", "--password-stdin"], "no line ending").printed();
    assert_eq!(run(&["list"], "").printed(), "ada  staff\npump-7\n");

    run(&["groups", "ada", "--group", "staff", "--group", "admins"], "").printed();
    run(&["groups", "pump-7"], "").printed();
    run(&["passwd", "ada", "--password-stdin"], "another\n").printed();
    let listed = run(&["list", "--format", "json"], "").printed();
    let listed: Vec<Value> =
        listed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let expected = [
        json!({"name": "ada", "groups": ["admins", "staff"]}),
        json!({"name": "pump-7", "groups": []}),
    ];
    assert_eq!(listed, expected);

    run(&["remove", "ada"], "").printed();
    run(&["remove", "pump-7"], "").printed();
    let outcome = run(&["list"], "");
    assert!(outcome.stderr.contains(&format!("there are no users in {file}")));
    assert_eq!(outcome.printed(), "");
}

#[test]
fn the_file_is_its_owners_and_holds_hashes_only() {
    let dir = tempfile::tempdir().unwrap();
    add(dir.path(), "ada");
    let path = dir.path().join("rialto-data/users.toml");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let text = users_file(dir.path());
    assert!(text.contains("$argon2id$") && !text.contains("sesame"), "{text}");
    for args in [&["list"][..], &["list", "--format", "json"]] {
        assert!(!user(dir.path(), args, "").printed().contains("argon2id"));
    }
    user(dir.path(), &["passwd", "ada", "--password-stdin"], "another").printed();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_ne!(users_file(dir.path()), text);
}

#[test]
fn directories_that_are_made_for_it_are_their_owners_as_those_of_a_broker_are() {
    let dir = tempfile::tempdir().unwrap();
    let args = ["add", "ada", "--password-stdin", "--data-dir", "var/lib/rialto"];
    user(dir.path(), &args, "sesame").printed();
    for made in ["var", "var/lib", "var/lib/rialto"] {
        let mode = fs::metadata(dir.path().join(made)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700, "{made}");
    }
}

#[test]
fn a_symbolic_link_is_followed_and_the_file_behind_it_is_named() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("rialto-data")).unwrap();
    // Its directory is made too, before there is a file that the link could lead to.
    let (link, file) =
        (dir.path().join("rialto-data/users.toml"), dir.path().join("shared/club.toml"));
    symlink("../shared/club.toml", &link).unwrap();
    for args in [&["add", "ada"][..], &["passwd", "ada"], &["groups", "ada"], &["remove", "ada"]] {
        let stdin_is_read = matches!(args[0], "add" | "passwd");
        let args = [args, if stdin_is_read { &["--password-stdin"] } else { &[] }].concat();
        let outcome = user(dir.path(), &args, "sesame");
        let full = fs::canonicalize(&file).unwrap();
        assert!(outcome.stderr.contains(&format!("({})", full.display())), "{}", outcome.stderr);
        outcome.printed();
        assert!(link.is_symlink() && !file.is_symlink(), "{args:?}");
    }
    assert!(!dir.path().join("rialto-data/users.toml.lock").exists(), "one file, one lock");
}

#[test]
fn the_file_is_where_the_settings_say() {
    let dir = tempfile::tempdir().unwrap();
    let given = ["--set", "access.users_file=people/club.toml"];
    let args = [&["add", "ada", "--password-stdin"][..], &given].concat();
    user(dir.path(), &args, "sesame").printed();
    assert!(dir.path().join("people/club.toml").exists());
    assert!(!dir.path().join("rialto-data").exists());
    let args = ["add", "bob", "--password-stdin", "--data-dir", "elsewhere"];
    user(dir.path(), &args, "sesame").printed();
    assert!(dir.path().join("elsewhere/users.toml").exists());
}

#[test]
fn commands_at_the_same_time_lose_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let names = ["ada", "bob", "eve", "joe", "sue"];
    thread::scope(|scope| {
        for name in names {
            scope.spawn(|| add(dir.path(), name));
        }
    });
    assert_eq!(user(dir.path(), &["list"], "").printed(), "ada\nbob\neve\njoe\nsue\n");
}

#[test]
fn names_that_are_taken_or_unknown_are_told() {
    check(
        &["add", "ada", "--password-stdin"],
        "other",
        1,
        &expect![[r#"
            rialto: there is a user "ada" already; change its password with: rialto user passwd ada
        "#]],
    );
    for args in [&["remove", "bob"][..], &["groups", "bob"], &["passwd", "bob", "--password-stdin"]]
    {
        check(
            args,
            "other",
            1,
            &expect![[r#"
                rialto: there is no user "bob"; see who there is with: rialto user list
            "#]],
        );
    }
}

#[test]
fn names_and_passwords_that_cannot_be_are_refused() {
    check(
        &["add", "bob", "--password-stdin"],
        "\n",
        2,
        &expect![[r#"
            rialto: the password is empty; it must have at least one character
        "#]],
    );
    check(
        &["passwd", "ada", "--password-stdin"],
        "one\ntwo\n",
        2,
        &expect![[r#"
            rialto: standard input has more than one line, or too long a one: give the password and nothing else
        "#]],
    );
    check(
        &["add", "", "--password-stdin"],
        "sesame",
        2,
        &expect![[r#"
            rialto: a user's name has at least one character
        "#]],
    );
    check(
        &["add", "barbara", "--password-stdin", "--set", "limits.channel_name_bytes_max=6"],
        "sesame",
        2,
        &expect![[r#"
            rialto: a user's name is a client id, which has at most 5 bytes (limits.channel_name_bytes_max - 1)
        "#]],
    );
}

#[test]
fn without_a_terminal_a_password_is_not_asked_for() {
    check(
        &["passwd", "ada"],
        "sesame",
        2,
        &expect![[r#"
            rialto: there is no terminal to ask for the password on; give it on standard input with --password-stdin
        "#]],
    );
}

#[test]
fn a_damaged_file_is_left_alone_and_its_place_is_told() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("rialto-data")).unwrap();
    let damaged = "[[users]]\nname = \"ada\"\npassword = \"sesame\"\n";
    fs::write(dir.path().join("rialto-data/users.toml"), damaged).unwrap();
    let said = user(dir.path(), &["add", "bob", "--password-stdin"], "sesame").failed(1);
    assert!(said.contains("user \"ada\" in rialto-data/users.toml has no argon2id hash"), "{said}");
    assert!(!said.contains("sesame"), "{said}");
    assert_eq!(users_file(dir.path()), damaged);
}

/// A broker that takes users only, and the commands beside it.
struct Club {
    broker: Broker,
}

impl Club {
    fn open() -> Self {
        Club { broker: Broker::with(PROGRAM, &["access.mode=tokens"]) }
    }

    fn user(&self, args: &[&str], stdin: &str) {
        let data_dir = self.broker.data_dir();
        let data_dir = ["--data-dir", data_dir.to_str().unwrap()];
        user(&self.broker.data_dir(), &[args, &data_dir].concat(), stdin).printed();
    }

    /// Tries until the broker gives ada a token for this password.
    fn token_for(&self, password: &str) -> String {
        let started = Instant::now();
        loop {
            let mut peer = Peer::connect(&self.broker, Transport::Tcp);
            let data = json!({"client_name": "ada", "password": password});
            let answer = peer.ask(json!({"auth": {"dt": data}}).to_string());
            if let Some(token) = answer["authAck"]["at"].as_str() {
                return token.to_owned();
            }
            assert!(started.elapsed() < PATIENCE, "still refused: {answer}");
            thread::sleep(PAUSE);
        }
    }

    /// Waits until the broker has taken up so many changes.
    fn wait_for_changes(&self, count: usize) {
        let started = Instant::now();
        let taken_up = |line: &String| line.contains("the files they name were reloaded");
        while self.broker.log_lines().iter().filter(|line| taken_up(line)).count() < count {
            assert!(started.elapsed() < PATIENCE, "the broker takes no change up");
            thread::sleep(PAUSE);
        }
    }

    /// Opens a session of ada's, with the answer that is expected.
    fn session(&self, token: &str, answer: &str) -> Peer {
        let mut peer = Peer::connect(&self.broker, Transport::Tcp);
        peer.send(json!({"conn": {"at": token, "cl": "ada"}}).to_string());
        peer.expect(answer);
        peer
    }
}

const OPENED: &str = r#"{"connAck":{"st":1,"ts":15}}"#;
const WRONG_TOKEN: &str =
    r#"{"connAck":{"st":6,"mg":"the token is not valid for this client id, or has expired"}}"#;
/// The WebSocket close code.
const POLICY_VIOLATION: u16 = 1008;
const NOT_ALLOWED: u64 = 7;

#[test]
fn a_running_broker_takes_users_up() {
    let club = Club::open();
    club.user(&["add", "ada", "--password-stdin"], "sesame");
    let token = club.token_for("sesame");
    let mut session = club.session(&token, OPENED);

    // Another password ends the session, and the token of the old one.
    club.user(&["passwd", "ada", "--password-stdin"], "another");
    session.expect_last_word(POLICY_VIOLATION, NOT_ALLOWED);
    club.session(&token, WRONG_TOKEN);
    let token = club.token_for("another");
    let mut session = club.session(&token, OPENED);

    // Groups do not.
    club.user(&["groups", "ada", "--group", "staff"], "");
    club.wait_for_changes(3);
    session.expect_silence();

    club.user(&["remove", "ada"], "");
    session.expect_last_word(POLICY_VIOLATION, NOT_ALLOWED);
    club.session(&token, WRONG_TOKEN);
}
