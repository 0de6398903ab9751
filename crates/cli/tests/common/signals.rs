//! Signals, by process id.

use rustix::process::{Pid, kill_process};

pub(crate) use rustix::process::Signal;

/// Sends a signal to the process of that id.
pub(crate) fn signal(process_id: u32, signal: Signal) {
    let pid = i32::try_from(process_id).ok().and_then(Pid::from_raw);
    kill_process(pid.expect("a process id is positive"), signal).unwrap();
}
