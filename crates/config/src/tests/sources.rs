//! Which source wins, and how each is written.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::tests::{load_with_file, pairs, set};
use crate::{
    AccessMode, ByteSize, Listener, Pacing, Settings, Sources, TlsMode, load, load_with_notes,
    to_toml,
};

#[test]
fn flags_win_over_the_environment_over_the_file_over_the_defaults() {
    let file = "[limits]\npacket_bytes_max = 2048\nsubscriptions_max = 2\njson_depth_max = 20\n";
    let settings = load_with_file(
        file,
        Sources {
            environment: pairs(&[
                ("RIALTO_LIMITS__SUBSCRIPTIONS_MAX", "3"),
                ("RIALTO_LIMITS__JSON_DEPTH_MAX", "30"),
                ("HOME", "/somewhere"),
            ]),
            flags: set(&["limits.json_depth_max=40"]),
            ..Sources::default()
        },
    )
    .unwrap();
    let limits = settings.limits;
    assert_eq!(limits.packet_bytes_max, ByteSize::new(2048));
    assert_eq!(limits.subscriptions_max, 3);
    assert_eq!(limits.json_depth_max, 40);
    assert_eq!(limits.channel_name_bytes_max, 255);
}

#[test]
fn every_kind_of_value_can_come_as_text() {
    let settings = load(&Sources {
        environment: pairs(&[
            ("RIALTO_SERVER__DATA_DIR", "0123"),
            ("RIALTO_LISTENERS__TCP__ADDRESS", "[::1]:9000"),
            ("RIALTO_LISTENERS__TCP__PACED", "true"),
            ("RIALTO_LISTENERS__TCP__TLS", "off"),
            ("RIALTO_LIMITS__PACKET_BYTES_MAX", "65536"),
            ("RIALTO_SESSION__HEARTBEAT_TIMEOUT", "20s"),
            ("RIALTO_ACCESS__TOKENS", r#"[{ client = "ada", token = "0123" }]"#),
        ]),
        flags: set(&["tls.certificate=a=b.pem", "tls.key=key.pem", "access.mode=tokens"]),
        ..Sources::default()
    })
    .unwrap();
    assert_eq!(settings.server.data_dir, PathBuf::from("0123"));
    let tcp = &settings.listeners["tcp"];
    assert_eq!((tcp.address.to_string().as_str(), tcp.paced), ("[::1]:9000", Pacing::Always));
    assert_eq!(tcp.tls, TlsMode::Off);
    assert_eq!(settings.limits.packet_bytes_max, ByteSize::new(65_536));
    assert_eq!(settings.session.heartbeat_timeout.get(), Duration::from_secs(20));
    assert_eq!(settings.access.mode, AccessMode::Tokens);
    assert_eq!(settings.access.tokens[0].token.expose(), "0123");
    assert_eq!(settings.tls.files(), Some((Path::new("a=b.pem"), Path::new("key.pem"))));
}

#[test]
fn pacing_is_a_boolean_or_a_word_in_every_source() {
    let written = [("true", Pacing::Always), ("false", Pacing::Never), ("auto", Pacing::Auto)];
    for (text, pacing) in written {
        let from_environment = Sources {
            environment: pairs(&[("RIALTO_LISTENERS__TCP__PACED", text)]),
            ..Sources::default()
        };
        let flag = format!("listeners.tcp.paced={text}");
        let from_flags = Sources { flags: set(&[&flag]), ..Sources::default() };
        for sources in [from_environment, from_flags] {
            assert_eq!(load(&sources).unwrap().listeners["tcp"].paced, pacing, "{text}");
        }
        let value = if text == "auto" { "\"auto\"" } else { text };
        let file = format!("[listeners.tcp]\npaced = {value}\n");
        let settings = load_with_file(&file, Sources::default()).unwrap();
        assert_eq!(settings.listeners["tcp"].paced, pacing, "{text}");
        assert!(to_toml(&settings).contains(&format!("paced = {value}\n")), "{text}");
    }
    assert_eq!(Settings::default().listeners["tcp"].paced, Pacing::Auto);
}

#[test]
fn a_listener_by_a_new_name_is_added_to_those_of_the_defaults() {
    let settings = load_with_file(
        "[listeners.lab]\naddress = \"127.0.0.1:9999\"\n[listeners.tls]\nenabled = false\n",
        Sources::default(),
    )
    .unwrap();
    let expected = Listener::on(([127, 0, 0, 1], 9999).into());
    assert_eq!(settings.listeners["lab"], expected);
    assert_eq!(
        open_names(&settings),
        ["coremq", "coremq-websocket", "http", "lab", "pubsubx", "tcp", "websocket"]
    );
}

#[test]
fn addresses_of_the_command_line_replace_all_listeners() {
    let settings = load_with_file(
        "[listeners.lab]\naddress = \"127.0.0.1:9999\"\n",
        Sources {
            listen: vec!["127.0.0.1:0".to_owned(), "localhost:9001".to_owned()],
            flags: set(&["listeners.listen-2.paced=true"]),
            ..Sources::default()
        },
    )
    .unwrap();
    assert_eq!(open_names(&settings), ["listen-1", "listen-2"]);
    assert_eq!(settings.listeners["listen-2"].paced, Pacing::Always);
    assert_eq!(settings.listeners["listen-2"].address.to_string(), "localhost:9001");
}

#[test]
fn wss_of_the_defaults_opens_only_with_a_certificate() {
    let plain = ["coremq", "coremq-websocket", "http", "pubsubx", "tcp", "tls", "websocket"];
    assert_eq!(open_names(&Settings::default()), plain);
    let with_certificate = load(&Sources {
        flags: set(&["tls.certificate=c.pem", "tls.key=k.pem"]),
        ..Sources::default()
    });
    let all = [&plain[..], &["wss"]].concat();
    assert_eq!(open_names(&with_certificate.unwrap()), all);
}

#[test]
fn the_file_can_be_named_by_the_environment_and_better_by_a_flag() {
    let dir = tempfile::tempdir().unwrap();
    let (named, flagged) = (dir.path().join("named.toml"), dir.path().join("flagged.toml"));
    std::fs::write(&named, "[log]\nlevel = \"warn\"\n").unwrap();
    std::fs::write(&flagged, "[log]\nlevel = \"debug\"\n").unwrap();
    let environment = pairs(&[("RIALTO_CONFIG", named.to_str().unwrap()), ("RIALTO_LOG", "off")]);

    let by_environment = Sources { environment, ..Sources::default() };
    assert_eq!(load(&by_environment).unwrap().log.level, "warn");
    let by_flag = Sources { file: Some(flagged), ..by_environment };
    assert_eq!(load(&by_flag).unwrap().log.level, "debug");
}

#[test]
fn open_access_beyond_loopback_can_be_asked_for() {
    let flags = set(&["listeners.tcp.address=0.0.0.0:8010", "access.open_beyond_loopback=true"]);
    assert!(load(&Sources { flags, ..Sources::default() }).is_ok());
}

fn open_names(settings: &Settings) -> Vec<&str> {
    settings.open_listeners().map(|(name, _)| name).collect()
}

#[test]
fn variables_that_others_set_are_left_alone_with_a_note() {
    // What Kubernetes sets for a Service named rialto, and what the documentation has users set for the client commands.
    let environment = pairs(&[
        ("RIALTO_PASSWORD", "hunter2"),
        ("RIALTO_PORT", "tcp://10.0.0.1:8010"),
        ("RIALTO_PORT_8010_TCP_ADDR", "10.0.0.1"),
        ("RIALTO_SERVICE_HOST", "10.0.0.1"),
        ("RIALTO_SERVICE_PORT_JMQT", "8010"),
    ]);
    let (settings, notes) =
        load_with_notes(&Sources { environment, ..Sources::default() }).unwrap();
    assert_eq!(settings, Settings::default());
    let noted: Vec<String> = notes.iter().map(|note| note.origin.to_string()).collect();
    assert_eq!(
        noted,
        [
            "environment variable RIALTO_PORT",
            "environment variable RIALTO_PORT_8010_TCP_ADDR",
            "environment variable RIALTO_SERVICE_HOST",
            "environment variable RIALTO_SERVICE_PORT_JMQT",
        ]
    );
}
