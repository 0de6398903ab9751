//! Who owns a client, where several nodes share the store: a node claims a client before it opens a session of it, and
//! gives it back when it needs it no more, or when another node asks for it.
//!
//! A client in memory is one that this node owns, in the epoch that the store gave it. Whatever is written on its
//! behalf names the epoch, so that nothing is written any more once another node has claimed it.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use rialto_domain::{
    Change, Claim, Claimed, ClientId, ClientState, CloseReason, Epoch, FailureKind, Handover,
    Reject, Urgency,
};

use crate::{ClientKey, Effect, Encoder};

use super::{Broker, batch::Pending};

/// How long after a node was asked for a client it is asked again.
const ASK_EVERY: Duration = Duration::from_millis(100);

/// How long a node may take to release a client before it is taken by force.
const TAKEOVER_WAIT: Duration = Duration::from_millis(300);

/// Clients that are on their way to this node, or away from it.
#[derive(Debug, Default)]
pub(super) struct Claims {
    claiming: BTreeMap<ClientId, Claiming>,
    /// Claims that are to be made again, and when.
    due: BTreeSet<(Duration, ClientId)>,
    /// Clients that the store is told to release, each so often.
    releasing: BTreeMap<ClientId, u32>,
    /// Whether this node may serve nobody, since its lease is over.
    is_suspended: bool,
}

/// A client that this node wants.
#[derive(Debug, Default)]
struct Claiming {
    /// Who waits for it.
    tickets: Vec<u64>,
    /// Whether it is wanted whoever owns it.
    takes_over: bool,
    /// Since when its owner is asked.
    asked: Option<Duration>,
    /// Whether the store is to answer.
    is_under_way: bool,
}

impl<E: Encoder> Broker<E> {
    /// Wants a client; `takes_over` says whether it is taken from another node that owns it.
    pub(super) fn claim_owner(&mut self, id: ClientId, ticket: Option<u64>, takes_over: bool) {
        let claiming = self.claims.claiming.entry(id.clone()).or_default();
        claiming.tickets.extend(ticket);
        claiming.takes_over |= takes_over;
        let is_new = !claiming.is_under_way && claiming.asked.is_none();
        if is_new && !self.claims.releasing.contains_key(&id) {
            self.send_claim(id);
        }
    }

    fn send_claim(&mut self, client: ClientId) {
        let now = self.now.uptime;
        let Some(claiming) = self.claims.claiming.get_mut(&client) else { return };
        claiming.is_under_way = true;
        let urgency = match claiming.asked {
            _ if !claiming.takes_over => Urgency::IfFree,
            Some(asked) if asked + TAKEOVER_WAIT <= now => Urgency::Force,
            _ => {
                claiming.asked.get_or_insert(now);
                Urgency::Ask
            }
        };
        self.outputs.push(Effect::Claim(Claim { client, urgency }));
    }

    /// Makes claims again whose time has come.
    pub(super) fn claim_again(&mut self) {
        while let Some((due, _)) = self.claims.due.first()
            && *due <= self.now.uptime
            && let Some((_, client)) = self.claims.due.pop_first()
        {
            self.send_claim(client);
        }
    }

    /// Takes what came of a claim that was made by [`Effect::Claim`].
    pub fn on_claimed(&mut self, claim: &Claim, result: Result<Claimed, FailureKind>) {
        // What was written so far was written in the epoch before.
        self.settle();
        self.hand_over_batch();
        let id = &claim.client;
        let Some(claiming) = self.claims.claiming.get_mut(id) else { return };
        claiming.is_under_way = false;
        let is_upgraded = claim.urgency == Urgency::IfFree && claiming.takes_over;
        let result = match result {
            Ok(Claimed::Here { epoch, state, logs, has_session }) => {
                let is_needed = !claiming.tickets.is_empty();
                logs.iter().for_each(|log| self.learn_log(log.last + 1, log));
                self.take_owned(id, (epoch, has_session), state.as_ref(), is_needed);
                Ok(())
            }
            Ok(Claimed::Elsewhere(_)) if is_upgraded => return self.send_claim(id.clone()),
            Ok(Claimed::Elsewhere(_)) if claiming.takes_over => {
                self.claims.due.insert((self.now.uptime + ASK_EVERY, id.clone()));
                return;
            }
            Ok(Claimed::Elsewhere(_)) | Err(_) => Err(Reject::StoreUnavailable),
        };
        let claiming = self.claims.claiming.remove(id).unwrap_or_default();
        for ticket in claiming.tickets {
            self.outputs.push(Effect::Resolved { ticket, result: result.clone() });
        }
    }

    fn take_owned(
        &mut self,
        id: &ClientId,
        (epoch, has_session): (Epoch, bool),
        state: Option<&ClientState>,
        is_needed: bool,
    ) {
        match state {
            None => self.note_absent(id, epoch),
            Some(state) => {
                self.note_absent(id, epoch);
                self.take_up(id, state, is_needed);
            }
        }
        if has_session && let Some(&key) = self.client_keys.get(id) {
            // Taken over, it neither went nor came.
            self.clients[key].is_announced = true;
        }
    }

    /// Does as another node wishes, or has to find.
    pub(super) fn hand_over(&mut self, handover: &Handover) {
        let Handover { client: id, epoch, is_taken } = handover;
        if let Some(&key) = self.client_keys.get(id) {
            if self.clients[key].epoch == *epoch {
                self.give_up(key, *is_taken);
            }
            return;
        }
        let is_unneeded = self.take_absent(id, *epoch) || !self.claims.claiming.contains_key(id);
        if is_unneeded && !is_taken {
            self.release_id(id.clone(), *epoch);
        }
    }

    /// Ends the session of a client that another node claims, and lets it go; what is not written yet of it is only
    /// written if the client is not taken already.
    pub(super) fn give_up(&mut self, key: ClientKey, is_taken: bool) {
        self.settle();
        let id = self.clients[key].id.clone();
        if let Some(connection) = self.clients[key].connection {
            self.stats.sessions_taken_over += 1;
            self.end_session(connection, CloseReason::TakenOver);
            self.close(connection, CloseReason::TakenOver);
        }
        if self.clients.get(key).is_some_and(|client| client.detached.is_some()) {
            self.forget_lost(key);
            self.unnote_forgotten(&id);
        }
        // Whoever has it now goes on with its session, as far as others are told.
        self.dirty.sessions.remove(&id);
        if !self.clients.contains_key(key) {
            return;
        }
        if is_taken {
            self.let_go(key);
        } else {
            self.release(key);
        }
    }

    /// Writes what is only in memory of a client, and gives it back.
    pub(super) fn release(&mut self, key: ClientKey) {
        self.write_client(key);
        let (id, epoch) = (self.clients[key].id.clone(), self.clients[key].epoch);
        if let Some(number) = self.dirty.sessions.remove(&id) {
            self.write_session(id.clone(), number);
        }
        self.let_go(key);
        self.release_id(id, epoch);
    }

    /// Gives a client back that is not in memory.
    pub(super) fn release_id(&mut self, id: ClientId, epoch: Epoch) {
        if epoch == 0 {
            return;
        }
        *self.claims.releasing.entry(id.clone()).or_default() += 1;
        self.batch.own(id.clone(), epoch);
        self.batch.push(Change::Release(id.clone()), Pending::Release(id));
    }

    /// The store has released a client, or could not: whoever waited for that claims it.
    pub(super) fn released(&mut self, id: &ClientId) {
        let Some(count) = self.claims.releasing.get_mut(id) else { return };
        *count -= 1;
        if *count > 0 {
            return;
        }
        self.claims.releasing.remove(id);
        let claiming = self.claims.claiming.get(id);
        if claiming.is_some_and(|claiming| !claiming.is_under_way && claiming.asked.is_none()) {
            self.send_claim(id.clone());
        }
    }

    /// The store has not carried out a change on behalf of a client, since another node owns it.
    pub(super) fn note_lost(&mut self, id: &ClientId, epoch: Epoch) {
        if let Some(&key) = self.client_keys.get(id)
            && self.clients[key].epoch == epoch
        {
            self.give_up(key, true);
        }
    }

    /// Serves nobody until the node [has a lease again](Self::resume_service): sessions end, and none is opened.
    pub fn suspend_service(&mut self) {
        if std::mem::replace(&mut self.claims.is_suspended, true) {
            return;
        }
        self.settle();
        let open: Vec<_> = self.connections.iter().filter(|(_, it)| it.client.is_some()).collect();
        let open: Vec<_> = open.into_iter().map(|(connection, _)| connection).collect();
        for connection in open {
            self.end_session(connection, CloseReason::Internal);
            self.close(connection, CloseReason::Internal);
        }
    }

    /// Serves again.
    pub fn resume_service(&mut self) {
        self.claims.is_suspended = false;
    }

    /// Says whether the node may not serve, since its lease is over.
    pub fn is_suspended(&self) -> bool {
        self.claims.is_suspended
    }
}
