//! `rialto shell` without a terminal: scripts, what they print, and how they end.

mod addresses;
mod interactive;
mod pubsubx;

use rialto_testkit::{Broker, Launch, Peer, Transport};
use serde_json::Value;

use crate::{Outcome, common::PROGRAM, nobody, rialto_in};

/// A broker with its HTTP API, and scripts for it.
struct Stage {
    broker: Broker,
}

impl Stage {
    fn start() -> Self {
        const KEYS: &str = "[[api.keys]]\nname = \"reader\"\nkey = \"the-key-of-the-reader\"\n\
                            allow = [\"read\"]\n";
        let launch = Launch::of(PROGRAM).listener("http").set("listeners.http.dialect=http");
        Stage { broker: launch.config(KEYS).start() }
    }

    fn server(&self) -> String {
        format!("jmqt://{}", self.broker.address())
    }

    fn run(&self, flags: &[&str], script: &str) -> Outcome {
        let api = format!("http://{}", self.broker.address_of("http"));
        let server = self.server();
        let variables = [
            ("RIALTO_SERVER", server.as_str()),
            ("RIALTO_API", api.as_str()),
            ("RIALTO_API_KEY", "the-key-of-the-reader"),
        ];
        let dir = tempfile::tempdir().unwrap();
        rialto_in(dir.path(), &variables, &[&["shell"], flags].concat(), script)
    }

    #[track_caller]
    fn json(&self, flags: &[&str], script: &str) -> Vec<Value> {
        let outcome = self.run(&[&["--format", "json"], flags].concat(), script);
        assert_eq!(outcome.stderr, "");
        outcome.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

#[test]
fn a_script_subscribes_publishes_and_waits_for_what_comes() {
    let stage = Stage::start();
    let script = "\
        # Commands are known in upper and lower case.\n\
        \n\
        SUBSCRIBE room 'my room'\n\
        publish room {\"a\":  1}\n\
        request whoami\n";
    let mut bob = Peer::online(&stage.broker, Transport::Tcp, "bob");
    bob.subscribe("room");
    let outcome = stage.run(&["--client", "ada"], script);
    let whoami = outcome.stdout.lines().last().unwrap_or_default().to_owned();
    assert!(whoami.contains("\"client\":\"ada\""), "{whoami}\n{}", outcome.stderr);
    assert_eq!(
        outcome.stderr,
        format!(
            "rialto: connected to {} as ada\nrialto: subscribed to room\n\
             rialto: subscribed to my room\nrialto: published to room, for others: nobody gets their own \
             messages, unless a channel is set to echo them\n",
            stage.server()
        )
    );
    assert_eq!(outcome.code, 0);
    let push = bob.recv();
    assert_eq!(push["push"]["dt"]["a"], 1, "{push}");
    // Quietly, only data is left; what comes is waited for, and nothing behind the end is done.
    let script = "publish hall hello --retain\nsubscribe hall\nwait 1 --timeout 30s\nquit\nfrob\n";
    let outcome = stage.run(&["--quiet"], script);
    assert_eq!((outcome.code, &*outcome.stderr, &*outcome.stdout), (0, "", "hall hello\n"));
}

#[test]
fn a_script_ends_with_the_first_command_that_fails_and_with_its_code() {
    let stage = Stage::start();
    for (script, code, said) in [
        ("publish", 2, "rialto: line 1: the channel is missing; it is written publish CHANNEL"),
        ("\nfrob", 2, "rialto: line 2: there is no command frob"),
        ("request tiem\nrequest time\n", 1, "rialto: line 1: $tiem refused with status 11"),
        ("disconnect\npublish a 1", 3, "rialto: line 2: there is no connection; connect makes one"),
        ("wait --timeout 10ms", 4, "rialto: line 1: fewer messages than were waited for"),
        ("publish a {a:1}", 2, "rialto: line 1: the payload looks like JSON, but is not"),
        ("subscribe --persistent a", 2, "rialto: line 1: --persistent needs a client id"),
        ("!!", 2, "rialto: line 1: there is no command before this one"),
    ] {
        let outcome = stage.run(&["--quiet"], script);
        assert_eq!((outcome.code, &*outcome.stdout), (code, ""), "{script}: {}", outcome.stderr);
        assert!(outcome.stderr.starts_with(said), "{script}: {}", outcome.stderr);
    }
    let script = "request time\nwait --timeout 10ms\nfrob\nrequest time\n";
    let outcome = stage.run(&["--quiet", "--keep-going"], script);
    assert_eq!((outcome.code, outcome.stdout.lines().count()), (4, 2), "{}", outcome.stderr);
    assert_eq!(outcome.stderr.lines().filter(|line| line.contains(": line ")).count(), 2);
    // The end of the input is the end of the shell, and of a script without commands as well.
    assert_eq!(stage.run(&[], "# nothing\n").stderr, "");
    let dir = tempfile::tempdir().unwrap();
    let said =
        rialto_in(dir.path(), &[], &["shell", "--server", &nobody()], "publish a 1").failed(3);
    assert!(said.starts_with("rialto: line 1: cannot reach jmqt://127.0.0.1:"), "{said}");
}

#[test]
fn each_line_of_json_says_what_it_is() {
    let stage = Stage::start();
    let script = "connect\npublish room {\"a\": 1} --retain\nsubscribe room\nwait\nrequest time\n\
                  help wait\n\nfrob\n";
    let lines = stage.json(&["--client", "ada"], script);
    let mut events: Vec<&str> = lines.iter().map(|line| line["event"].as_str().unwrap()).collect();
    // Whether the message or the consent to the subscription is shown first is not promised.
    events[2..4].sort_unstable();
    let wanted = ["done", "done", "done", "message", "answer", "text", "text", "error"];
    assert_eq!(events, wanted);
    let message = lines.iter().find(|line| line["event"] == "message").unwrap();
    assert_eq!(message["payload"]["a"], 1);
    assert_eq!(message["client"], "ada");
    let error = lines.last().unwrap();
    assert_eq!((&error["exit"], &error["line"]), (&Value::from(2), &Value::from(8)));
}

#[test]
fn retained_messages_histories_and_clients_are_shown() {
    let stage = Stage::start();
    let mut bob = Peer::online(&stage.broker, Transport::Tcp, "bob");
    bob.subscribe("lamp");
    let script = "publish --retain lamp \"on\"\npublish lamp {\"n\": 1}\nretained lamp\n\
                  retained nothing\nhistory lamp 1\nwho\nstatus\n";
    let outcome = stage.run(&["--client", "ada"], script);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let lines: Vec<&str> = outcome.stdout.lines().collect();
    assert_eq!(lines[0], "\"on\"");
    assert!(
        lines[1].starts_with("TIME") && lines[2].ends_with(r#"  ada        {"n": 1}"#),
        "{lines:?}"
    );
    assert!(lines[3].starts_with("CLIENT") && lines[4].starts_with("ada"), "{lines:?}");
    assert!(lines[5].starts_with("bob"), "{lines:?}");
    assert_eq!(lines[6], format!("{} as ada: online", stage.server()));
    assert!(outcome.stderr.contains("nothing has no retained message"), "{}", outcome.stderr);
    // A persistent subscription of an earlier run outlives the look at a retained message.
    stage.run(&["--client", "ada"], "subscribe --persistent lamp\n").printed();
    let outcome =
        stage.run(&["--client", "ada", "--quiet"], "retained lamp\nrequest mySubscriptions\n");
    let lines: Vec<&str> = outcome.stdout.lines().collect();
    assert!(lines.contains(&"\"on\"") && lines.last().unwrap().contains("persistent"), "{lines:?}");
}

#[test]
fn commands_are_repeated() {
    let stage = Stage::start();
    let script = "request time\n!!\nrepeat 3 --every 1ms !!\n!!\n";
    let outcome = stage.run(&["--quiet"], script);
    assert_eq!(outcome.stdout.lines().count(), 1 + 1 + 3 + 3, "{}", outcome.stderr);
}

#[test]
fn another_connection_is_made_by_an_address_or_a_port_and_a_name() {
    let (stage, other) = (Stage::start(), Broker::start(PROGRAM));
    let port = other.address().port();
    let script = format!(
        "request whoami\nconnect {port} eve\nrequest whoami\nconnect jmqt://{} bob\n\
         request whoami\ndisconnect\nstatus\n",
        stage.broker.address()
    );
    let outcome = stage.run(&["--client", "ada"], &script);
    let lines: Vec<&str> = outcome.stdout.lines().collect();
    for (line, name) in lines.iter().zip(["ada", "eve", "bob"]) {
        assert!(line.contains(&format!("\"client\":\"{name}\"")), "{lines:?} {}", outcome.stderr);
    }
    assert_eq!(lines[3], "not connected");
    let said = format!("rialto: connected to jmqt://127.0.0.1:{port} as eve\n");
    assert!(outcome.stderr.contains(&said), "{}", outcome.stderr);
}
