use std::os::unix::fs::PermissionsExt as _;

use super::*;

const NOW: UnixMs = 1_800_000_000_000;

fn ban(client: &str, until: Option<UnixMs>) -> Ban {
    Ban { client: client.to_owned(), until, reason: "spam".to_owned() }
}

#[test]
fn a_ban_holds_until_its_end_or_until_it_is_lifted() {
    let revocations = Revocations::in_memory();
    revocations.ban(ban("eve", Some(NOW + 10)), NOW).unwrap();
    revocations.ban(ban("mal", None), NOW).unwrap();
    assert_eq!(revocations.bans(NOW), [ban("eve", Some(NOW + 10)), ban("mal", None)]);
    assert_eq!(revocations.ban_of("eve", NOW + 9), Some(ban("eve", Some(NOW + 10))));
    assert_eq!(revocations.ban_of("eve", NOW + 10), None);
    assert_eq!(revocations.ban_of("ada", NOW), None);
    assert!(revocations.unban("mal", NOW).unwrap());
    assert!(!revocations.unban("mal", NOW).unwrap());
    assert_eq!(revocations.bans(NOW + 10), []);
}

#[test]
fn a_later_ban_stands_in_place_of_the_earlier_one() {
    let revocations = Revocations::in_memory();
    revocations.ban(ban("eve", None), NOW).unwrap();
    revocations.ban(ban("eve", Some(NOW + 1)), NOW).unwrap();
    assert_eq!(revocations.bans(NOW), [ban("eve", Some(NOW + 1))]);
}

#[test]
fn tokens_are_void_up_to_the_moment_of_their_revocation() {
    let revocations = Revocations::in_memory();
    revocations.revoke_tokens("bob", NOW).unwrap();
    assert!(revocations.are_revoked("bob", NOW));
    assert!(!revocations.are_revoked("bob", NOW + 1));
    assert!(!revocations.are_revoked("ada", NOW));
}

#[test]
fn all_is_there_after_a_restart_except_bans_that_are_over() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("revocations.json");
    let revocations = Revocations::open(&path).unwrap();
    revocations.ban(ban("short", Some(NOW + 1)), NOW).unwrap();
    revocations.ban(ban("eve", None), NOW).unwrap();
    revocations.revoke_tokens("bob", NOW + 1).unwrap();
    drop(revocations);

    let text = fs::read_to_string(&path).unwrap();
    assert!(!text.contains("short"), "{text}");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let again = Revocations::open(&path).unwrap();
    assert_eq!(again.bans(NOW), [ban("eve", None)]);
    assert!(again.are_revoked("bob", NOW + 1));
}

#[test]
fn what_cannot_be_written_holds_in_memory_and_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("none").join("revocations.json");
    let revocations = Revocations::open(&path).unwrap();
    let error = revocations.ban(ban("eve", None), NOW).unwrap_err().to_string();
    assert!(error.starts_with("it holds until the server stops"), "{error}");
    assert!(revocations.ban_of("eve", NOW).is_some());
}

#[test]
fn a_damaged_file_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("revocations.json");
    for text in ["", "[]", "{\"bans\":7}", "{\"other\":{}}"] {
        fs::write(&path, text).unwrap();
        let error = Revocations::open(&path).unwrap_err().to_string();
        assert!(error.contains("holds no bans and revocations"), "{error}");
    }
}

#[test]
fn there_are_only_so_many_bans() {
    let revocations = Revocations::in_memory();
    let bans = (0..ENTRIES_MAX)
        .map(|number| (number.to_string(), Terms { until: None, reason: String::new() }));
    revocations.book.write().bans = bans.collect();
    let error = revocations.ban(ban("eve", None), NOW).unwrap_err();
    assert!(matches!(error, RevocationError::Full), "{error}");
    assert!(revocations.ban_of("eve", NOW).is_none());
}

#[test]
fn a_ban_without_a_reason_says_no_more_than_that() {
    let reason = String::new();
    assert_eq!(Ban { reason, ..ban("eve", None) }.message(), "banned");
    assert_eq!(ban("eve", None).message(), "banned: spam");
}
