//! The way back from the store: what was committed takes effect, in the order it was handed over.

use rialto_domain::{ClientId, Epoch, FailureKind, LogExtent, Outcome, Reject};

use crate::{Effect, Encoder, run::Origin};

use super::{
    Broker,
    batch::{Awaiting, Pending},
    lanes,
    page::PendingPage,
    store::kept_bytes,
};

impl<E: Encoder> Broker<E> {
    /// Takes the outcome of the oldest batch under way; `Err` when the store did not carry it out.
    ///
    /// What is only written lazily is kept and tried again after a pause, one change at a time where
    /// the store will never take them together; all else is refused.
    ///
    /// # Panics
    /// When no batch is under way: the store answered more than it was asked.
    pub fn on_committed(&mut self, result: Result<&[Outcome], FailureKind>) {
        // What gathers came before; it must find channels and receivers as they were.
        self.settle();
        let batch = self.committing.pop_front().expect("outcomes come for batches under way only");
        self.stats.store_failures += u64::from(result.is_err());
        let failure = result.err();
        let is_hopeless = failure.is_some_and(|kind| lanes::is_hopeless(&batch.awaiting, kind));
        for Awaiting { change, pending, charge } in batch.awaiting {
            if let Some(charge) = charge {
                self.discharge(charge);
            }
            let outcome = match result {
                Ok(outcomes) => Ok(change.map_or(Outcome::Done, |index| outcomes[index])),
                Err(_) => Err(Reject::StoreUnavailable),
            };
            self.note_written(&pending);
            if outcome == Ok(Outcome::Lost) {
                self.complete_lost(pending, &batch.owned);
                continue;
            }
            match pending {
                Pending::Lane(lane) => self.lanes.note_answer(lane, failure, self.now.uptime),
                // What replaces it may be written.
                Pending::Retain(channel, version) if is_hopeless => {
                    self.retained_written(channel, version, outcome.map(|_| ()));
                    self.dirty.retained.remove(&channel);
                }
                _ if is_hopeless => {}
                pending => self.complete(pending, outcome),
            }
        }
    }

    /// Takes that a change was not carried out, since another node owns the client that it was for: what somebody waits
    /// for is refused, and of all else the other node has its own.
    fn complete_lost(&mut self, pending: Pending, owned: &[(ClientId, Epoch)]) {
        let client = match &pending {
            Pending::Page(page) => Some(page.publisher.clone()),
            Pending::Subscribe { client, .. }
            | Pending::Unsubscribe { client, .. }
            | Pending::Cursor(client, _)
            | Pending::Client(client) => self.clients.get(*client).map(|client| client.id.clone()),
            _ => None,
        };
        let unretained = match &pending {
            Pending::Retain(channel, _) => Some(*channel),
            _ => None,
        };
        match pending {
            Pending::Page(_) | Pending::Subscribe { .. } | Pending::Unsubscribe { .. } => {
                self.complete(pending, Err(Reject::StoreUnavailable));
            }
            pending => self.complete(pending, Ok(Outcome::Done)),
        }
        if let Some(channel) = unretained {
            self.refresh_retained(channel);
        }
        let epoch =
            |id: &ClientId| owned.iter().find(|(one, _)| one == id).map(|(_, epoch)| *epoch);
        if let Some(id) = client
            && let Some(epoch) = epoch(&id)
        {
            self.note_lost(&id, epoch);
        }
    }

    fn complete(&mut self, pending: Pending, outcome: Result<Outcome, Reject>) {
        match pending {
            Pending::Page(page) => self.page_committed(*page, outcome),
            Pending::Subscribe { client, channel, reply_to } => {
                let result = outcome.map(|outcome| match outcome {
                    Outcome::Subscribed { log, floor } => (log, floor),
                    other => unreachable!("a store answered a subscription with {other:?}"),
                });
                self.cursor_committed(client, channel, reply_to, result);
            }
            // Nothing of it is stored: it only had to wait its turn.
            Pending::Session { client, channel, connection, is_asked } => {
                self.session_subscribed(client, channel, connection, is_asked);
            }
            Pending::Unsubscribe { client, channel, reply_to } => {
                let result = outcome.as_ref().map(|_| ());
                self.unsubscribe_committed(client, channel, reply_to, result);
            }
            Pending::Retain(channel, version) => {
                self.retained_written(channel, version, outcome.map(|_| ()));
            }
            Pending::DropRetained { channel, version, asked } => {
                let result = outcome.as_ref().map(|_| ());
                self.retained_dropped(channel, version, asked, result);
            }
            Pending::Cursor(client, channel) => match outcome {
                Ok(Outcome::Moved { slowest }) => self.all_acknowledged(channel, slowest),
                Ok(_) => {}
                Err(_) => self.cursor_refused(client, channel),
            },
            Pending::History(channel, count) if outcome.is_err() => {
                self.history_refused(channel, count);
            }
            Pending::Clock(before) if outcome.is_err() => self.clocks.noted = before,
            Pending::DropHistory(channel) if outcome.is_err() => {
                self.dirty.dropped_histories.insert(channel);
            }
            // Another node may own it by now.
            Pending::Forget(_) if outcome.is_err() && self.is_shared() => {}
            Pending::Forget(client) if outcome.is_err() => self.dirty.forgotten.push(client),
            Pending::Forget(client) => self.note_forgotten(&client),
            Pending::DropLog(channel) if outcome.is_err() => self.dirty.unread.push(channel),
            Pending::OpenSession(client, number) if outcome.is_err() => {
                self.dirty.sessions.entry(client).or_insert(number);
            }
            Pending::Release(client) => self.released(&client),
            Pending::Barrier(ticket) => {
                let result = outcome.map(|_| ());
                self.outputs.push(Effect::Resolved { ticket, result });
            }
            Pending::Online(client, connection, announcements) => {
                self.announce_session((client, connection), &announcements);
            }
            Pending::SetAside(channel, log, last) if outcome.is_err() => {
                self.dirty.damaged.insert((channel, last), log);
            }
            Pending::SetAside(channel, log, _) | Pending::Trim(channel, log) => {
                self.log_trimmed((channel, log), extent_of(&outcome));
            }
            Pending::Purge(channel, log) => {
                self.log_purged((channel, log), extent_of(&outcome));
            }
            Pending::Client(key) if outcome.is_err() => {
                if let Some(client) = self.clients.get_mut(key) {
                    self.dirty.note_client(key, client);
                }
            }
            _ => {}
        }
    }

    fn page_committed(&mut self, page: PendingPage, outcome: Result<Outcome, Reject>) {
        let key = page.channel;
        self.channels[key].changes_under_way -= 1;
        self.channels[key].retained_under_way -= u32::from(page.retained.is_some());
        self.retained.release(page.reserved);
        let bytes = kept_bytes(&page);
        self.uncommitted_bytes_total -= bytes;
        let count = u64::from(page.count);
        self.uncommitted_count -= count;
        let counter = match outcome {
            Ok(Outcome::ClientUnknown) => &mut self.stats.publish_refused,
            // Also where its receiver is offline, of which its publisher hears: it is stored for it.
            Ok(_) => &mut self.stats.published,
            Err(_) => &mut self.stats.publish_refused,
        };
        *counter += count;
        if let Some(from) = page.from.and_then(|from| self.connections.get_mut(from)) {
            from.uncommitted_bytes -= bytes;
        }
        let result = match outcome {
            Ok(Outcome::ClientUnknown) => Err(self.refused_page(&page, Reject::ClientOffline)),
            Ok(outcome) => {
                if page.route.if_known {
                    self.note_direct(key, outcome);
                }
                let place = match outcome {
                    Outcome::Appended { log, first } | Outcome::Handed { log, first } => {
                        Some((log, first))
                    }
                    _ => None,
                };
                let reach = match place {
                    Some((log, first)) if self.is_shared() => self.arrive(&page, log, first),
                    _ => {
                        // A direct message is for a client of this server.
                        let origin = if self.is_direct(key) { Origin::Local } else { Origin::Own };
                        self.distribute(&page.committed(origin, place))
                    }
                };
                if self.settings.has_bus {
                    self.ring(&page, place);
                }
                if !self.tails.is_empty() {
                    self.tail_page(&page, Ok(reach));
                }
                if let Some(retained) = page.retained {
                    self.keep_retained(key, retained);
                }
                let is_handed = matches!(outcome, Outcome::Handed { .. });
                if page.route.offline && !is_handed { Err(Reject::ClientOffline) } else { Ok(None) }
            }
            Err(reject) => {
                if page.retained.is_some() {
                    self.refresh_retained(key);
                }
                Err(self.refused_page(&page, reject))
            }
        };
        let result = result.as_ref().map(|data: &Option<&str>| *data);
        if let Some(publisher) = page.from {
            for request in page.answers.requests() {
                self.answer_publish(publisher, Some(request), result);
            }
        }
        for &ticket in page.answers.tickets() {
            let result = result.map(|_| ()).map_err(Clone::clone);
            self.outputs.push(Effect::Resolved { ticket, result });
        }
        self.drop_unread_log(key);
        self.drop_if_idle(key);
    }
}

/// Returns what a log holds after it was trimmed, if it was.
fn extent_of(outcome: &Result<Outcome, Reject>) -> Option<LogExtent> {
    match outcome {
        Ok(Outcome::Trimmed(extent)) => Some(*extent),
        Ok(_) | Err(_) => None,
    }
}
