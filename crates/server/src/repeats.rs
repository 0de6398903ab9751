//! Requests that carry a key of their own, so that one that is sent again is not carried out again
//! (`Idempotency-Key`): who lost the answer, and not the request, can ask for it once more.
//!
//! Kept in memory: a restart forgets them.

use std::{
    collections::{HashMap, VecDeque},
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::Arc,
    time::Duration,
};

use parking_lot::Mutex;
use rialto_stopwatch::Moment;

/// How long an answer is kept.
pub(crate) const KEPT_FOR: Duration = Duration::from_secs(600);
/// Most answers that are kept; beyond, the oldest go.
const COUNT_MAX: usize = 10_000;
/// Bytes of their texts in all; beyond, the oldest go.
const BYTES_MAX: usize = 8 << 20;
/// Most bytes of a key.
pub(crate) const KEY_BYTES_MAX: usize = 255;

/// The answers that were given.
#[derive(Debug, Clone, Default)]
pub(crate) struct Repeats(Arc<Mutex<Table>>);

#[derive(Debug, Default)]
struct Table {
    known: HashMap<Name, Entry>,
    /// Oldest first.
    order: VecDeque<(Moment, Name)>,
    bytes: usize,
}

/// Whose request it is, and the key that it carries.
type Name = Arc<(String, Vec<u8>)>;

#[derive(Debug)]
struct Entry {
    /// What stands for all that the request says.
    content: u64,
    /// There once it is carried out: a text, or none.
    answer: Option<Option<String>>,
}

/// What is known of a request that may be carried out, or was.
#[derive(Debug)]
pub(crate) enum Known {
    /// It is new, and to be carried out.
    New(UnderWay),
    /// It was carried out, and answered with this text, or with none.
    Answered(Option<String>),
}

/// Why a request is neither carried out nor answered as before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Clash {
    /// The same one is being carried out.
    #[error("the request with this Idempotency-Key is still being carried out")]
    UnderWay,
    /// Its key was that of another request.
    #[error("another request had this Idempotency-Key")]
    Other,
}

/// A request that is being carried out; forgotten when this is dropped before it was.
#[derive(Debug)]
pub(crate) struct UnderWay {
    name: Name,
    repeats: Repeats,
}

impl Repeats {
    /// Looks a request up, by whose it is, its key, and all that it says.
    ///
    /// # Errors
    /// [`Clash`].
    pub(crate) fn look_up(&self, who: &str, key: &[u8], content: &[&[u8]]) -> Result<Known, Clash> {
        let mut hasher = DefaultHasher::new();
        content.hash(&mut hasher);
        let content = hasher.finish();
        let name = Name::new((who.to_owned(), key.to_vec()));
        let mut table = self.0.lock();
        table.forget_old();
        match table.known.get(&name) {
            Some(entry) if entry.content != content => Err(Clash::Other),
            Some(Entry { answer: Some(answer), .. }) => Ok(Known::Answered(answer.clone())),
            Some(_) => Err(Clash::UnderWay),
            None => {
                table.known.insert(name.clone(), Entry { content, answer: None });
                Ok(Known::New(UnderWay { name, repeats: self.clone() }))
            }
        }
    }
}

impl Table {
    fn forget_old(&mut self) {
        while let Some((since, _)) = self.order.front()
            && (KEPT_FOR <= since.elapsed()
                || COUNT_MAX < self.order.len()
                || BYTES_MAX < self.bytes)
        {
            let Some((_, name)) = self.order.pop_front() else { return };
            if let Some(Entry { answer: Some(Some(text)), .. }) = self.known.remove(&name) {
                self.bytes -= text.len();
            }
        }
    }
}

impl UnderWay {
    /// Keeps the answer.
    pub(crate) fn answered(self, text: Option<String>) {
        let mut table = self.repeats.0.lock();
        table.bytes += text.as_ref().map_or(0, String::len);
        table.order.push_back((Moment::now(), self.name.clone()));
        if let Some(entry) = table.known.get_mut(&self.name) {
            entry.answer = Some(text);
        }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut table = self.repeats.0.lock();
        if table.known.get(&self.name).is_some_and(|entry| entry.answer.is_none()) {
            table.known.remove(&self.name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_carried_out_once_and_its_answer_is_for_whose_it_is() {
        let repeats = Repeats::default();
        let look_up = |who: &str, content: &str| repeats.look_up(who, b"k", &[content.as_bytes()]);
        let Ok(Known::New(first)) = look_up("ann", "1") else { panic!("it is new") };
        assert!(matches!(look_up("ann", "1"), Err(Clash::UnderWay)));
        assert!(matches!(look_up("bob", "1"), Ok(Known::New(_))));
        first.answered(Some("done".to_owned()));
        assert!(matches!(look_up("ann", "1"), Ok(Known::Answered(Some(text))) if text == "done"));
        assert!(matches!(look_up("ann", "2"), Err(Clash::Other)));
    }

    #[test]
    fn one_that_was_not_carried_out_can_be_sent_again() {
        let repeats = Repeats::default();
        drop(repeats.look_up("ann", b"k", &[b"1"]));
        assert!(matches!(repeats.look_up("ann", b"k", &[b"2"]), Ok(Known::New(_))));
    }

    #[test]
    fn the_oldest_answers_go_first() {
        let repeats = Repeats::default();
        let answer = |key: usize| match repeats.look_up("ann", &key.to_le_bytes(), &[]) {
            Ok(Known::New(request)) => {
                request.answered(Some("x".repeat(1000)));
                true
            }
            _ => false,
        };
        assert!((0..=BYTES_MAX / 1000).all(answer));
        assert!(!answer(BYTES_MAX / 1000), "the newest is kept");
        assert!(answer(0), "the oldest is not");
        assert!(repeats.0.lock().bytes <= BYTES_MAX + 1000);
    }
}
