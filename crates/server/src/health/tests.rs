use std::time::Duration;

use super::*;

#[test]
fn a_pulse_is_felt_until_it_has_been_missing_for_ten_seconds() {
    let pulse = Pulse::default();
    pulse.beat_at(Duration::from_secs(100));
    assert!(pulse.is_felt_at(Duration::from_secs(100)));
    assert!(pulse.is_felt_at(Duration::from_secs(110)));
    assert!(!pulse.is_felt_at(Duration::from_millis(110_001)));
}

#[test]
fn each_check_is_named_with_its_state() {
    let check = |name, state, passes| Check { name, state, passes };
    let checks = [check("broker", "ok", true), check("store", "refuses writes", false)];
    let text = verbose(Probe::Ready, &checks, false);
    assert_eq!(text, "[+]broker ok\n[-]store refuses writes\nreadyz check failed\n");
    let text = verbose(Probe::Live, &checks[..1], true);
    assert_eq!(text, "[+]broker ok\nlivez check passed\n");
}

#[test]
fn only_a_word_of_its_own_asks_for_more() {
    for query in ["verbose", "verbose=1", "a&verbose"] {
        assert!(is_verbose(Some(query)), "{query}");
    }
    for query in [None, Some(""), Some("verbosely"), Some("x=verbose")] {
        assert!(!is_verbose(query), "{query:?}");
    }
}
