use std::os::unix::fs::{PermissionsExt as _, symlink};

use super::*;

#[test]
fn a_file_is_replaced_whole_and_only_its_owner_can_read_it() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("users.toml");
    fs::write(&file, "a longer text that was there before").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    replace_file(&file, b"new", PRIVATE).unwrap();
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
    replace_file(&file, b"whole", PRIVATE).unwrap();
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
    replace_file(&file, b"new", PRIVATE).unwrap_err();
    assert_eq!(fs::read(&file).unwrap(), b"old");
}

#[test]
fn a_symbolic_link_stays_one_and_the_file_it_leads_to_is_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let (here, there) = (directory.path().join("here"), directory.path().join("there"));
    fs::create_dir(&here).unwrap();
    fs::create_dir(&there).unwrap();
    let (first, second) = (here.join("users.toml"), here.join("also.toml"));
    let target = there.join("club.toml");
    symlink("also.toml", &first).unwrap();
    symlink("../there/club.toml", &second).unwrap();
    for content in ["made", "replaced"] {
        replace_file(&first, content.as_bytes(), PRIVATE).unwrap();
        assert_eq!(fs::read_to_string(&target).unwrap(), content);
        assert!(first.is_symlink() && second.is_symlink() && !target.is_symlink());
        assert_eq!(real_path(&first).unwrap(), fs::canonicalize(&target).unwrap());
    }
    assert_eq!(fs::read_dir(&there).unwrap().count(), 1, "no draft is left");
}

#[test]
fn links_that_lead_to_each_other_are_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let (one, other) = (directory.path().join("one"), directory.path().join("other"));
    symlink(&one, &other).unwrap();
    symlink(&other, &one).unwrap();
    let error = replace_file(&one, b"new", PRIVATE).unwrap_err().to_string();
    assert!(error.contains("too many symbolic links"), "{error}");
    assert!(one.is_symlink());
}

#[test]
fn directories_are_made_for_their_owner_only() {
    let directory = tempfile::tempdir().unwrap();
    let inner = directory.path().join("a/b");
    make_private_directory(&inner).unwrap();
    make_private_directory(&inner).unwrap();
    for made in [&directory.path().join("a"), &inner] {
        assert_eq!(fs::metadata(made).unwrap().permissions().mode() & 0o777, 0o700);
    }
}
