use std::os::unix::fs::PermissionsExt as _;

use super::*;

const NOW: UnixMs = 1_800_000_000_000;
const HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$cmlhbHRvIG5vYm9keSBhdA$RAXsGrMdY8cOrr3CbdlxZBmn8aw7K1CfyGx2nJmHPxk";

fn groups(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

/// Writes `text` to a file and reads it as users.
fn read(text: &str) -> Result<UsersFile, UsersError> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("users.toml");
    fs::write(&path, text).unwrap();
    UsersFile::read(&path)
}

#[test]
fn users_are_added_changed_and_removed_and_read_again() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("users.toml");
    let mut file = UsersFile::read_or_new(&path).unwrap();
    file.add("bob", "bob's secret", groups(&["staff"]), NOW).unwrap();
    file.add("ada", "ada's secret", groups(&[]), NOW).unwrap();
    file.set_password("ada", "another", NOW + 5).unwrap();
    file.set_groups("ada", groups(&["staff", "admins"])).unwrap();
    file.remove("bob").unwrap();

    let read = UsersFile::read(&path).unwrap();
    let users = read.list().collect::<Vec<_>>();
    assert_eq!(users.len(), 1);
    assert_eq!(users[0].name, "ada");
    assert_eq!(users[0].groups, groups(&["admins", "staff"]));
    assert_eq!(users[0].tokens_valid_from, NOW + 5);
    assert!(read.users().has_password("ada", "another"));
    assert!(!read.users().has_password("ada", "ada's secret"));
    assert!(!read.users().has_password("bob", "bob's secret"));
}

#[test]
fn the_file_is_for_its_owner_only_and_holds_no_password() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("users.toml");
    let mut file = UsersFile::read_or_new(&path).unwrap();
    file.add("bob", "sesame", groups(&[]), NOW).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let text = fs::read_to_string(&path).unwrap();
    assert!(!text.contains("sesame"));
    assert!(text.contains("$argon2id$"));
}

#[test]
fn hashes_are_not_in_debug() {
    let users = read(&format!("[[users]]\nname = \"bob\"\npassword = \"{HASH}\"\n")).unwrap();
    let shown = format!("{users:?}");
    assert!(shown.contains("bob") && !shown.contains("argon2id"), "{shown}");
}

#[test]
fn a_change_that_cannot_be_made_says_why_and_changes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("users.toml");
    let mut file = UsersFile::read_or_new(&path).unwrap();
    file.add("bob", "sesame", groups(&[]), NOW).unwrap();
    let before = fs::read(&path).unwrap();
    let texts = [
        file.add("bob", "x", groups(&[]), NOW).unwrap_err().to_string(),
        file.add("", "x", groups(&[]), NOW).unwrap_err().to_string(),
        file.add("eve", "", groups(&[]), NOW).unwrap_err().to_string(),
        file.set_password("bob", "", NOW).unwrap_err().to_string(),
        file.set_password("eve", "x", NOW).unwrap_err().to_string(),
        file.set_groups("eve", groups(&[])).unwrap_err().to_string(),
        file.remove("eve").unwrap_err().to_string(),
    ];
    assert_eq!(
        texts,
        [
            "there is a user \"bob\" already; change its password with: rialto user passwd bob",
            "a user's name has at least one character",
            "a password has at least one character",
            "a password has at least one character",
            "there is no user \"eve\"; see who there is with: rialto user list",
            "there is no user \"eve\"; see who there is with: rialto user list",
            "there is no user \"eve\"; see who there is with: rialto user list",
        ]
    );
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn a_file_that_cannot_be_written_leaves_the_users_as_they_were() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("none").join("users.toml");
    let mut file = UsersFile::read_or_new(&path).unwrap();
    let error = file.add("bob", "sesame", groups(&[]), NOW).unwrap_err();
    assert!(matches!(error, UsersError::Unwritable { .. }), "{error}");
    assert!(file.users().is_empty());
}

#[test]
fn a_missing_file_is_an_error_unless_it_is_to_be_made() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("users.toml");
    let error = UsersFile::read(&path).unwrap_err().to_string();
    assert!(error.starts_with("cannot read the users file "), "{error}");
    assert!(UsersFile::read_or_new(&path).unwrap().users().is_empty());
}

#[test]
fn a_damaged_file_is_refused_without_showing_what_is_in_it() {
    let hash = format!("password = \"{HASH}\"");
    let cases = [
        ("[[users]]\nname = \"bob\"\n".to_owned(), "missing field `password`"),
        (format!("[[users]]\nname = \"bob\"\n{hash}\nrole = 1\n"), "line 4"),
        (format!("[[users]]\nname = \"bob\"\n{hash} oops\n"), "line 3"),
        (format!("[[users]]\nname = \"b\"\n{hash}\n[[users]]\nname = \"b\"\n{hash}\n"), "twice"),
        ("[[users]]\nname = \"bob\"\npassword = \"sesame\"\n".to_owned(), "no argon2id hash"),
        (format!("[[users]]\nname = \"\"\n{hash}\n"), "a user's name"),
    ];
    for (text, expected) in cases {
        let error = read(&text).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
        assert!(!error.contains("argon2id$") && !error.contains("sesame"), "{error}");
    }
}

#[test]
fn two_that_change_the_file_at_once_lose_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("users.toml");
    let add = |name: &str| {
        let mut file = UsersFile::lock(&path).unwrap();
        file.add(name, "sesame", groups(&[]), NOW).unwrap();
    };
    std::thread::scope(|scope| {
        for name in ["ada", "bob", "eve", "joe"] {
            scope.spawn(move || add(name));
        }
    });
    assert_eq!(UsersFile::read(&path).unwrap().list().count(), 4);
}

#[test]
fn where_there_is_no_directory_there_are_no_users() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("missing/users.toml");
    let mut file = UsersFile::lock(&path).unwrap();
    assert!(matches!(file.remove("ada"), Err(UsersError::Unknown(_))));
}
