//! `rialto context`, and what commands take from a context.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::thread;

use expect_test::expect;
use rialto_testkit::Broker;
use serde_json::{Value, json};

use crate::{Outcome, common::PROGRAM, nobody, rialto, rialto_in};

/// A user with a configuration directory of its own.
struct User {
    home: tempfile::TempDir,
}

impl User {
    fn new() -> Self {
        User { home: tempfile::tempdir().unwrap() }
    }

    /// Runs `rialto` with these variables and a home.
    fn run(&self, variables: &[(&str, &str)], args: &[&str], stdin: &str) -> Outcome {
        let home = self.home.path().to_str().unwrap();
        let variables = [&[("HOME", home)], variables].concat();
        rialto_in(self.home.path(), &variables, args, stdin)
    }

    /// Runs `rialto context`, which must go well, and returns what it prints.
    #[track_caller]
    fn context(&self, args: &[&str]) -> String {
        self.run(&[], &[&["context"], args].concat(), "").printed()
    }

    fn file(&self) -> PathBuf {
        self.home.path().join(".config/rialto/contexts.toml")
    }

    /// Publishes with these variables and flags to where nobody is, and returns what is said of it.
    #[track_caller]
    fn said_when_publishing(&self, variables: &[(&str, &str)], flags: &[&str]) -> String {
        self.run(variables, &[&["pub", "room", "text"], flags].concat(), "").failed(3)
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn contexts_are_added_used_listed_shown_and_removed() {
    let user = User::new();
    let flags = ["--server", "jmqts://broker.example", "--client", "ada", "--ca", "/etc/ca.pem"];
    user.context(&[&["add", "factory"], &flags[..], &["--token-from", "env:T", "--use"]].concat());
    user.context(&["add", "lab", "--api", "https://lab.example", "--api-key-from", "file:/k"]);
    assert_eq!(
        user.context(&["list"]),
        "* factory  jmqts://broker.example:8011  ada\n  lab      https://lab.example\n"
    );
    expect![[r#"
        [contexts.factory]
        server = "jmqts://broker.example:8011"
        client = "ada"
        ca = "/etc/ca.pem"

        [contexts.factory.token]
        env = "T"
    "#]]
    .assert_eq(&user.context(&["show"]));
    assert!(user.context(&["show", "lab"]).contains("file = \"/k\""));

    user.context(&["use", "lab"]);
    let listed = user.context(&["list", "--format", "json"]);
    let listed: Vec<Value> =
        listed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(listed[0]["current"], false);
    let lab = json!({"name": "lab", "current": true, "server": null, "client": null,
                     "api": "https://lab.example"});
    assert_eq!(listed[1], lab);

    user.context(&["remove", "lab"]);
    assert_eq!(user.context(&["list"]), "  factory  jmqts://broker.example:8011  ada\n");
    user.context(&["use", "factory"]);
    user.context(&["use", "--none"]);
    assert!(user.context(&["list"]).starts_with("  factory"));
}

#[test]
fn the_file_is_its_owners_and_no_secret_is_shown() {
    let user = User::new();
    let args = ["context", "add", "factory", "--client", "ada", "--password-from", "ask"];
    let args = [&args[..], &["--api-key-from", "ask", "--use"]].concat();
    let added = user.run(&[], &args, "sesame\nopen\n");
    assert!(!added.stderr.contains("sesame"), "{}", added.stderr);
    added.printed();
    let file = fs::read_to_string(user.file()).unwrap();
    assert!(file.contains("sesame") && file.contains("open"), "{file}");
    assert_eq!(mode(&user.file()), 0o600);
    for made in [".config", ".config/rialto"] {
        assert_eq!(mode(&user.home.path().join(made)), 0o700, "{made}");
    }
    for args in [&["show"][..], &["list"], &["list", "--format", "json"]] {
        let shown = user.context(args);
        assert!(!shown.contains("sesame") && !shown.contains("open"), "{shown}");
    }

    fs::set_permissions(user.file(), fs::Permissions::from_mode(0o644)).unwrap();
    let listed = user.run(&[], &["context", "list"], "");
    assert!(listed.stderr.contains("other users may read the secrets in"), "{}", listed.stderr);
    user.context(&["use", "factory"]);
    assert_eq!(mode(&user.file()), 0o600);
}

#[test]
fn xdg_config_home_stands_above_home() {
    let (user, elsewhere) = (User::new(), tempfile::tempdir().unwrap());
    let variables = [("XDG_CONFIG_HOME", elsewhere.path().to_str().unwrap())];
    user.run(&variables, &["context", "add", "here"], "").printed();
    assert!(elsewhere.path().join("rialto/contexts.toml").exists());
    // A relative one is passed over.
    user.run(&[("XDG_CONFIG_HOME", "x")], &["context", "add", "there"], "").printed();
    assert_eq!(user.context(&["list"]), "  there\n");
    let said = rialto(&["context", "list"]).failed(2);
    assert!(said.contains("neither XDG_CONFIG_HOME nor HOME"), "{said}");
}

#[test]
fn a_flag_stands_above_the_environment_above_the_context_above_the_default() {
    let user = User::new();
    let [flag, variable, named, current] = [(); 4].map(|()| nobody());
    user.context(&["add", "current", "--server", &current, "--use"]);
    user.context(&["add", "named", "--server", &named]);
    user.context(&["add", "empty"]);

    let check = |variables: &[(&str, &str)], flags: &[&str], server: &str| {
        let said = user.said_when_publishing(variables, flags);
        assert!(said.contains(&format!("{server}:")), "{server} in {said}");
    };
    check(&[], &[], &current);
    check(&[("RIALTO_CONTEXT", "named")], &[], &named);
    check(&[("RIALTO_CONTEXT", "")], &[], &current);
    check(&[("RIALTO_CONTEXT", "current")], &["--context", "named"], &named);
    let server = ("RIALTO_SERVER", &*variable);
    check(&[server, ("RIALTO_CONTEXT", "named")], &[], &variable);
    check(&[server], &["--context", "named"], &variable);
    check(&[server], &["--server", &flag, "--context", "named"], &flag);
    // What a context does not say is the default; a broker may be there, so this must not connect.
    let said = user.run(&[], &["sub", "a", "--context", "empty", "--persistent"], "").failed(2);
    assert!(said.contains("--persistent needs a client id: give --client, or a context"), "{said}");
}

/// Starts a broker that lets in `ada` with the token `open sesame` and nobody else.
fn broker() -> Broker {
    let settings = "[access]\nmode = \"tokens\"\n\
                    [[access.tokens]]\nclient = \"ada\"\ntoken = \"open sesame\"\n";
    rialto_testkit::Launch::of(PROGRAM).config(settings).start()
}

#[test]
fn a_context_brings_client_and_token_wherever_the_token_is() {
    let (user, broker) = (User::new(), broker());
    let server = format!("jmqt://{}", broker.address());
    fs::write(user.home.path().join("token"), "open sesame\nmore\n").unwrap();
    for source in ["ask", "env:TOKEN", "file:token"] {
        let args = ["--server", &server, "--client", "ada", "--token-from", source, "--replace"];
        let args = [&["context", "add", "it", "--use"], &args[..]].concat();
        user.run(&[], &args, "open sesame\n").printed();
        let elsewhere = [("TOKEN", "open sesame")];
        user.run(&elsewhere, &["pub", "room", "1"], "").printed();
    }
    // The file is found from any directory, and what is in it is looked up each time.
    fs::write(user.home.path().join("token"), "").unwrap();
    let said = user.run(&[], &["pub", "room", "1"], "").failed(2);
    assert!(said.contains("/token holds no secret"), "{said}");
}

#[test]
fn a_token_goes_to_nobody_it_was_not_given_for() {
    let (user, broker) = (User::new(), broker());
    let server = format!("jmqt://{}", broker.address());
    let args = ["context", "add", "it", "--client", "ada", "--token-from", "ask", "--use"];
    user.run(&[], &args, "open sesame\n").printed();
    // Another broker than the context's: the current context does not count.
    let to_it = ["pub", "room", "1", "--server", &server];
    user.run(&[], &to_it, "").failed(1);
    // It counts if it was asked for.
    user.run(&[], &[&to_it[..], &["--context", "it"]].concat(), "").printed();
    // Another client than the context's.
    let as_eve = [&to_it[..], &["--context", "it", "--client", "eve"]].concat();
    user.run(&[], &as_eve, "").failed(1);
    let said = user.run(&[("RIALTO_TOKEN", "x")], &to_it, "").failed(2);
    assert!(said.contains("proves a client id: give --client too"), "{said}");
}

#[test]
fn a_context_brings_the_http_api_and_its_key() {
    let keys = "[[api.keys]]\nname = \"operator\"\nkey = \"the-key-of-the-operator\"\n";
    let launch = rialto_testkit::Launch::of(PROGRAM).listener("http").config(keys);
    let broker = launch.set("listeners.http.dialect=http").start();
    let (user, api) = (User::new(), format!("http://{}", broker.address_of("http")));
    let args = ["context", "add", "ops", "--api", &api, "--api-key-from", "ask", "--use"];
    user.run(&[], &args, "the-key-of-the-operator\n").printed();
    user.run(&[], &["client", "list"], "").printed();
    // A flag stands above it, and whoever names the broker is not given the current context's key.
    let wrong = [("RIALTO_API_KEY", "the-key-of-nobody")];
    user.run(&wrong, &["client", "list"], "").failed(1);
    let said = user.run(&[("RIALTO_API", &api)], &["client", "list"], "").failed(2);
    assert!(said.contains("the HTTP API needs a key"), "{said}");
    user.run(&[], &["client", "list", "--api", &api, "--context", "ops"], "").printed();
}

#[test]
fn what_is_wrong_with_a_context_is_named() {
    let user = User::new();
    user.context(&["add", "lab"]);
    let check = |args: &[&str], expected: &str| {
        let said = user.run(&[], args, "").failed(2);
        assert!(said.contains(expected), "{said}");
    };
    check(
        &["pub", "a", "1", "--context", "lap"],
        "there is no context \"lap\"; the contexts are lab",
    );
    check(&["context", "use", "lap"], "there is no context \"lap\"");
    check(&["context", "remove", "lap"], "there is no context \"lap\"");
    check(&["context", "show"], "there is no current context");
    check(&["context", "add", "lab"], "there is a context \"lab\" already; --replace");
    check(&["context", "add", "a b"], "letters, digits, dots, hyphens and underscores only");
    check(&["context", "add", "a", "--client", "x", "--token-from", "secret"], "env:NAME");
    check(&["context", "add", "a", "--token-from", "ask"], "--client");
    check(&["context", "add", "a", "--api", "broker:80"], "http://HOST:PORT");
    check(&["context", "add", "a", "--api-key-from", "ask"], "the API key is empty");
    assert_eq!(user.context(&["list"]), "  lab\n");

    fs::write(user.file(), "[contexts.lab]\nserver = \"http://x\"\n").unwrap();
    check(&["pub", "a", "1"], "contexts.toml: TOML parse error at line 2, column 10");
    fs::write(user.file(), "[contexts.lab]\nport = 5\n").unwrap();
    check(&["context", "list"], "unknown field `port`");
}

#[test]
fn a_directory_that_takes_no_file_is_named() {
    let user = User::new();
    fs::write(user.home.path().join(".config"), "a file").unwrap();
    let said = user.run(&[], &["context", "add", "lab"], "").failed(1);
    assert!(said.contains("cannot write") && said.contains("contexts.toml"), "{said}");
}

#[test]
fn those_who_add_contexts_at_once_lose_none() {
    let user = User::new();
    thread::scope(|scope| {
        for number in 0..8 {
            let user = &user;
            scope.spawn(move || user.context(&["add", &format!("c{number}")]));
        }
    });
    assert_eq!(user.context(&["list"]).lines().count(), 8);
}
