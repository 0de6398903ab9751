//! What a connection may be answered before it has to read.

use std::sync::Arc;

use crate::answers::{Answers, FREE_BYTES, Room};

/// Bytes of answers made before they are written; beyond that what was asked besides waits.
const TURN_BYTES_MAX: usize = 256 << 10;

/// The answers of one turn of a connection: counted as they are made, and promised before.
pub(crate) struct Allowance {
    answers: Arc<Answers>,
    room: Option<Room>,
    /// Bytes made in earlier rounds of the turn.
    made: usize,
    /// What all should have come to, those included that come later, from the store.
    promised: usize,
}

/// There is no allowance for an answer of this size before what was answered so far is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Exhausted {
    /// Bytes for which room has to be taken.
    pub(crate) wanted: usize,
}

impl Allowance {
    /// Begins a turn, with room that was waited for.
    pub(crate) fn new(answers: &Arc<Answers>, room: Option<Room>) -> Self {
        Allowance { answers: answers.clone(), room, made: 0, promised: 0 }
    }

    /// Says whether an answer of about `bytes` may be made now, 0 standing for one that is about as
    /// large as what is asked; `made` bytes were in this round.
    ///
    /// The first answer of a turn may have any size, if there is room for it.
    #[inline]
    pub(crate) fn admit(&mut self, bytes: usize, made: usize) -> Result<(), Exhausted> {
        let so_far = self.promised.max(self.made + made);
        if bytes == 0 && so_far < TURN_BYTES_MAX {
            return Ok(());
        }
        self.admit_large(bytes, so_far)
    }

    fn admit_large(&mut self, bytes: usize, so_far: usize) -> Result<(), Exhausted> {
        let wanted = if FREE_BYTES < bytes { bytes } else { 0 };
        let is_over = TURN_BYTES_MAX < so_far + bytes || TURN_BYTES_MAX <= so_far;
        if (0 < so_far && is_over) || !self.has_room(so_far + bytes) {
            return Err(Exhausted { wanted });
        }
        self.promised = so_far + bytes;
        Ok(())
    }

    /// Takes room for all of a turn's answers, if it has not enough yet.
    fn has_room(&mut self, bytes: usize) -> bool {
        let has = self.room.as_ref().map_or(0, Room::bytes);
        if bytes <= FREE_BYTES || bytes <= has {
            return true;
        }
        match (self.answers.try_take(bytes - has), &mut self.room) {
            (Some(more), Some(room)) => room.merge(more),
            (Some(more), none) => *none = Some(more),
            // What was waited for may have grown meanwhile, or be more than all there is.
            (None, room) => return room.is_some(),
        }
        true
    }

    /// Notes the answers that a round has made.
    pub(crate) fn note_made(&mut self, bytes: usize) {
        self.made += bytes;
    }

    /// Says whether large answers are still to come, from the store.
    pub(crate) fn is_owed(&self) -> bool {
        self.made + FREE_BYTES < self.promised
    }

    /// Ends the turn: returns the room that its answers take.
    pub(crate) fn into_room(self) -> Option<Room> {
        self.room
    }
}

#[cfg(test)]
mod tests;
