//! The messages that `docs/operating.md` explains are those that the broker says.

use std::{fs, path::Path};

use crate::root;

#[test]
fn each_message_that_the_operators_page_explains_is_in_the_code() {
    let page = fs::read_to_string(root().join("docs/operating.md")).unwrap();
    let messages: Vec<&str> = explained(&page).collect();
    assert!(messages.len() > 20, "{messages:?}");
    let mut code = String::new();
    for package in fs::read_dir(root().join("crates")).unwrap() {
        add_code(&package.unwrap().path().join("src"), &mut code);
    }
    for message in messages {
        for part in message.split('…').map(str::trim) {
            assert!(code.contains(part), "nothing says `{part}` any more");
        }
    }
}

/// Returns the messages in the first column of the tables about a start that fails and the log.
fn explained(page: &str) -> impl Iterator<Item = &str> {
    let sections = page.split("\n## ").filter(|section| {
        section.starts_with("When a broker does not start")
            || section.starts_with("What the log says")
    });
    let rows = sections.flat_map(str::lines).filter_map(|line| line.strip_prefix("| `"));
    rows.flat_map(|row| row.split(" | ").next())
        .flat_map(|cell| cell.split('`').step_by(2))
        .filter(|message| message.len() > 2)
}

/// Adds what is written in a directory, with the texts that go over several lines in one.
fn add_code(directory: &Path, code: &mut String) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            add_code(&path, code);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let mut parts = text.split("\\\n");
            code.push_str(parts.next().unwrap_or_default());
            parts.for_each(|part| code.push_str(part.trim_start()));
        }
    }
}
