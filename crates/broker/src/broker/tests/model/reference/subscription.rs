//! What a client's subscription to a channel is, as far as the answers so far tell.

use std::collections::{BTreeSet, VecDeque};

use crate::ConnectionKey;

/// What a client, or the server for it, wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Wish {
    Subscribe { persistent: bool },
    Unsubscribe,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Kind {
    #[default]
    None,
    Temporary,
    Persistent,
}

/// Wishes take effect in the order they were made; the model is sure from the round on that
/// follows the last answer.
#[derive(Debug, Default)]
pub(super) struct Subscription {
    pub(super) kind: Kind,
    /// Counts everything that may change what the client receives.
    pub(super) epoch: u64,
    /// Messages that are owed no more, since they were owed to a subscription that was left.
    pub(super) written_off: BTreeSet<usize>,
    wishes: VecDeque<Wished>,
    has_just_changed: bool,
    /// Wishes whose answer is to come, by number and connection; answers keep their order.
    due: VecDeque<(u64, ConnectionKey)>,
    wish_count: u64,
}

#[derive(Debug)]
struct Wished {
    number: u64,
    wish: Wish,
    /// What was owed when the wish came.
    owed: BTreeSet<usize>,
    through: Through,
    /// Whether the session it came in has ended: nothing temporary comes of it.
    is_void: bool,
    outcome: Option<bool>,
}

/// Which way a wish goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Through {
    /// The round has not ended.
    Unknown,
    /// The batch of this number carries it.
    Store(u64),
    /// It is not stored, but may have to wait until this batch is completed.
    Memory(u64),
}

/// How a wish ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    Left,
    TakenBack,
}

impl Subscription {
    pub(super) fn is_sure(&self) -> bool {
        self.wishes.is_empty() && !self.has_just_changed
    }

    pub(super) fn begin_round(&mut self) {
        self.has_just_changed = false;
    }

    pub(super) fn wish(
        &mut self,
        wish: Wish,
        owed: BTreeSet<usize>,
        asked_on: Option<ConnectionKey>,
    ) {
        self.epoch += 1;
        self.wish_count += 1;
        let (number, through, outcome) = (self.wish_count, Through::Unknown, None);
        self.wishes.push_back(Wished { number, wish, owed, through, is_void: false, outcome });
        self.due.extend(asked_on.map(|connection| (number, connection)));
    }

    /// Nobody is there any more to be answered.
    pub(super) fn connection_removed(&mut self, connection: ConnectionKey) {
        self.due.retain(|(_, one)| *one != connection);
    }

    pub(super) fn end_session(&mut self) {
        self.epoch += 1;
        if self.kind == Kind::Temporary {
            self.kind = Kind::None;
        }
        self.wishes.iter_mut().for_each(|wished| wished.is_void = true);
    }

    /// The wish of this round is in the batch.
    pub(super) fn goes_through_the_store(&mut self, batch: u64) {
        if let Some(wished) = self.wishes.back_mut() {
            assert_eq!(wished.through, Through::Unknown, "a change nobody asked for");
            wished.through = Through::Store(batch);
        }
    }

    /// An answer came. If it did in the round of its wish, that was carried out at once.
    pub(super) fn answered(&mut self, connection: ConnectionKey) {
        let Some(place) = self.due.iter().position(|(_, one)| *one == connection) else { return };
        let (number, _) = self.due.remove(place).expect("it is there");
        let answered = self.wishes.iter_mut().find(|wished| wished.number == number);
        if let Some(wished) = answered.filter(|wished| wished.through == Through::Unknown) {
            wished.outcome = Some(true);
        }
        self.settle();
    }

    pub(super) fn end_round(&mut self, batch_count: u64, all_completed: bool) {
        for wished in &mut self.wishes {
            if wished.through == Through::Unknown {
                wished.through = Through::Memory(batch_count);
            }
            if all_completed && matches!(wished.through, Through::Memory(_)) {
                wished.outcome = Some(true);
            }
        }
        self.settle();
    }

    /// All batches up to `completed` are, the last of them as `is_done` says.
    pub(super) fn complete(&mut self, completed: u64, is_done: bool) -> Option<Change> {
        for wished in &mut self.wishes {
            match wished.through {
                Through::Store(batch) if batch == completed => wished.outcome = Some(is_done),
                Through::Memory(batch) if batch <= completed => wished.outcome = Some(true),
                _ => {}
            }
        }
        self.settle()
    }

    pub(super) fn crash(&mut self, is_stored: bool) {
        self.epoch += 1;
        self.wishes.clear();
        self.due.clear();
        self.written_off.clear();
        self.kind = if is_stored { Kind::Persistent } else { Kind::None };
    }

    fn settle(&mut self) -> Option<Change> {
        let mut change = None;
        while self.wishes.front().is_some_and(|wished| wished.outcome.is_some()) {
            let wished = self.wishes.pop_front().expect("there is one");
            self.epoch += 1;
            self.has_just_changed = true;
            let is_done = wished.outcome == Some(true);
            match (wished.wish, wished.through) {
                (Wish::Subscribe { persistent: true }, Through::Store(_)) if is_done => {
                    self.kind = Kind::Persistent;
                }
                // Without the store a subscription only becomes persistent if it is already.
                (Wish::Subscribe { persistent: false }, _) if !wished.is_void => {
                    self.kind = if self.kind == Kind::None { Kind::Temporary } else { self.kind };
                }
                (Wish::Subscribe { persistent: true }, Through::Unknown | Through::Memory(_)) => {
                    let is_there = wished.is_void || self.kind != Kind::None;
                    assert!(is_there, "J-46: the answer is OK, but there is no subscription");
                }
                (Wish::Subscribe { .. }, _) => {}
                (Wish::Unsubscribe, _) if is_done => {
                    change = Some(Change::Left);
                    self.written_off.extend(wished.owed);
                    self.kind = Kind::None;
                }
                (Wish::Unsubscribe, _) => change = Some(Change::TakenBack),
            }
        }
        change
    }
}
