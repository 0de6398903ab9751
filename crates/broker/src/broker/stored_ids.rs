//! Which clients the store may know, so that it need not be asked about those that it does not.
//!
//! Whoever connects for the first time, or has nothing but its name in the store, must not wait for it. So
//! the ids of all stored clients are looked through once, while the first clients are served already, and
//! *noted*: some bits of a hash of each. Two clients may have the same bits, and one that was
//! forgotten keeps its own: then the store is asked in vain, and that is all. From then on who is new is
//! noted when it comes. Once there are many more than there were, all are noted anew.

use std::{collections::HashSet, hash::BuildHasher};

use rialto_domain::{ClientId, FailureKind, StoredId};

use crate::{Effect, Encoder, LoadRequest, hasher::Hasher};

use super::Broker;

/// Ids that are looked through together: so few that who connects meanwhile hardly waits behind them.
const LISTED_MAX: usize = 200;

/// How many ids may be noted beyond twice those that were listed last.
const GROWTH_MAX: usize = 1 << 16;

/// What is noted of the ids of stored clients: about 10 bytes a client.
#[derive(Debug, Default)]
pub(super) struct StoredIds {
    /// Of each client 31 bits of a hash, and one that says that it may have a cursor: who had none
    /// and then has one is noted twice.
    noted: HashSet<u32, Hasher>,
    /// The same, while all are looked through again.
    renewed: Option<HashSet<u32, Hasher>>,
    hasher: Hasher,
    /// How many may be noted before all are looked through again; `None` until they were for the first
    /// time, and before that nothing can be said of anybody.
    noted_max: Option<usize>,
}

impl StoredIds {
    fn may_know(&self, id: &str) -> bool {
        self.noted_max.is_none() || self.has(id, false) || self.has(id, true)
    }

    fn may_have_cursor(&self, id: &str) -> bool {
        self.noted_max.is_none() || self.has(id, true)
    }

    fn has(&self, id: &str, has_cursor: bool) -> bool {
        self.noted.contains(&self.bits(id, has_cursor))
    }

    fn note(&mut self, id: &str, has_cursor: bool) {
        let bits = self.bits(id, has_cursor);
        self.noted.insert(bits);
        if let Some(renewed) = &mut self.renewed {
            renewed.insert(bits);
        }
    }

    fn bits(&self, id: &str, has_cursor: bool) -> u32 {
        (self.hasher.hash_one(id) as u32) << 1 | u32::from(has_cursor)
    }
}

impl<E: Encoder> Broker<E> {
    /// Says whether the store knows nothing of a client.
    pub(super) fn is_unknown_to_store(&self, client: &str) -> bool {
        !self.is_shared() && !self.stored_ids.may_know(client)
    }

    /// Says whether nothing is in the store that a client's session begins with.
    pub(super) fn has_no_stored_cursor(&self, client: &str) -> bool {
        !self.is_shared() && !self.stored_ids.may_have_cursor(client)
    }

    /// Notes that the store knows a client, or will.
    pub(super) fn note_stored(&mut self, client: &str, has_cursor: bool) {
        if !self.is_whole() {
            self.stored_ids.note(client, has_cursor);
        }
    }

    /// Begins to look through the ids of stored clients, where that was not done yet, or when there
    /// were far fewer.
    pub(super) fn look_through_ids(&mut self) {
        let StoredIds { noted, renewed, noted_max, .. } = &self.stored_ids;
        let is_due = noted_max.is_none_or(|noted_max| noted_max < noted.len());
        // Others make clients, too, where the store is shared.
        if is_due && renewed.is_none() && !self.is_whole() && !self.is_shared() {
            self.stored_ids.renewed = Some(HashSet::default());
            self.list_ids(ClientId::from(""));
        }
    }

    fn list_ids(&mut self, after: ClientId) {
        self.outputs.push(Effect::Load(LoadRequest::Ids { after, count_max: LISTED_MAX }));
    }

    /// Takes the ids of some stored clients.
    pub fn on_ids(&mut self, result: Result<&[StoredId], FailureKind>) {
        let Ok(ids) = result else {
            // What cannot be listed now is looked through another time.
            self.stored_ids.renewed = None;
            return;
        };
        for StoredId { id, has_cursor } in ids {
            let bits = self.stored_ids.bits(id.as_str(), *has_cursor);
            self.stored_ids.renewed.get_or_insert_default().insert(bits);
        }
        match ids.last() {
            Some(last) if ids.len() == LISTED_MAX => self.list_ids(last.id.clone()),
            _ => self.end_listing(),
        }
    }

    fn end_listing(&mut self) {
        if let Some(renewed) = self.stored_ids.renewed.take() {
            self.stored_ids.noted_max = Some(2 * renewed.len() + GROWTH_MAX);
            self.stored_ids.noted = renewed;
        }
    }
}
