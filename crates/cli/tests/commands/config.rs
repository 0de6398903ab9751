//! `rialto config`.

use expect_test::expect;

use crate::{rialto, rialto_in};

#[test]
fn the_default_file_is_good_and_shows_as_itself() {
    let dir = tempfile::tempdir().unwrap();
    let file = rialto(&["config", "default"]).printed();
    std::fs::write(dir.path().join("rialto.toml"), &file).unwrap();

    let check = rialto_in(dir.path(), &[], &["config", "check", "--config", "rialto.toml"], "");
    assert_eq!((check.code, check.stdout.as_str()), (0, ""));
    assert_eq!(check.stderr, "rialto.toml: the settings are good\n");

    let shown = rialto_in(dir.path(), &[], &["config", "show", "--config", "rialto.toml"], "");
    assert_eq!(shown.printed(), rialto(&["config", "show"]).printed());
    assert!(file.contains("# Largest packet that a client may send"), "{file}");
}

#[test]
fn what_is_shown_comes_from_all_sources_with_secrets_masked() {
    let dir = tempfile::tempdir().unwrap();
    let tokens = "[[access.tokens]]\nclient = \"ada\"\ntoken = \"hunter2\"\n";
    std::fs::write(dir.path().join("rialto.toml"), tokens).unwrap();
    let variables = [("RIALTO_CONFIG", "rialto.toml"), ("RIALTO_LIMITS__PACKET_BYTES_MAX", "2MiB")];
    let args = ["config", "show", "--data-dir", "elsewhere", "--listen", "127.0.0.1:0"];
    let shown = rialto_in(dir.path(), &variables, &args, "").printed();
    for line in [
        "data_dir = \"elsewhere\"",
        "packet_bytes_max = \"2MiB\"",
        "[listeners.listen-1]",
        "client = \"ada\"",
        "token = \"********\"",
    ] {
        assert!(shown.contains(line), "{line} is missing in {shown}");
    }
    assert!(!shown.contains("hunter2") && !shown.contains("[listeners.tcp]"), "{shown}");
}

#[test]
fn a_mistake_names_its_place_and_exits_with_2() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("a.toml"), "[limits]\npacket_byte_max = 5\n").unwrap();
    let run = |args: &[&str]| rialto_in(dir.path(), &[], args, "").failed(2);
    expect![[r#"
        rialto: a.toml:2:1: unknown key `limits.packet_byte_max`; did you mean `packet_bytes_max`?
    "#]]
    .assert_eq(&run(&["config", "check", "--config", "a.toml"]));
    expect![[r#"
        rialto: --log-format: `log.format` cannot be "xml"; expected "text" or "json"
    "#]]
    .assert_eq(&run(&["serve", "--log-format", "xml"]));
    expect![[r#"
        rialto: --log-level: "loud" is not a log level; expected off, error, warn, info, debug, trace, or levels by module such as info,rialto_session=debug
    "#]]
    .assert_eq(&run(&["serve", "--log-level", "loud"]));
    expect![[r#"
        rialto: --listen 0.0.0.0:8010: `listeners.listen-1.address` is 0.0.0.0:8010, which other machines can reach, while access.mode is "open": anybody who can reach it could read and publish everything; set access.mode = "tokens", or, if that is what you want, access.open_beyond_loopback = true
    "#]]
    .assert_eq(&run(&["serve", "--listen", "0.0.0.0:8010"]));
}

#[test]
fn every_mistake_of_every_source_is_named_by_the_check_and_by_serve() {
    let dir = tempfile::tempdir().unwrap();
    let file = "[limits]\npacket_byte_max = 5\n\n[acces]\n[log]\nlevel = \"loud\"\n";
    std::fs::write(dir.path().join("a.toml"), file).unwrap();
    let variables = [
        ("RIALTO_DELIVERY__ECHO", "perhaps"),
        ("RIALTO_SERVICE_HOST", "10.0.0.1"),
        ("RIALTO_LOG", "loud"),
    ];
    let run = |command: &[&str]| {
        let sources = ["--config", "a.toml", "--listen", ":8010", "--set", "tls.key=k.pem"];
        rialto_in(dir.path(), &variables, &[command, &sources].concat(), "").failed(2)
    };
    let mistakes = expect![[r#"
          a.toml:2:1: unknown key `limits.packet_byte_max`; did you mean `packet_bytes_max`?
          a.toml:4:2: unknown key `acces`; did you mean `access`?
          a.toml:6:9: "loud" is not a log level; expected off, error, warn, info, debug, trace, or levels by module such as info,rialto_session=debug
          environment variable RIALTO_DELIVERY__ECHO: `delivery.echo` cannot be "perhaps"; expected true or false
          --listen :8010: `listeners.listen-1.address` cannot be ":8010": name a host: write 127.0.0.1:8010 for this machine only, or [::]:8010 for all of its addresses; expected an IP address or a host name and a port such as "127.0.0.1:8010", "[::1]:8010" or "localhost:8010"
          --set tls.key: `tls.key` is set and `tls.certificate` is not; set both or none; `rialto cert new` makes a pair for development
    "#]];
    let served = run(&["serve"]);
    let told = served.strip_prefix("rialto: 6 mistakes in the settings:\n").unwrap();
    let lines = told.lines().map(|line| line.strip_prefix("  ").unwrap());
    mistakes.assert_eq(&lines.map(|line| format!("{line}\n")).collect::<String>());

    let checked = run(&["config", "check"]);
    let (warning, rest) = checked.split_once('\n').unwrap();
    assert!(warning.starts_with("rialto: warning: environment variable RIALTO_SERVICE_HOST: "));
    // The level of the log that RIALTO_LOG sets is one more.
    let rest = rest.strip_prefix("rialto: 7 mistakes in the settings:\n").unwrap();
    let level = rest.strip_prefix(told).unwrap();
    assert!(level.starts_with("  RIALTO_LOG: \"loud\" is not a log level"), "{level}");
}

#[test]
fn what_this_machine_lacks_is_a_warning() {
    let args = ["--tls-certificate", "no/such.pem", "--tls-key", "no/such.key"];
    let checked = rialto(&[&["config", "check"][..], &args].concat());
    assert_eq!(checked.code, 0, "{}", checked.stderr);
    let (warning, rest) = checked.stderr.split_once('\n').unwrap();
    assert!(warning.starts_with("rialto: warning: cannot use the certificate: "), "{warning}");
    assert_eq!(rest, "the settings are good\n");
}

#[test]
fn the_ports_of_the_defaults_are_those_that_the_original_clients_expect() {
    // C-17, C-34, P-7
    let settings = rialto(&["config", "default"]).printed();
    let ports = [("coremq", 6747), ("coremq-websocket", 9000), ("pubsubx", 12000), ("tcp", 8010)];
    for (listener, port) in ports {
        let (_, section) = settings.split_once(&format!("[listeners.{listener}]")).unwrap();
        let line = section.lines().find(|line| line.starts_with("address =")).unwrap();
        assert_eq!(line, format!("address = \"127.0.0.1:{port}\""), "{listener}");
    }
}

#[test]
fn api_keys_that_would_cross_the_network_in_plain_text_are_a_warning() {
    let dir = tempfile::tempdir().unwrap();
    let keys = "[[api.keys]]\nname = \"shop\"\nkey = \"0123456789abcdef\"\nallow = [\"publish\"]\n";
    let settings = format!(
        "[api]\nstatus_page = false\n{keys}\n[listeners.http]\naddress = \"0.0.0.0:8080\"\n"
    );
    std::fs::write(dir.path().join("a.toml"), settings).unwrap();
    let check = |more: &[&str]| {
        let command = [&["config", "check", "--config", "a.toml"], more].concat();
        rialto_in(dir.path(), &[], &command, "").stderr
    };
    expect![[r#"
        rialto: warning: a.toml:9:11: `listeners.http` is reached by other machines at 0.0.0.0:8080 without TLS, so that whoever can read the network can read the keys of the API and use them; set listeners.http.tls = "require" and a certificate, or put a proxy that speaks TLS in front of it and name it in access.trusted_proxies
        a.toml: the settings are good
    "#]]
    .assert_eq(&check(&[]));
    for instead in [
        "listeners.http.address=127.0.0.1:8080",
        "access.trusted_proxies=[\"192.0.2.1\"]",
        "listeners.http.enabled=false",
    ] {
        assert_eq!(check(&["--set", instead]), "a.toml: the settings are good\n", "{instead}");
    }
}
