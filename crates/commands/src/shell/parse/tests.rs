//! Lines and what they mean.

use proptest::prelude::*;
use rialto_client::Qos;

use super::*;

#[track_caller]
fn jmqt(line: &str) -> Command {
    parse(line, Grammar::Jmqt).unwrap().unwrap()
}

#[track_caller]
fn pubsubx(line: &str) -> Command {
    parse(line, Grammar::Pubsubx).unwrap().unwrap()
}

#[track_caller]
fn wrong(line: &str) -> String {
    parse(line, Grammar::Jmqt).unwrap_err()
}

fn publish(channel: &str, text: &str) -> Publish {
    let data = Data { text: text.to_owned(), rule: PayloadRule::JsonOrText };
    Publish { channel: channel.to_owned(), data, qos: None, retain: false }
}

#[test]
fn blank_lines_and_comments_mean_nothing() {
    for line in ["", "  ", "\t", "# publish a 1", "  #"] {
        assert_eq!(parse(line, Grammar::Jmqt), Ok(None));
    }
}

#[test]
fn data_is_everything_behind_the_channel_without_quoting() {
    assert_eq!(
        jmqt(r#"PUBLISH room {"a": [1,  2], "b": "it's"} "#),
        Command::Publish(publish("room", r#"{"a": [1,  2], "b": "it's"}"#))
    );
    assert_eq!(
        jmqt("pub 'my room' two  words"),
        Command::Publish(publish("my room", "two  words"))
    );
    assert_eq!(jmqt("send bob hello"), Command::Publish(publish("#bob", "hello")));
}

#[test]
fn options_stand_before_between_and_behind_and_a_double_dash_ends_them() {
    let expected = Command::Publish(Publish {
        retain: true,
        qos: Some(Qos::AtMostOnce),
        ..publish("a", "x y")
    });
    for line in [
        "publish --qos 0 --retain a x y",
        "publish a --retain --qos=0 x y",
        "publish a x y --qos 0 --retain",
        "publish --retain a --qos 0 -- x y",
    ] {
        assert_eq!(jmqt(line), expected, "{line}");
    }
    assert_eq!(jmqt("publish a -- x --retain"), Command::Publish(publish("a", "x --retain")));
    assert_eq!(jmqt("publish a x --other"), Command::Publish(publish("a", "x --other")));
    assert_eq!(jmqt("publish a --"), Command::Publish(publish("a", "")));
    let Command::Publish(text) = jmqt("publish --text a 5") else { panic!() };
    assert_eq!(text.data.rule, PayloadRule::Text);
}

#[test]
fn what_is_missing_or_too_much_is_named_with_how_it_is_written() {
    for (line, said) in [
        ("publish", "the channel is missing; it is written publish CHANNEL DATA"),
        ("publish a", "the data is missing"),
        ("publish a --retain", "the data is missing"),
        ("publish a x --qos 2", "--qos is 0 or 1, not \"2\""),
        ("publish --loud a x", "there is no option --loud"),
        ("publish a x --json --text", "--json and --text exclude each other"),
        ("send bob x --retain", "a message to a client cannot be retained"),
        ("subscribe", "the channel is missing"),
        ("subscribe a --qos 1", "a subscription has no QoS"),
        ("subscribe $time", "$time is a control channel"),
        ("subscribe a --forever", "there is no option --forever"),
        ("disconnect now", "now is too much"),
        ("history a 0", "\"0\" is not a number from 1 on"),
        ("wait --timeout soon", "\"soon\" is not a time"),
        ("repeat publish a 1", "\"publish\" is not a number"),
        ("repeat 2", "the command to repeat is missing"),
        ("repeat 2 repeat 2 who", "a repetition cannot be repeated"),
        ("watch quit", "leaving cannot be repeated"),
        ("request time x --retain", "a request has neither --qos nor --retain"),
        ("publish '' x", "the name of the channel is empty"),
        ("publish 'a x", "a quote is not closed"),
        ("frobnicate", "there is no command frobnicate"),
    ] {
        let problem = wrong(line);
        assert!(problem.starts_with(said), "{line}: {problem}");
    }
    // What may be a token is not said again.
    let said = wrong("connect localhost ada s3cret");
    assert!(!said.contains("s3cret") && said.contains("RIALTO_TOKEN"), "{said}");
}

#[test]
fn a_control_channel_may_be_named_without_its_dollar() {
    let expected = Command::Request { channel: "$time".to_owned(), data: None };
    assert_eq!(jmqt("request time"), expected);
    assert_eq!(jmqt("req $time"), expected);
}

#[test]
fn commands_are_repeated_with_a_count_or_until_they_are_interrupted() {
    let command = || Box::new(Command::Publish(publish("a", "1")));
    assert_eq!(
        jmqt("repeat 3 --every 100ms publish a 1"),
        Command::Repeat {
            count: NonZeroU32::new(3),
            every: Duration::from_millis(100),
            command: command()
        }
    );
    assert_eq!(
        jmqt("watch publish a 1"),
        Command::Repeat { count: None, every: WATCH_EVERY, command: command() }
    );
    let Command::Repeat { command, .. } = jmqt("repeat 2 !!") else { panic!() };
    assert_eq!(*command, Command::Again);
}

#[test]
fn the_forms_of_the_original_client_of_pubsubx_are_read_as_it_reads_them() {
    let target = Target { address: Some("12000".to_owned()), client: Some("homer".to_owned()) };
    assert_eq!(pubsubx("CONNECT 12000 homer"), Command::Connect(target.clone()));
    assert_eq!(pubsubx("connect 12000 homer"), Command::Connect(target));
    let data = Data { text: "it's --retain  {".to_owned(), rule: PayloadRule::Text };
    let Command::Publish(publish) = pubsubx("PUBLISH news it's --retain  {") else { panic!() };
    assert_eq!((publish.channel.as_str(), publish.data), ("news", data));
    let channels = vec!["'a".to_owned()];
    assert_eq!(
        pubsubx("SUBSCRIBE 'a"),
        Command::Subscribe { channels: channels.clone(), is_persistent: false }
    );
    assert_eq!(pubsubx("UNSUBSCRIBE 'a"), Command::Unsubscribe(channels));
    assert_eq!(pubsubx("DISCONNECT"), Command::Disconnect);
    assert_eq!(pubsubx("-h"), Command::Help(None));
    let said = parse("subscribe", Grammar::Pubsubx).unwrap_err();
    assert_eq!(said, "the topic is missing; it is written SUBSCRIBE <topic>");
}

proptest! {
    /// Whatever stands in a line, reading it comes to an end with a command or a reason.
    #[test]
    fn any_line_is_read_or_refused(
        line in "(repeat 2 |watch |publish |subscribe |request |-- |--qos |\"|'|\\PC|\n){0,12}",
    ) {
        for grammar in [Grammar::Jmqt, Grammar::Pubsubx] {
            if let Err(problem) = parse(&line, grammar) {
                prop_assert!(!problem.is_empty());
            }
        }
    }

    /// Behind a double dash every text arrives as it is.
    #[test]
    fn text_behind_a_double_dash_is_not_touched(text in "[^\\s](?s:.){0,40}") {
        let line = format!("publish room -- {text}");
        prop_assert_eq!(jmqt(&line), Command::Publish(publish("room", &text)));
    }

    /// In PubSubX everything behind the topic is data.
    #[test]
    fn pubsubx_data_is_not_touched(text in "(?s:.){0,40}") {
        let Command::Publish(publish) = pubsubx(&format!("publish room {text}")) else { panic!() };
        prop_assert_eq!(publish.data.text, text);
    }
}
