//! Settings of single channels.

use std::time::Duration;

use expect_test::expect;

use crate::tests::errors::check_files;
use crate::tests::load_with_file;
use crate::{ByteSize, ChannelRule, LogFull, Sources};

#[test]
fn a_channel_rule_sets_what_it_names_and_nothing_else() {
    let rules = load_with_file(
        r#"
        [[channels.rules]]
        pattern = "sensors.*"
        echo = true
        log_messages_max = 100
        log_bytes_max = "1MiB"
        log_age_max = "1d"
        log_full = "drop-oldest"
        payload_bytes_max = 512
        publish_rate_max = 10

        [[channels.rules]]
        pattern = "*"
        "#,
        Sources::default(),
    )
    .unwrap()
    .channels
    .rules;
    let sensors = ChannelRule {
        pattern: "sensors.*".to_owned(),
        echo: Some(true),
        log_messages_max: Some(100),
        log_bytes_max: Some(ByteSize::new(1 << 20)),
        log_age_max: Some(Duration::from_secs(86_400).into()),
        log_full: Some(LogFull::DropOldest),
        payload_bytes_max: Some(ByteSize::new(512)),
        publish_rate_max: Some(10),
        ..ChannelRule::default()
    };
    let rest = ChannelRule { pattern: "*".to_owned(), ..ChannelRule::default() };
    assert_eq!(rules, [sensors, rest]);
}

#[test]
fn a_channel_rule_that_is_wrong_is_refused() {
    check_files(
        &[
            "[[channels.rules]]\necho = true\n",
            "[[channels.rules]]\npattern = \"\"\n",
            "[[channels.rules]]\npattern = \"a\"\npublish_rate_max = 0\n",
            "[[channels.rules]]\npattern = \"a\"\n[[channels.rules]]\npattern = \"b\"\nlog_age_max = 5\n",
            "[[channels.rules]]\npattern = \"a\"\nlog_full = \"drop\"\n",
            "[[channels.rules]]\npattern = \"a\"\nmessages = 5\n",
        ],
        &expect![[r#"
            rialto.toml:1:1: entry 1 of `channels.rules` is wrong: missing field `pattern`; expected a list of tables like { pattern = "sensors.*", history_messages = 100 }
            rialto.toml:1:1: an entry of `channels.rules` has an empty pattern, which fits no channel; pattern = "*" stands for all channels
            rialto.toml:1:1: the channel rule for `a` has publish_rate_max = 0; give at least 1, or leave it out for no limit; access.rules keep clients from publishing at all
            rialto.toml:3:1: entry 2 of `channels.rules` is wrong: in `log_age_max`: invalid type: integer `5`, expected a string; expected a list of tables like { pattern = "sensors.*", history_messages = 100 }
            rialto.toml:1:1: entry 1 of `channels.rules` is wrong: in `log_full`: unknown variant `drop`, expected `refuse` or `drop-oldest`; expected a list of tables like { pattern = "sensors.*", history_messages = 100 }
            rialto.toml:1:1: entry 1 of `channels.rules` is wrong: unknown key `messages`; known here: pattern, history_messages, history_persistent, echo, log_messages_max, log_bytes_max, log_age_max, log_full, payload_bytes_max, publish_rate_max; expected a list of tables like { pattern = "sensors.*", history_messages = 100 }
        "#]],
    );
}
