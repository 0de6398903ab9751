use super::*;
use crate::ChannelRule;

fn rule(pattern: &str) -> ChannelRule {
    ChannelRule { pattern: pattern.to_owned(), ..ChannelRule::default() }
}

#[test]
fn the_first_rule_that_says_something_holds_and_the_general_setting_where_none_does() {
    let settings = Settings {
        echo: true,
        channel_rules: vec![
            ChannelRule { payload_bytes_max: Some(10), ..rule("a*") },
            ChannelRule { payload_bytes_max: Some(20), publish_rate_max: Some(5), ..rule("*b") },
        ],
        ..Settings::default()
    };
    let mut profiles = Profiles::new(&settings);
    let both = profiles.of(&settings, "ab").clone();
    assert_eq!(both.payload_bytes_max, Some(10));
    assert_eq!(both.rate, Some(Rate { rule: 1, per_second_max: 5 }));
    assert!(both.echo);
    assert_eq!(profiles.of(&settings, "b").payload_bytes_max, Some(20));
    assert_eq!(profiles.of(&settings, "c").payload_bytes_max, None);
    assert_eq!(profiles.of(&settings, "#ab").payload_bytes_max, None);
}

#[test]
fn channels_that_fit_the_same_rules_share_one_profile() {
    let settings = Settings { channel_rules: vec![rule("a*")], ..Settings::default() };
    let mut profiles = Profiles::new(&settings);
    let first = profiles.of(&settings, "a1").clone();
    assert!(Arc::ptr_eq(&first, profiles.of(&settings, "a2")));
    assert!(!Arc::ptr_eq(&first, profiles.of(&settings, "b")));
}
