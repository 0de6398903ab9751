use super::{find, is_all};

#[test]
fn all_that_is_shown_has_to_be_expected() {
    assert!(is_all("a\nb", "a\nb\n"));
    assert!(is_all("a  ", "a\n"));
    assert!(!is_all("a", "a\nb\n"));
    assert!(!is_all("a\nb", "a\n"));
    assert!(!is_all("", "a\n"));
}

#[test]
fn an_ellipsis_is_any_text_in_a_line() {
    assert!(is_all("took … ms", "took 17 ms"));
    assert!(is_all("…", ""));
    assert!(is_all("a…b…c", "a1b2c"));
    assert!(!is_all("a…b…c", "a1c"));
    assert!(!is_all("a…b", "a\nb"));
    assert!(!is_all("aba…ba", "aba"));
}

#[test]
fn an_ellipsis_alone_is_any_lines() {
    assert!(is_all("a\n…\nd", "a\nb\nc\nd"));
    assert!(is_all("a\n…\nd", "a\nd"));
    assert!(!is_all("a\n…\nd", "a\nb\n"));
}

#[test]
fn what_is_looked_for_may_stand_anywhere_in_whole_lines() {
    assert_eq!(find("b\nc", "a\nb\nc\nd\n"), Some("a\nb\nc\n".len()));
    assert_eq!(find("b", "a\nxb\n"), None);
    assert_eq!(find("b", "a\nb"), None, "the line may go on");
    assert_eq!(find("a\n…\nc", "a\nb\nc\nc\n"), Some("a\nb\nc\n".len()));
}
