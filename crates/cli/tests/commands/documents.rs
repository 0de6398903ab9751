//! Help, completions and manual pages.

use crate::{rialto, rialto_in};

const COMMANDS: [&str; 18] = [
    "serve",
    "pub",
    "sub",
    "store",
    "backup",
    "config",
    "cert",
    "completions",
    "man",
    "retained",
    "client",
    "channel",
    "history",
    "context",
    "request",
    "shell",
    "ping",
    "version",
];

#[test]
fn help_lists_the_commands_and_the_exit_codes() {
    let help = rialto(&["--help"]).printed();
    for command in COMMANDS {
        assert!(help.contains(&format!("\n  {command} ")), "{command} is missing in {help}");
        let own = rialto(&[command, "--help"]).printed();
        assert!(own.contains(&format!("Usage: rialto {command}")), "{own}");
    }
    for code in 0..=5 {
        assert!(help.contains(&format!("\n  {code}  ")), "{code} is missing in {help}");
    }
}

#[test]
fn options_of_a_running_broker_are_in_its_own_help_only_and_in_groups() {
    let help = rialto(&["serve", "--help"]).printed();
    let places =
        ["\nSettings:\n", "--config", "\nListeners:\n", "--listen", "\nTLS:\n", "\nLog:\n"];
    let places = places.map(|text| help.find(text).unwrap_or_else(|| panic!("no {text}: {help}")));
    assert!(places.is_sorted(), "{help}");
    for command in [&["user", "add"][..], &["token", "new"], &["store", "check"], &["backup"]] {
        let help = rialto(&[command, &["--help"]].concat()).printed();
        assert!(help.contains("--data-dir") && help.contains("--config"), "{help}");
        for option in ["--listen", "--pubsubx", "--tls-certificate", "--log-level"] {
            assert!(!help.contains(option), "{option} is of no use to {command:?}: {help}");
        }
    }
    // They are still accepted, so that what serves a broker can be repeated.
    rialto(&["user", "list", "--listen", "127.0.0.1:0", "--log-level", "info"]).printed();
}

#[test]
fn json_is_asked_for_in_one_way_and_the_former_one_is_accepted() {
    for command in [&["ping"][..], &["sub"], &["history"], &["client", "list"], &["user", "list"]] {
        let help = rialto(&[command, &["--help"]].concat()).printed();
        assert!(help.contains("--format <FORMAT>"), "{help}");
        assert!(!help.contains("--json"), "{help}");
    }
    let former = rialto(&["version", "--json"]).printed();
    assert_eq!(former, rialto(&["version", "--format", "json"]).printed());
    rialto(&["version", "--json", "--format", "text"]).failed(2);
}

#[test]
fn the_version_is_printed() {
    let expected = format!("rialto {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(rialto(&["--version"]).printed(), expected);
}

#[test]
fn every_shell_gets_completions() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = rialto(&["completions", shell]).printed();
        assert!(COMMANDS.iter().all(|command| script.contains(command)), "{shell}: {script}");
    }
}

#[test]
fn every_command_gets_a_manual_page() {
    let dir = tempfile::tempdir().unwrap();
    rialto_in(dir.path(), &[], &["man", "--dir", "man1"], "").printed();
    for command in COMMANDS {
        let page = dir.path().join(format!("man1/rialto-{command}.1"));
        assert!(page.exists(), "{command}");
    }
    let main = std::fs::read_to_string(dir.path().join("man1/rialto.1")).unwrap();
    assert_eq!(rialto(&["man"]).printed(), main);
}

#[test]
fn help_of_client_commands_is_about_clients() {
    for command in ["pub", "sub", "request", "ping", "version"] {
        let help = rialto(&[command, "--help"]).printed();
        assert!(help.contains("Examples:\n  ") && help.contains(&format!("rialto {command}")));
        for of_server in ["--data-dir", "--config", "--set", "--listen", "--log-level"] {
            assert!(!help.contains(of_server), "{of_server} in {help}");
        }
    }
}
