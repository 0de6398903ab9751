use std::fs;

use rialto_config::Settings;

use super::{Changes, Look};

/// Settings whose users are in this directory, and a file for them.
fn settings_in(directory: &tempfile::TempDir) -> Settings {
    let mut settings = Settings::default();
    settings.server.data_dir = directory.path().to_owned();
    fs::write(settings.users_file(), "").unwrap();
    settings
}

#[test]
fn a_change_is_due_when_it_has_been_left_alone_for_one_look() {
    let directory = tempfile::tempdir().unwrap();
    let settings = settings_in(&directory);
    let start = Look::at(&settings);
    let mut changes = Changes { before: start.clone(), taken_up: start.clone() };
    assert!(!changes.are_due(&start), "nothing has changed");

    fs::write(settings.users_file(), "half").unwrap();
    assert!(!changes.are_due(&Look::at(&settings)), "it has just changed");
    fs::write(settings.users_file(), "half and half").unwrap();
    let whole = Look::at(&settings);
    assert!(!changes.are_due(&whole), "it has changed again");
    assert!(changes.are_due(&whole));
    assert!(changes.are_due(&whole), "what could not be used is tried again");

    changes.taken_up = whole.clone();
    assert!(!changes.are_due(&whole), "it is in force");
}

#[test]
fn a_file_that_changed_while_the_server_started_is_due() {
    let directory = tempfile::tempdir().unwrap();
    let settings = settings_in(&directory);
    let before_it_was_read = Look::at(&settings);
    fs::write(settings.users_file(), "changed between reading and the first look").unwrap();
    let mut changes = Changes { before: before_it_was_read.clone(), taken_up: before_it_was_read };
    let seen = Look::at(&settings);
    assert!(!changes.are_due(&seen));
    assert!(changes.are_due(&seen));
}
