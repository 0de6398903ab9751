//! What the original programs' files become. `UPDATE_EXPECT=1` writes the texts anew.

use expect_test::{Expect, expect};

use crate::tests::{load_with_file, set};
use crate::{Import, OriginalFile, Settings, Sources, import, load_with_notes};

/// Imports one file of this name and content, and compares the TOML.
#[track_caller]
fn check(name: &str, text: &str, expected: &Expect) {
    check_all(&[(name, text)], &[], expected);
}

/// Imports several files with flags, and compares the TOML, which must load.
#[track_caller]
fn check_all(files: &[(&str, &str)], flags: &[&str], expected: &Expect) {
    let imported = of(files, flags).unwrap();
    expected.assert_eq(&imported.toml);
    load_with_file(&imported.toml, Sources::default()).unwrap();
}

/// Imports each of `texts` as `original.conf`, and compares the errors, a line each.
#[track_caller]
fn check_errors(texts: &[&str], expected: &Expect) {
    let errors = texts.iter().map(|text| {
        let error = of(&[("original.conf", text)], &[]).expect_err("this file is wrong");
        format!("{error}\n")
    });
    expected.assert_eq(&errors.collect::<String>());
}

fn of(files: &[(&str, &str)], flags: &[&str]) -> Result<Import, crate::ConfigErrors> {
    let original = |(name, text): &(&str, &str)| OriginalFile {
        path: (*name).into(),
        text: (*text).to_owned(),
    };
    import(&files.iter().map(original).collect::<Vec<_>>(), &set(flags))
}

#[test]
fn a_coremq_conf_becomes_listeners_cluster_and_log() {
    check(
        "coremq.conf",
        "\
[CoreMQ]
address = 127.0.0.2
port = 7000
cluster_nodes = mq1, mq2:7001,
allowed_replicants = ws1
log_file = /var/log/coremq.log
log_level = WARN

[CoreWS]
address = 127.0.0.3
port = 9001
log_level = DEBUG
",
        &expect![[r##"
            # Settings of Rialto, imported from coremq.conf.
            # What is not here is at its default; see `rialto config default`.
            #
            # Notes:
            # - coremq.conf:6:1: `log_file` has no counterpart: Rialto logs to standard error; redirect it, as in `rialto serve … 2>> /var/log/coremq.log`
            # - coremq.conf:12:1: `log_level` of [CoreWS] was left out: the gateway takes that of [CoreMQ], in CoreMQ as in Rialto

            [listeners.coremq]
            # coremq.conf:2:11: address, port
            address = "127.0.0.2:7000"

            [listeners.coremq-websocket]
            # coremq.conf:10:11: address, port
            address = "127.0.0.3:9001"

            [cluster]
            # coremq.conf:4:17: cluster_nodes
            nodes = ["mq1", "mq2:7001"]
            # coremq.conf:5:22: allowed_replicants
            allowed_replicants = ["ws1"]

            [log]
            # coremq.conf:7:13: log_level
            level = "warn"
        "##]],
    );
}

#[test]
fn a_coremq_conf_that_says_nothing_changes_nothing() {
    check(
        "coremq.conf",
        "# all as it is\n[CoreMQ]\n; port = 1\n[CoreWS]\n",
        &expect![[r##"
        # Settings of Rialto, imported from coremq.conf.
        # What is not here is at its default; see `rialto config default`.
        #
        # Notes:
        # - coremq.conf:2:1: [CoreMQ] states no address: CoreMQ would listen on 0.0.0.0, Rialto listens on 127.0.0.1, for this machine only; to be reached from others, state one, and set access.mode = "tokens" or access.open_beyond_loopback = true
        # - coremq.conf:4:1: [CoreWS] states no address: CoreMQ would listen on 0.0.0.0, Rialto listens on 127.0.0.1, for this machine only; to be reached from others, state one, and set access.mode = "tokens" or access.open_beyond_loopback = true
    "##]],
    );
    check(
        "coremq.conf",
        "[CoreMQ]\nport = 6747\nlog_file = stdout\n",
        &expect![[r##"
        # Settings of Rialto, imported from coremq.conf.
        # What is not here is at its default; see `rialto config default`.
        #
        # Notes:
        # - coremq.conf:1:1: [CoreMQ] states no address: CoreMQ would listen on 0.0.0.0, Rialto listens on 127.0.0.1, for this machine only; to be reached from others, state one, and set access.mode = "tokens" or access.open_beyond_loopback = true
        # - coremq.conf: there is no [CoreWS]; `listeners.coremq-websocket` stays at its default, 127.0.0.1:9000
    "##]],
    );
}

#[test]
fn an_ini_file_is_read_as_python_reads_it() {
    check(
        "coremq.conf",
        "\
; defaults of all sections
[DEFAULT]
Address: 127.0.0.1
[CoreMQ]
PORT : 7000
cluster_nodes =
    mq1,

    # not this one
    [::1]:7001,
  mq3
log_level = info
[CoreWS]
port = 9001
",
        &expect![[r##"
            # Settings of Rialto, imported from coremq.conf.
            # What is not here is at its default; see `rialto config default`.

            [listeners.coremq]
            # coremq.conf:3:10: address, port
            address = "127.0.0.1:7000"

            [listeners.coremq-websocket]
            # coremq.conf:3:10: address, port
            address = "127.0.0.1:9001"

            [cluster]
            # coremq.conf:7:5: cluster_nodes
            nodes = ["mq1", "[::1]:7001", "mq3"]
        "##]],
    );
}

#[test]
fn a_server_conf_becomes_listeners_session_and_log() {
    check(
        "server.conf",
        "\
LOG_PATH = '/var/log/jmqt.log'   # where
LOG_MODE = \"WRN\"
SOCKET_PORT = 9010
WEBSOCKET_PORT = 8012
ENABLE_SSL = 1
SSL_CERT_PATH = 'it\\'s.crt'
SSL_KEY_PATH = \"server.key\"
SSL_SOCKET_PORT = 9011
SSL_WEBSOCKET_PORT = 9013
TIMEOUT_SECONDS = 30
",
        &expect![[r##"
            # Settings of Rialto, imported from server.conf.
            # What is not here is at its default; see `rialto config default`.
            #
            # Notes:
            # - server.conf: JMQT listens on all addresses, Rialto on 127.0.0.1, for this machine only; to be reached from others, give the listeners other addresses, and set access.mode = "tokens" or access.open_beyond_loopback = true
            # - server.conf:1:1: `LOG_PATH` has no counterpart: Rialto logs to standard error; redirect it, as in `rialto serve … 2>> /var/log/jmqt.log`

            [listeners.tcp]
            # server.conf:3:15: SOCKET_PORT
            address = "127.0.0.1:9010"

            [listeners.tls]
            # server.conf:8:19: SSL_SOCKET_PORT
            address = "127.0.0.1:9011"
            # server.conf:5:14: ENABLE_SSL
            tls = "require"

            [listeners.wss]
            # server.conf:9:22: SSL_WEBSOCKET_PORT
            address = "127.0.0.1:9013"

            [tls]
            # server.conf:6:17: SSL_CERT_PATH
            certificate = "it's.crt"
            # server.conf:7:16: SSL_KEY_PATH
            key = "server.key"

            [session]
            # server.conf:10:19: TIMEOUT_SECONDS
            heartbeat_timeout = "30s"

            [log]
            # server.conf:2:12: LOG_MODE
            level = "warn"
        "##]],
    );
}

#[test]
fn the_database_of_a_server_conf_is_taken_over_without_its_password() {
    check(
        "server.conf",
        "\
ENABLE_MYSQL = 1
MYSQL_HOST = 'db.example'
MYSQL_USER = 'jm:qt'
MYSQL_PSWD = 'hunter2'
MYSQL_DB = 'jmqt_core'
",
        &expect![[r##"
            # Settings of Rialto, imported from server.conf.
            # What is not here is at its default; see `rialto config default`.
            #
            # Notes:
            # - server.conf: JMQT listens on all addresses, Rialto on 127.0.0.1, for this machine only; to be reached from others, give the listeners other addresses, and set access.mode = "tokens" or access.open_beyond_loopback = true
            # - server.conf:1:1: Rialto makes tables of its own in the database of MYSQL_DB, and leaves those of JMQT as they are
            # - server.conf:4:1: `MYSQL_PSWD` is a secret and was left out: give it to the broker in the environment as MYSQL_PWD, or as a part of the URL in a file that store.url_file names

            [store]
            # server.conf:1:16: ENABLE_MYSQL
            kind = "mysql"
            # server.conf:1:16: ENABLE_MYSQL
            url = "mysql://jm%3Aqt@db.example:3306/jmqt_core"
        "##]],
    );
}

#[test]
fn what_a_server_conf_does_not_use_is_noted() {
    check(
        "server.conf",
        "\
SOCKET_PORT = 8011
ENABLE_SSL = 0
SSL_SOCKET_PORT = 8011
TIMEOUT_SECONDS = 20
TIMEOUT_SECONDS = 7.5
ENABLE_REDIS = 1
REDIS_HOST = 'localhost'
REDIS_PASSWORD = 'hunter2'
ENABLE_MYSQL = False
MYSQL_PSWD = 'hunter2'
TIMEOUT_SECOND = 3
",
        &expect![[r##"
            # Settings of Rialto, imported from server.conf.
            # What is not here is at its default; see `rialto config default`.
            #
            # Notes:
            # - server.conf: JMQT listens on all addresses, Rialto on 127.0.0.1, for this machine only; to be reached from others, give the listeners other addresses, and set access.mode = "tokens" or access.open_beyond_loopback = true
            # - server.conf:3:1: `SSL_SOCKET_PORT` means nothing unless ENABLE_SSL = 1, and was left out
            # - server.conf:6:1: several brokers share a database, and Redis only carries what they tell each other: set store.shared = true with a PostgreSQL database, and bus.kind = "redis", bus.urls = "redis://localhost:6379"
            # - server.conf:8:1: `REDIS_PASSWORD` is a secret and was left out: give it to the broker as a part of the URL, redis://:password@host:port, in a file that bus.url_file names
            # - server.conf:10:1: `MYSQL_PSWD` means nothing unless ENABLE_MYSQL = 1, and was left out
            # - server.conf:4:1: `TIMEOUT_SECONDS` is set again at server.conf:5:1, which holds
            # - server.conf:11:1: `TIMEOUT_SECOND` is not known and was left out; did you mean `TIMEOUT_SECONDS`?

            [listeners.tcp]
            # server.conf:1:15: SOCKET_PORT
            address = "127.0.0.1:8011"

            [listeners.tls]
            # server.conf:2:14: ENABLE_SSL
            enabled = false

            [session]
            # server.conf:5:19: TIMEOUT_SECONDS
            heartbeat_timeout = "7500ms"
        "##]],
    );
}

#[test]
fn a_client_conf_becomes_notes() {
    check(
        "client.conf",
        "\
LOG_PATH = 'client.log'
LOG_MODE = 'INF'
ENABLE_SSL = 1
SSL_CERT_PATH = 'client.crt'
SSL_KEY_PATH = 'client.key'
REMOTE_HOST = \"broker.example\"
REMOTE_HOTS = 1
",
        &expect![[r#"
            # Settings of Rialto, imported from client.conf.
            # What is not here is at its default; see `rialto config default`.
            #
            # Notes:
            # - client.conf:6:1: `REMOTE_HOST`, `ENABLE_SSL`: `rialto pub` and `rialto sub` take the broker as `--server jmqts://broker.example:8011`, or from the environment variable RIALTO_SERVER
            # - client.conf:4:1: `SSL_CERT_PATH`: `rialto pub` and `rialto sub` take it as `--certificate client.crt`; --ca names the authority to trust, if it is not one of the machine's
            # - client.conf:5:1: `SSL_KEY_PATH`: `rialto pub` and `rialto sub` take it as `--key client.key`; --ca names the authority to trust, if it is not one of the machine's
            # - client.conf:1:1: `LOG_PATH`: `rialto pub` and `rialto sub` talk on standard error; redirect it, as in `2>> client.log`
            # - client.conf:2:1: `LOG_MODE`: `rialto pub` and `rialto sub` have no levels; with --quiet they talk of errors only
            # - client.conf:7:1: `REMOTE_HOTS` is not known and was left out; did you mean `REMOTE_HOST`?
        "#]],
    );
    check(
        "client.conf",
        "REMOTE_PORT = 8020\nENABLE_SSL = 0\nSSL_KEY_PATH = 'client.key'\n",
        &expect![[r#"
            # Settings of Rialto, imported from client.conf.
            # What is not here is at its default; see `rialto config default`.
            #
            # Notes:
            # - client.conf:1:1: `REMOTE_PORT`, `ENABLE_SSL`: `rialto pub` and `rialto sub` take the broker as `--server jmqt://localhost:8020`, or from the environment variable RIALTO_SERVER
            # - client.conf:3:1: `SSL_KEY_PATH` means nothing unless ENABLE_SSL = 1
        "#]],
    );
}

#[test]
fn a_load_balancer_conf_becomes_routes() {
    check(
        "load_balancer.conf",
        "\
[options]
buffer_size=4096
buffers=2

[mappings]
8010=10.0.0.1:8010,10.0.0.2:8010
127.0.0.1:8012 = ten:8012
tcp=ten:8010

[more]
",
        &expect![[r##"
            # Settings of Rialto, imported from load_balancer.conf.
            # What is not here is at its default; see `rialto config default`.
            #
            # Notes:
            # - load_balancer.conf:2:1: `buffer_size` has no counterpart and was left out: an idle connection has no buffer, and those of one that waits for its peer are bounded
            # - load_balancer.conf:3:1: `buffers` is not known and was left out
            # - load_balancer.conf:8:1: `tcp` is not known and was left out
            # - load_balancer.conf:6:1: the original gives each connection to a server drawn at random; here it goes to the one with the fewest connections, unless a route has another `policy`
            # - load_balancer.conf:10:1: [more] is not known and was left out

            [balancer]
            # load_balancer.conf:6:6: 8010, 127.0.0.1:8012
            routes = [{ listen = "0.0.0.0:8010", servers = ["10.0.0.1:8010", "10.0.0.2:8010"] }, { listen = "127.0.0.1:8012", servers = ["ten:8012"] }]
        "##]],
    );
}

#[test]
fn several_files_become_one() {
    check_all(
        &[
            ("server.conf", "SOCKET_PORT = 9010\nLOG_MODE = 'DBG'\n"),
            ("coremq.conf", "[CoreMQ]\naddress = 127.0.0.1\nport = 7000\nlog_level = DEBUG\n"),
            ("balancer.conf", "[mappings]\n8010=ten:8010\n"),
        ],
        &[],
        &expect![[r##"
            # Settings of Rialto, imported from server.conf, coremq.conf, balancer.conf.
            # What is not here is at its default; see `rialto config default`.
            #
            # Notes:
            # - server.conf: JMQT listens on all addresses, Rialto on 127.0.0.1, for this machine only; to be reached from others, give the listeners other addresses, and set access.mode = "tokens" or access.open_beyond_loopback = true
            # - coremq.conf: there is no [CoreWS]; `listeners.coremq-websocket` stays at its default, 127.0.0.1:9000
            # - balancer.conf:2:1: the original gives each connection to a server drawn at random; here it goes to the one with the fewest connections, unless a route has another `policy`

            [listeners.coremq]
            # coremq.conf:2:11: address, port
            address = "127.0.0.1:7000"

            [listeners.tcp]
            # server.conf:1:15: SOCKET_PORT
            address = "127.0.0.1:9010"

            [balancer]
            # balancer.conf:2:6: 8010
            routes = [{ listen = "0.0.0.0:8010", servers = ["ten:8010"] }]

            [log]
            # server.conf:2:12: LOG_MODE
            level = "debug"
        "##]],
    );
}

#[test]
fn files_that_contradict_each_other_are_both_named_unless_a_flag_decides() {
    let files = [
        ("server.conf", "TIMEOUT_SECONDS = 20\nLOG_MODE = 'INF'\n"),
        ("coremq.conf", "[CoreMQ]\naddress = 127.0.0.1\nlog_level = DEBUG\n"),
    ];
    let error = of(&files, &[]).unwrap_err();
    expect![[r#"coremq.conf:3:13: `log.level` would be "debug" here and "info" at server.conf:2:12; take one out, or decide with --set log.level=VALUE"#]].assert_eq(&error.to_string());
    assert!(of(&files, &["log.level=warn"]).unwrap().toml.contains("level = \"warn\""));
}

#[test]
fn an_address_open_to_the_network_needs_a_word() {
    let file = [("coremq.conf", "[CoreMQ]\naddress = 0.0.0.0\n[CoreWS]\naddress = ::\n")];
    let error = of(&file, &[]).unwrap_err();
    expect![[r#"
        coremq.conf:2:11: `listeners.coremq.address` is 0.0.0.0:6747, which other machines can reach, while access.mode is "open": anybody who can reach it could read and publish everything; set access.mode = "tokens", or, if that is what you want, access.open_beyond_loopback = true; such keys go on the command line, as --set KEY=VALUE
        coremq.conf:4:11: `listeners.coremq-websocket.address` is [::]:9000, which other machines can reach, while access.mode is "open": anybody who can reach it could read and publish everything; set access.mode = "tokens", or, if that is what you want, access.open_beyond_loopback = true; such keys go on the command line, as --set KEY=VALUE"#]].assert_eq(&error.to_string());
    check_all(
        &file,
        &["access.open_beyond_loopback=true"],
        &expect![[r##"
        # Settings of Rialto, imported from coremq.conf.
        # What is not here is at its default; see `rialto config default`.

        [listeners.coremq]
        # coremq.conf:2:11: address
        address = "0.0.0.0:6747"

        [listeners.coremq-websocket]
        # coremq.conf:4:11: address
        address = "[::]:9000"

        [access]
        # --set access.open_beyond_loopback
        open_beyond_loopback = true
    "##]],
    );
}

#[test]
fn names_and_values_cannot_break_out_of_a_comment() {
    let file = [("a\nb", "[CoreMQ]\naddress = 127.0.0.1\nlog_file = x\n  [oops]\nfoo\u{7} = 1\n")];
    check_all(
        &file,
        &[],
        &expect![[r#"
        # Settings of Rialto, imported from a b.
        # What is not here is at its default; see `rialto config default`.
        #
        # Notes:
        # - a b: there is no [CoreWS]; `listeners.coremq-websocket` stays at its default, 127.0.0.1:9000
        # - a b:3:1: `log_file` has no counterpart: Rialto logs to standard error; redirect it, as in `rialto serve … 2>> x [oops]`
        # - a b:5:1: `foo ` is not known and was left out
    "#]],
    );
}

#[test]
fn a_value_that_cannot_be_names_its_place() {
    check_errors(
        &[
            "[CoreMQ]\nport = abc\n",
            "[CoreMQ]\nport = 65536\n",
            "[CoreMQ]\nport =\n",
            "[CoreMQ]\naddress = broker.example\n",
            "[CoreMQ]\nlog_level = LOUD\n",
            "[CoreMQ]\ncluster_nodes = a,\n  b c\n",
            "[CoreMQ]\nallowed_replicants = a:b\n",
            "SOCKET_PORT = '80 10'\n",
            "SOCKET_PORT = 8010\nENABLE_SSL = 2\n",
            "SOCKET_PORT = 8010\nLOG_MODE = 'INFO'\n",
            "TIMEOUT_SECONDS = 'long'\n",
            "TIMEOUT_SECONDS = 2\n",
            "ENABLE_SSL = 1\nSSL_CERT_PATH = 'a'\nSOCKET_PORT = 1\n",
            "REMOTE_PORT = -1\n",
            "[options]\nbuffer_size = big\n[mappings]\n",
            "[mappings]\n8010 = ten\n",
            "[mappings]\n8010 =\n",
        ],
        &expect![[r#"
            original.conf:2:8: `port` cannot be "abc"; expected a port, from 0 to 65535
            original.conf:2:8: `port` cannot be "65536"; expected a port, from 0 to 65535
            original.conf:2:1: `port` cannot be ""; expected a port, from 0 to 65535
            original.conf:2:11: `address` cannot be "broker.example"; expected an IP address such as 127.0.0.1, or 0.0.0.0 for all
            original.conf:2:13: `log_level` cannot be "LOUD"; expected DEBUG or INFO or WARN or ERROR
            original.conf:2:17: `cluster_nodes` cannot be "a,\nb c"; expected host or host:port, several with commas between
            original.conf:2:22: `allowed_replicants` cannot be "a:b"; expected host or host:port, several with commas between
            original.conf:1:15: `SOCKET_PORT` cannot be "80 10"; expected a port, from 0 to 65535
            original.conf:2:14: `ENABLE_SSL` cannot be "2"; expected 0 or 1
            original.conf:2:12: `LOG_MODE` cannot be "INFO"; expected DBG or INF or WRN or ERR or DISABLED
            original.conf:1:19: `TIMEOUT_SECONDS` cannot be "long"; expected a number of seconds
            original.conf:1:19: `session.heartbeat_timeout` cannot be "2s"; expected a time such as "500ms", "10s", "5m", "1h" or "30d", from 3s to 1d
            original.conf:1:14: `ENABLE_SSL` is 1 and there is no `SSL_KEY_PATH`; name the PEM files with certificate and key, or set ENABLE_SSL = 0
            original.conf:1:15: `REMOTE_PORT` cannot be "-1"; expected a port, from 0 to 65535
            original.conf:2:15: `buffer_size` cannot be "big"; expected a number of bytes
            original.conf:2:8: `8010` cannot be "ten"; expected host:port, several with commas between
            original.conf:2:1: `8010` cannot be ""; expected host:port, several with commas between
        "#]],
    );
}

#[test]
fn a_file_of_another_form_names_the_line() {
    check_errors(
        &[
            "",
            "# nothing\n",
            "LOG_MODE = 'INF'\n",
            "[listeners.tcp]\naddress = \"127.0.0.1:1\"\n",
            "[coremq]\nport = 1\n",
            "[CoreMQ]\nport\n",
            "[CoreMQ]\nport = 1\nPort = 2\n",
            "[CoreMQ]\n[CoreMQ]\n",
            "[CoreMQ]\n = 2\n",
            "port = 1\n[CoreMQ]\nSOCKET_PORT = 2\n",
            "SOCKET_PORT = 8010\nimport os\n",
            "SOCKET_PORT = 8010\nMYSQL_PSWD = 'hunter2\n",
            "SOCKET_PORT = 8010\nMYSQL_PSWD = 'hunter' 2\n",
            "SOCKET_PORT = 8010\nMYSQL_PSWD = hunter2()\n",
            "SOCKET_PORT = 8010\nLOG_PATH = 'C:\\new'\n",
            "SOCKET_PORT =\n",
        ],
        &expect![[r#"
            original.conf: this is none of the files that can be imported; coremq.conf has a section [CoreMQ] or [CoreWS], load_balancer.conf has [mappings], server.conf has lines such as SOCKET_PORT = 8010, client.conf such as REMOTE_HOST = "localhost"
            original.conf: this is none of the files that can be imported; coremq.conf has a section [CoreMQ] or [CoreWS], load_balancer.conf has [mappings], server.conf has lines such as SOCKET_PORT = 8010, client.conf such as REMOTE_HOST = "localhost"
            original.conf: this is none of the files that can be imported; coremq.conf has a section [CoreMQ] or [CoreWS], load_balancer.conf has [mappings], server.conf has lines such as SOCKET_PORT = 8010, client.conf such as REMOTE_HOST = "localhost"
            original.conf: this is none of the files that can be imported; coremq.conf has a section [CoreMQ] or [CoreWS], load_balancer.conf has [mappings], server.conf has lines such as SOCKET_PORT = 8010, client.conf such as REMOTE_HOST = "localhost"
            original.conf: this is none of the files that can be imported; coremq.conf has a section [CoreMQ] or [CoreWS], load_balancer.conf has [mappings], server.conf has lines such as SOCKET_PORT = 8010, client.conf such as REMOTE_HOST = "localhost"
            original.conf:2:1: this line is neither a [section] nor a key
            original.conf:3:1: `port` comes twice in [CoreMQ]
            original.conf:2:1: section [CoreMQ] comes twice
            original.conf:2:2: this line is neither a [section] nor a key
            original.conf:2:1: this line is not NAME = value
            original.conf:2:1: this line is not NAME = value
            original.conf:2:14: the value of `MYSQL_PSWD` cannot be read; expected a 'text', a "text" or a number
            original.conf:2:14: the value of `MYSQL_PSWD` cannot be read; expected a 'text', a "text" or a number
            original.conf:2:14: the value of `MYSQL_PSWD` cannot be read; expected a 'text', a "text" or a number
            original.conf:2:12: the value of `LOG_PATH` cannot be read; expected a 'text', a "text" or a number
            original.conf:1:1: the value of `SOCKET_PORT` cannot be read; expected a 'text', a "text" or a number
        "#]],
    );
}

/// Loads `text` as the settings file, with `flags` above it; returns the notes as well.
fn served(text: &str, flags: &[&str]) -> Result<(Settings, String), String> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("any.name");
    std::fs::write(&path, text).unwrap();
    let sources = Sources { file: Some(path), flags: set(flags), ..Sources::default() };
    let shown = |text: String| text.replace(&format!("{}/", dir.path().display()), "");
    let (settings, notes) = load_with_notes(&sources).map_err(|error| shown(error.to_string()))?;
    Ok((settings, notes.iter().map(|note| shown(format!("{note}\n"))).collect()))
}

#[test]
fn a_coremq_conf_is_a_settings_file_too() {
    let text = "[CoreMQ]\nport = 7000\ncluster_nodes = mq1\nprot = 1\n";
    let (settings, notes) = served(text, &["listeners.tcp.enabled=false"]).unwrap();
    assert_eq!(settings.listeners["coremq"].address.to_string(), "127.0.0.1:7000");
    assert_eq!(settings.listeners["coremq-websocket"].address.to_string(), "127.0.0.1:9000");
    assert_eq!(settings.cluster.nodes, ["mq1"]);
    assert!(!settings.listeners["tcp"].enabled);
    expect![[r#"
        any.name:1:1: [CoreMQ] states no address: CoreMQ would listen on 0.0.0.0, Rialto listens on 127.0.0.1, for this machine only; to be reached from others, state one, and set access.mode = "tokens" or access.open_beyond_loopback = true
        any.name: there is no [CoreWS]; `listeners.coremq-websocket` stays at its default, 127.0.0.1:9000
        any.name:4:1: `prot` is not known and was left out; did you mean `port`?
        any.name: it says nothing of JMQT; the JMQT listeners stay at their defaults, and each can be turned off, as with --set listeners.tcp.enabled=false
    "#]].assert_eq(&notes);
}

#[test]
fn an_open_address_of_a_served_coremq_conf_needs_a_flag() {
    let text = "[CoreWS]\naddress = 0.0.0.0\n";
    expect![[r#"any.name:2:11: `listeners.coremq-websocket.address` is 0.0.0.0:9000, which other machines can reach, while access.mode is "open": anybody who can reach it could read and publish everything; set access.mode = "tokens", or, if that is what you want, access.open_beyond_loopback = true; such keys go on the command line, as --set KEY=VALUE"#]].assert_eq(&served(text, &[]).unwrap_err());
    let (settings, _) = served(text, &["access.open_beyond_loopback=true"]).unwrap();
    assert_eq!(settings.listeners["coremq-websocket"].address.to_string(), "0.0.0.0:9000");
}

#[test]
fn a_toml_file_is_never_taken_for_a_coremq_conf() {
    let text = "[log]\nlevel = \"\"\"\n[CoreMQ]\nport = 1\n\"\"\"\n";
    let (settings, notes) = served(text, &[]).unwrap();
    assert_eq!((settings.log.level.as_str(), notes.as_str()), ("[CoreMQ]\nport = 1\n", ""));
}

#[test]
fn another_original_file_is_sent_to_the_import() {
    expect!["any.name: this is a file of the original programs, not a settings file; `rialto config import FILE` turns it into one"].assert_eq(&served("LOG_PATH = 'x'\nSOCKET_PORT = 8010\n", &[]).unwrap_err());
}
