use std::os::unix::fs::PermissionsExt as _;

use super::*;

#[test]
fn a_file_is_replaced_whole_and_only_its_owner_can_read_it() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("users.toml");
    fs::write(&file, "a longer text that was there before").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    write(&file, b"new").unwrap();
    assert_eq!(fs::read(&file).unwrap(), b"new");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "no draft is left");
}

#[test]
fn a_draft_that_a_crash_left_is_no_obstacle_and_lends_no_permissions() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("users.toml");
    let draft = directory.path().join("users.toml.new");
    fs::write(&draft, "half of").unwrap();
    fs::set_permissions(&draft, fs::Permissions::from_mode(0o666)).unwrap();
    write(&file, b"whole").unwrap();
    assert_eq!(fs::read(&file).unwrap(), b"whole");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!draft.exists());
}

#[test]
fn what_cannot_be_written_leaves_the_old_file() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("users.toml");
    fs::write(&file, "old").unwrap();
    // A directory in the draft's place cannot be opened as a file, whoever runs the test.
    fs::create_dir(directory.path().join("users.toml.new")).unwrap();
    write(&file, b"new").unwrap_err();
    assert_eq!(fs::read(&file).unwrap(), b"old");
}
