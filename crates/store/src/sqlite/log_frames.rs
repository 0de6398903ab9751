//! How far the write-ahead log reaches after a commit, as SQLite tells whoever commits.
//!
//! Asking for it with a pragma costs a sixth of a small commit, since SQLite compiles a pragma anew each time.

use std::cell::Cell;

use rusqlite::Connection;

thread_local! {
    /// Frames in the log after the last commit of this thread; SQLite tells it where it commits, and takes
    /// no closure that could keep it elsewhere.
    static FRAMES: Cell<u32> = const { Cell::new(0) };
}

/// Has SQLite tell it for each commit of a connection that wrote something. It then leaves it to the
/// store when to move what is in the log into the database.
pub(super) fn watch(connection: &Connection) {
    connection.wal_hook(Some(|_, frames| {
        FRAMES.set(u32::try_from(frames).unwrap_or(0));
        Ok(())
    }));
}

/// Returns how many frames the log had after the last commit of this thread since this was asked; 0
/// if nothing was written since.
pub(super) fn take() -> u32 {
    FRAMES.take()
}
