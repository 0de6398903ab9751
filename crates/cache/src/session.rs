//! One connection: bytes in, reply bytes out.

use std::io::Write as _;

use crate::{
    exptime::{Exptime, UnixMs},
    fault::Fault,
    item::Item,
    key::Key,
    reader::{Read, Reader},
    reply::{REPLY_BYTES_MAX, say},
    request::Request,
    stats::{Counter, OpenConnection},
    stats_page,
    store::Store,
    write::{NoSum, Stored, Write},
};

/// What a session wants next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// More bytes of its client.
    Hungry,
    /// To be called again, with the rest of the input, when the reply is written.
    Full,
    /// To be closed when the reply is written.
    Closed,
}

/// One connection.
///
/// # Limits
/// Beside what [`Reader`] holds, the keys of one line. A reply is at most [`REPLY_BYTES_MAX`] and one value long, however
/// much was asked for.
#[derive(Debug)]
pub struct Session {
    reader: Reader,
    /// A `get` that is not answered to its end.
    lookup: Option<Lookup>,
    has_quit: bool,
    _open: OpenConnection,
}

#[derive(Debug)]
struct Lookup {
    keys: std::vec::IntoIter<Key>,
    with_cas: bool,
    touch: Option<Exptime>,
    is_last: bool,
}

impl Session {
    /// Begins a connection to `store`.
    #[must_use]
    pub fn new(store: &Store) -> Session {
        let reader = Reader::new(store.item_bytes_max());
        let open = store.stats().connections.begin();
        Session { reader, lookup: None, has_quit: false, _open: open }
    }

    /// Does what the client asks in `input`, takes that off its front, and adds the answers to `reply`.
    ///
    /// Changes of published keys are then in [`Store::take_changes`].
    pub fn advance(
        &mut self,
        store: &Store,
        now: UnixMs,
        input: &mut &[u8],
        reply: &mut Vec<u8>,
    ) -> Progress {
        let (input_before, reply_before) = (input.len(), reply.len());
        let progress = self.answer_all(store, now, input, reply);
        let counters = &store.stats().counters;
        counters.add(Counter::BytesRead, (input_before - input.len()) as u64);
        counters.add(Counter::BytesWritten, (reply.len() - reply_before) as u64);
        progress
    }

    fn answer_all(
        &mut self,
        store: &Store,
        now: UnixMs,
        input: &mut &[u8],
        reply: &mut Vec<u8>,
    ) -> Progress {
        while reply.len() < REPLY_BYTES_MAX {
            if self.has_quit {
                return Progress::Closed;
            }
            if let Some(lookup) = &mut self.lookup {
                if !lookup.answer_one(store, now, reply) {
                    self.lookup = None;
                }
                continue;
            }
            match self.reader.next(input) {
                Some(read) => self.answer(store, now, read, reply),
                None if self.reader.is_over() => return Progress::Closed,
                None => return Progress::Hungry,
            }
        }
        Progress::Full
    }

    fn answer(&mut self, store: &Store, now: UnixMs, read: Read, reply: &mut Vec<u8>) {
        let before = reply.len();
        match read.request {
            Ok(Request::Get { keys, with_cas, touch, is_last }) => {
                self.lookup = Some(Lookup { keys: keys.into_iter(), with_cas, touch, is_last });
            }
            Ok(Request::Quit) => self.has_quit = true,
            Ok(request) => carry_out(store, now, request, reply),
            Err(fault) => {
                if let Fault::TooLarge { stale } = &fault {
                    store.discard(stale.as_ref(), now);
                }
                if !fault.is_unanswered() {
                    say(reply, fault.reply());
                }
            }
        }
        if read.is_quiet {
            reply.truncate(before);
        }
    }
}

impl Lookup {
    /// Answers the next key, or the end of the command; says whether there is more.
    fn answer_one(&mut self, store: &Store, now: UnixMs, reply: &mut Vec<u8>) -> bool {
        let Some(key) = self.keys.next() else {
            if self.is_last {
                say(reply, "END");
            }
            return false;
        };
        let item = match self.touch {
            Some(exptime) => store.get_and_touch(&key, exptime, now),
            None => store.get(&key, now),
        };
        if let Some(item) = item {
            say_value(reply, &key, &item, self.with_cas);
        }
        true
    }
}

fn carry_out(store: &Store, now: UnixMs, request: Request, reply: &mut Vec<u8>) {
    match request {
        Request::Store { verb, key, flags, exptime, value } => {
            let write = Write { key, flags, exptime, value };
            say(reply, stored(store.write(verb, write, now)));
        }
        Request::Count { key, delta, direction } => {
            match store.count(&key, delta, direction, now) {
                Ok(sum) => say(reply, &sum.to_string()),
                Err(NoSum::NotFound) => say(reply, "NOT_FOUND"),
                Err(NoSum::NotNumeric) => {
                    say(reply, "CLIENT_ERROR cannot increment or decrement non-numeric value");
                }
            }
        }
        Request::Delete(key) => say_either(reply, store.delete(&key, now), "DELETED"),
        Request::Touch(key, exptime) => {
            say_either(reply, store.touch(&key, exptime, now), "TOUCHED");
        }
        Request::FlushAll(at) => {
            store.flush_all(at, now);
            say(reply, "OK");
        }
        Request::Stats(report) => stats_page::answer(&report, store, now, reply),
        Request::SlabsAutomove => say(reply, "OK"),
        Request::Version => say(reply, concat!("VERSION ", env!("CARGO_PKG_VERSION"))),
        Request::Verbosity => say(reply, "OK"),
        // Both are the session's own.
        Request::Get { .. } | Request::Quit => {}
    }
}

fn stored(outcome: Stored) -> &'static str {
    match outcome {
        Stored::Stored => "STORED",
        Stored::NotStored => "NOT_STORED",
        Stored::Exists => "EXISTS",
        Stored::NotFound => "NOT_FOUND",
        Stored::TooLarge => "SERVER_ERROR object too large for cache",
    }
}

fn say_either(reply: &mut Vec<u8>, is_found: bool, found: &str) {
    say(reply, if is_found { found } else { "NOT_FOUND" });
}

fn say_value(reply: &mut Vec<u8>, key: &Key, item: &Item, with_cas: bool) {
    reply.extend_from_slice(b"VALUE ");
    reply.extend_from_slice(key.as_bytes());
    // Writing to a vector cannot fail.
    _ = write!(reply, " {} {}", item.flags, item.value.len());
    if with_cas {
        _ = write!(reply, " {}", item.cas);
    }
    reply.extend_from_slice(b"\r\n");
    reply.extend_from_slice(&item.value);
    reply.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests;
