//! Tests that a machine does not permit.

use std::{env, fs::File, io::Write as _, thread};

/// Set where every test must show what it can: what is left out is a failure there.
const NOTHING: &str = "RIALTO_LEAVE_NOTHING_OUT";
/// Names a file to which each test that is left out adds a line; `cargo xtask test` shows it.
const LIST: &str = "RIALTO_LEFT_OUT";

/// Says that the test which calls this shows nothing, or less than it could, and why: mostly because it needs
/// to be root, or a machine that permits it more.
///
/// # Panics
/// Where nothing may be left out.
#[track_caller]
pub fn leave_out(why: &str) {
    assert!(env::var_os(NOTHING).is_none(), "{why}, and {NOTHING} is set");
    let test = thread::current();
    let line = format!("{}: {why}\n", test.name().unwrap_or("a test"));
    eprint!("left out: {line}");
    if let Some(list) = env::var_os(LIST) {
        let list = File::options().create(true).append(true).open(list);
        list.and_then(|mut list| list.write_all(line.as_bytes())).expect("the list can be written");
    }
}
