use super::*;

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
