//! Becoming the server of a database, and waiting until nobody is.

use std::{
    thread,
    time::{Duration, Instant},
};

use rialto_store::DatabaseCause;

use crate::{
    cause::Trouble,
    database::Database,
    node::{Joined, Node},
    state,
    wait::{Moves, wait},
};

/// How often whoever waits for another's lease looks.
const LOOK: Duration = Duration::from_millis(200);

/// Becomes the server of the database, once the lease of one that gives no sign of life is over.
pub(crate) fn join<D: Database>(
    database: &D,
    link: &mut D::Link,
    moves: &Moves,
) -> Result<Node, Trouble> {
    let settings = database.settings();
    let began = Instant::now();
    let mut first = None;
    loop {
        match wait(moves, settings.patience, database.join(link))? {
            Joined::Yes(node) => return Ok(node),
            Joined::No { name, until } => {
                if *first.get_or_insert(until) != until || settings.lease * 4 < began.elapsed() {
                    return Err(DatabaseCause::InUse { name }.into());
                }
            }
        }
        if first.is_some() {
            thread::sleep(LOOK.min(settings.lease / 4));
        }
    }
}

/// Waits until nobody has the right to write to a database: until the lease of one that gives no sign of life is over.
pub(crate) fn wait_until_unused<D: Database>(database: &D, moves: &Moves) -> Result<(), Trouble> {
    let settings = database.settings();
    let began = Instant::now();
    let mut link = wait(moves, settings.patience * 2, database.connect_to_read())?;
    let mut first = None;
    while let Some((name, until)) = wait(moves, settings.patience, state::server(&mut link))? {
        if *first.get_or_insert(until) != until || settings.lease * 4 < began.elapsed() {
            return Err(DatabaseCause::InUse { name }.into());
        }
        thread::sleep(LOOK.min(settings.lease / 4));
    }
    Ok(())
}
