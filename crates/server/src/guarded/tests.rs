use std::{
    os::unix::process::ExitStatusExt as _,
    panic::AssertUnwindSafe,
    process::{Command, Output},
};

use super::*;

/// Set in the process that is to panic.
const CHILD: &str = "RIALTO_TEST_GUARDED_CHILD";
/// What the system ends a process with that aborts.
const SIGABRT: i32 = 6;

/// Runs one test of this file again, in a process of its own.
fn run_alone(test: &str) -> Output {
    let program = std::env::current_exe().unwrap();
    let path = format!("guarded::tests::{test}");
    Command::new(program).args(["--exact", &path, "--nocapture"]).env(CHILD, "1").output().unwrap()
}

fn is_child() -> bool {
    std::env::var_os(CHILD).is_some()
}

#[test]
fn a_panic_while_state_is_locked_ends_the_process() {
    let guarded = Guarded::new(0);
    if is_child() {
        // What a task does with a panic: it goes on without it.
        _ = std::panic::catch_unwind(AssertUnwindSafe(|| {
            *guarded.lock("the test") += 1;
            let _locked = guarded.lock("the test");
            panic!("half way through a change");
        }));
        return;
    }
    let ended = run_alone("a_panic_while_state_is_locked_ends_the_process");
    assert_eq!(ended.status.signal(), Some(SIGABRT), "{ended:?}");
}

#[test]
fn a_panic_from_before_lets_what_it_drops_use_the_state() {
    struct Leaves<'a>(&'a Guarded<i32>);

    impl Drop for Leaves<'_> {
        fn drop(&mut self) {
            *self.0.lock("the test") += 1;
        }
    }

    let guarded = Guarded::new(0);
    let result = std::panic::catch_unwind(AssertUnwindSafe(|| {
        let _leaves = Leaves(&guarded);
        panic!("of a connection's task, with nothing locked");
    }));
    assert!(result.is_err());
    assert_eq!(*guarded.lock("the test"), 1);
}
