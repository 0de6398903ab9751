//! Tickets: each lets its holder follow once, shortly after it was given, with what its maker may do.
//!
//! For browsers' `EventSource`, which sends no fields of its own: a token in the address would stand in
//! logs and histories, where a ticket is worth nothing any more.

use std::{collections::HashMap, time::Duration};

use parking_lot::Mutex;
use rialto_stopwatch::Moment;
use uuid::Uuid;

use crate::guests::Asker;

/// How long a ticket is good.
pub(crate) const GOOD_FOR: Duration = Duration::from_secs(60);
/// Most tickets that are good at a time.
pub(crate) const COUNT_MAX: usize = 10_000;

/// The tickets that were given and not used.
#[derive(Default)]
pub(crate) struct Tickets(Mutex<HashMap<String, (Moment, Asker)>>);

impl Tickets {
    /// Gives a ticket; `None` while there are too many.
    pub(crate) fn give(&self, asker: Asker) -> Option<String> {
        let mut tickets = self.0.lock();
        if COUNT_MAX <= tickets.len() {
            tickets.retain(|_, (given, _)| given.elapsed() < GOOD_FOR);
        }
        if COUNT_MAX <= tickets.len() {
            return None;
        }
        let ticket = Uuid::new_v4().simple().to_string();
        tickets.insert(ticket.clone(), (Moment::now(), asker));
        Some(ticket)
    }

    /// Takes a ticket back; returns whose it was, if it is still good.
    pub(crate) fn take(&self, ticket: &str) -> Option<Asker> {
        let (given, asker) = self.0.lock().remove(ticket)?;
        (given.elapsed() < GOOD_FOR).then_some(asker)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{authorizer::Caller, entrance::Entrance};

    #[test]
    fn a_ticket_is_good_once_and_there_are_only_so_many() {
        let tickets = Tickets::default();
        let entrance = Entrance::new("http", "http");
        let caller = Arc::new(Caller::by_http(([127, 0, 0, 1], 80).into(), false, entrance));
        let asker = Asker::Key { name: "app".to_owned(), caller };
        let ticket = tickets.give(asker.clone()).unwrap();
        assert!(tickets.take("another").is_none());
        assert!(tickets.take(&ticket).is_some());
        assert!(tickets.take(&ticket).is_none());
        assert!((0..COUNT_MAX).all(|_| tickets.give(asker.clone()).is_some()));
        assert!(tickets.give(asker.clone()).is_none());
    }
}
