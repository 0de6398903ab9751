//! `rialto shell` on a terminal of its own.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    thread,
    time::{Duration, Instant},
};

use rialto_testkit::{Broker, Peer, Transport};

use crate::{common::PROGRAM, terminal::Terminal};

const COLUMNS: usize = 100;
const PROMPT: &str = "rialto> ";
const CTRL_C: &str = "\u{3}";
const CTRL_D: &str = "\u{4}";
const UP: &str = "\u{1b}[A";

/// A broker, a shell at it, and a client that gets what is published on `typed`.
struct Stage {
    broker: Broker,
    bob: Peer,
    terminal: Terminal,
}

impl Stage {
    fn open() -> Self {
        Stage::with(&[("NO_COLOR", "1")], "")
    }

    fn with(variables: &[(&str, &str)], flags: &str) -> Self {
        let broker = Broker::start(PROGRAM);
        let mut bob = Peer::online(&broker, Transport::Tcp, "bob");
        bob.subscribe("typed");
        let server = format!("jmqt://{}", broker.address());
        let variables = [&[("RIALTO_SERVER", server.as_str())], variables].concat();
        let terminal = Terminal::open(COLUMNS, &format!("shell --client ada {flags}"), &variables);
        terminal.wait_for("the connection", |screen| screen.contains("connected to jmqt://"));
        Stage { broker, bob, terminal }
    }

    /// Types a line and enters it, and waits until `said` is shown.
    #[track_caller]
    fn enter(&mut self, line: &str, said: &str) {
        self.terminal.press(&format!("{line}\r"));
        self.terminal.wait_for(said, |screen| screen.contains(said));
    }

    /// Returns the payload of the next message that bob gets.
    #[track_caller]
    fn received(&mut self) -> String {
        self.bob.recv()["push"]["dt"].as_str().unwrap().to_owned()
    }
}

/// Returns the lines that a terminal shows, but for those that were typed.
fn shown(screen: &str) -> Vec<&str> {
    screen.lines().filter(|line| !line.starts_with(PROMPT.trim_end()) && !line.is_empty()).collect()
}

#[test]
fn a_line_that_is_typed_while_messages_pour_in_arrives_whole_and_nothing_mixes() {
    const COUNT: usize = 3_000;
    let mut stage = Stage::open();
    stage.enter("subscribe room", "subscribed to room");
    let mut publisher = Peer::online(&stage.broker, Transport::Tcp, "publisher");
    let publishing = thread::spawn(move || {
        let began = Instant::now();
        for number in 0..COUNT {
            publisher.send(format!(r#"{{"pub":{{"cn":"room","dt":"message {number} of many"}}}}"#));
            // A thousand a second.
            let due = Duration::from_millis(number as u64);
            thread::sleep(due.saturating_sub(began.elapsed()));
        }
    });
    let text = "the quick brown fox jumps over the lazy dog, größer und weiter";
    for round in 0..3 {
        for letter in format!("publish typed {text} {round}").chars() {
            stage.terminal.press(&letter.to_string());
            thread::sleep(Duration::from_millis(4));
        }
        stage.terminal.press("\r");
        assert_eq!(stage.received(), format!("{text} {round}"));
    }
    publishing.join().unwrap();
    let last = format!("room message {} of many", COUNT - 1);
    stage.terminal.wait_for("the last message", |screen| screen.contains(&last));
    let screen = stage.terminal.screen();
    let mut messages = screen.lines().filter(|line| line.starts_with("room message "));
    for number in 0..COUNT {
        assert_eq!(messages.next(), Some(&*format!("room message {number} of many")));
    }
    assert_eq!(messages.next(), None);
    let typed: Vec<&str> =
        screen.lines().filter(|line| line.starts_with("rialto> publish")).collect();
    let wanted = [0, 1, 2].map(|round| format!("rialto> publish typed {text} {round}"));
    assert_eq!(typed, wanted);
    let said = ["connected to", "subscribed to", "published to", "room message"];
    let is_other = |line: &&str| !said.iter().any(|it| line.starts_with(it));
    assert_eq!(shown(&screen).into_iter().find(is_other), None);
    stage.terminal.press(CTRL_D);
    stage.terminal.expect_restored(0);
}

#[test]
fn lines_that_are_typed_ahead_are_carried_out_in_their_order() {
    let mut stage = Stage::open();
    let lines: String = (0..50).map(|number| format!("publish typed {number}\r")).collect();
    stage.terminal.press(&lines);
    for number in 0..50 {
        assert_eq!(stage.bob.recv()["push"]["dt"], number);
    }
    stage.terminal.press("quit\r");
    stage.terminal.expect_restored(0);
}

#[test]
fn a_line_survives_another_width_and_a_paste_of_100_kilobytes() {
    let mut stage = Stage::open();
    let text = "word ".repeat(40);
    stage.terminal.press(&format!("publish typed {text}"));
    stage.terminal.wait_for("the line", |screen| screen.contains("word word"));
    stage.terminal.resize(30, 40);
    stage.terminal.press("end");
    stage.terminal.wait_for("the rest", |screen| screen.ends_with("end"));
    stage.terminal.resize(30, 120);
    stage.terminal.press("\r");
    assert_eq!(stage.received(), format!("{text}end"));
    // Between two lines the terminal itself collects what is typed, and no more than 4 KiB.
    stage.terminal.press("publish typed x");
    stage.terminal.wait_for("the line", |screen| screen.contains("rialto> publish typed x"));
    let long = "0123456789".repeat(10_000);
    stage.terminal.press(&format!("\u{1b}[200~{long}\u{1b}[201~"));
    stage.terminal.press("\r");
    assert_eq!(stage.received(), format!("x{long}"));
    // Several lines are several commands.
    stage.terminal.press("\u{1b}[200~publish typed one\npublish typed two\n\u{1b}[201~\r");
    assert_eq!([stage.received(), stage.received()], ["one", "two"]);
    stage.terminal.press(CTRL_D);
    stage.terminal.expect_restored(0);
}

#[test]
fn what_a_terminal_would_obey_is_shown_harmlessly_wherever_it_comes_from() {
    let mut stage = Stage::open();
    stage.enter("subscribe room", "subscribed to room");
    let mut publisher = Peer::online(&stage.broker, Transport::Tcp, "publisher");
    publisher.send(r#"{"pub":{"cn":"room","dt":"\u001b[2J\u009b31m\r\n\u202eforged größe 🦀"}}"#);
    stage.terminal.wait_for("the message", |screen| {
        screen.contains(r#"room "\u001b[2J\u009b31m\r\n\u202eforged größe 🦀""#)
    });
    let long = "x".repeat(6_000);
    publisher.send(format!(r#"{{"pub":{{"cn":"room","dt":"{long}"}}}}"#));
    stage.terminal.wait_for("a long one", |screen| {
        // It fills lines; the note at its end may be cut by one.
        screen.replace('\n', "").contains("… (1904 more characters)")
    });
    // Pasted: what is no text is passed over, and what has no width is not drawn.
    stage.terminal.press("\u{1b}[200~publish typed größe\u{9b}2J \u{7}🦀\u{1b}[201~\r");
    assert_eq!(stage.received(), "größe\u{9b}2J \u{7}🦀");
    stage.terminal.press(CTRL_D);
    stage.terminal.expect_restored(0);
}

#[test]
fn what_is_typed_behind_a_ctrl_c_in_the_same_moment_is_not_lost() {
    let mut stage = Stage::open();
    stage.terminal.press(&format!("publish typed not this{CTRL_C}publish typed but this\r"));
    assert_eq!(stage.received(), "but this");
    stage.terminal.press(&format!("publish typed nor this{CTRL_C}{CTRL_D}"));
    stage.terminal.expect_restored(0);
}

#[test]
fn ctrl_c_clears_the_line_or_ends_what_is_under_way_and_leaves_when_pressed_twice() {
    let mut stage = Stage::open();
    stage.terminal.press("publish typed not this");
    stage.terminal.wait_for("the line", |screen| screen.ends_with("not this"));
    stage.terminal.press(CTRL_C);
    stage.terminal.wait_for("an empty line", |screen| screen.ends_with("not this\nrialto>"));
    stage.enter("publish typed this", "published to typed");
    assert_eq!(stage.received(), "this");
    stage.terminal.press("watch --every 1ms publish typed again\r");
    assert_eq!([stage.received(), stage.received()], ["again", "again"]);
    stage.terminal.press(CTRL_C);
    stage.terminal.wait_for("its end", |screen| screen.contains("interrupted"));
    stage.terminal.press(CTRL_C);
    stage.terminal.wait_for("the warning", |screen| screen.contains("Ctrl-C once more leaves"));
    stage.terminal.press(CTRL_C);
    stage.terminal.expect_restored(0);
}

#[test]
fn a_broker_that_is_killed_and_comes_back_is_told_of_and_its_subscriptions_are_restored() {
    let mut stage = Stage::open();
    stage.enter("subscribe --persistent room", "subscribed to room");
    stage.broker.kill();
    stage.terminal.wait_for("the loss", |screen| screen.contains("connecting again"));
    // A line can be typed meanwhile.
    stage.terminal.press("publish room ");
    stage.broker.restart();
    stage.terminal.wait_for("the broker", |screen| screen.contains("connected again"));
    let mut eve = Peer::online(&stage.broker, Transport::Tcp, "eve");
    eve.send(r#"{"pub":{"cn":"room","dt":"back","q":1,"id":"1"}}"#);
    stage.terminal.wait_for("a message", |screen| screen.contains("room back"));
    eve.expect(r#"{"pubAck":{"id":"1","st":1}}"#);
    eve.subscribe("room");
    stage.terminal.press("from ada\r");
    loop {
        let packet = eve.recv();
        if let Some(payload) = packet["push"]["dt"].as_str() {
            assert_eq!(payload, "from ada");
            break;
        }
    }
    stage.terminal.press("quit\r");
    stage.terminal.expect_restored(0);
}

#[test]
fn lines_are_kept_in_a_private_file_but_for_those_with_secrets() {
    let mut stage = Stage::with(&[("NO_COLOR", "1"), ("RIALTO_API_KEY", "k3y-of-ada")], "");
    stage.enter("publish typed one", "published to typed");
    stage.enter("request check {\"password\":\"hunter2\"}", "$check refused");
    stage.enter("publish other k3y-of-ada", "published to other");
    assert_eq!(stage.received(), "one");
    // The line before, by the arrow keys; what was not kept can be had again in this run only by `!!`.
    stage.terminal.press(UP);
    stage.terminal.wait_for("the line", |screen| screen.ends_with("rialto> publish typed one"));
    stage.terminal.press("\r");
    assert_eq!(stage.received(), "one");
    let home = stage.terminal.home().to_owned();
    let mode = |path: &str| fs::metadata(home.join(path)).unwrap().permissions().mode() & 0o777;
    let file = ".local/state/rialto/shell_history";
    assert_eq!((mode(file), mode(".local/state/rialto")), (0o600, 0o700));
    let kept = fs::read_to_string(home.join(file)).unwrap();
    assert_eq!(kept, "publish typed one\npublish typed one\n");
    stage.terminal.press(CTRL_D);
    stage.terminal.expect_restored(0);
}

#[test]
fn words_are_completed_hints_are_shown_and_colours_are_there_unless_unwanted() {
    let mut stage = Stage::with(&[], "");
    stage.enter("subscribe room/kitchen", "subscribed to room/kitchen");
    assert!(stage.terminal.has_colours());
    stage.terminal.press("publ");
    stage.terminal.wait_for("the hint", |screen| screen.ends_with("rialto> publish"));
    stage.terminal.press("\t");
    stage.terminal.press(" ");
    stage.terminal.wait_for("the usage", |screen| screen.contains("CHANNEL DATA [--qos 0|1]"));
    stage.terminal.press("ro\t --retain on\r");
    stage.terminal.wait_for("the message", |screen| screen.contains("published to room/kitchen"));
    stage.terminal.press("help\r");
    stage.terminal.wait_for("the commands", |screen| screen.contains("open a session"));
    stage.terminal.press(CTRL_D);
    stage.terminal.expect_restored(0);
    let plain = Stage::with(&[("NO_COLOR", "1")], "");
    assert!(!plain.terminal.has_colours());
    let plain = Stage::with(&[], "--color never");
    assert!(!plain.terminal.has_colours());
}
