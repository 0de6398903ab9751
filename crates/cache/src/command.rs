//! Command lines: what clients may ask, and how it is written.

use bytes::Bytes;

use crate::{exptime::Exptime, key::Key, number::parsed, store::Direction};

/// Longest data block a length is believed of; of a longer one nothing could be swallowed in reasonable time.
const BLOCK_BYTES_MAX: u64 = i32::MAX as u64;

/// What a client asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// `get`, `gets`, `gat` and `gats`.
    Get {
        /// What to look up, in this order.
        keys: Vec<Key>,
        /// Whether the answer has the unique id that `cas` wants.
        with_cas: bool,
        /// The new time to live, for `gat` and `gats`.
        touch: Option<Exptime>,
        /// Whether the command ends here. A `get` longer than a line may be comes in pieces.
        is_last: bool,
    },
    /// One of the six commands that store a value.
    Store {
        /// Which of them.
        verb: Verb,
        /// The item.
        key: Key,
        /// A number that is the client's own, given back with the value.
        flags: u32,
        /// Its time to live.
        exptime: Exptime,
        /// The data block.
        value: Bytes,
    },
    /// `incr` and `decr`.
    Count {
        /// The item.
        key: Key,
        /// By how much.
        delta: u64,
        /// Up or down.
        direction: Direction,
    },
    /// `delete`.
    Delete(Key),
    /// `touch`.
    Touch(Key, Exptime),
    /// `flush_all`, with the time from now or since the epoch at which to do it.
    FlushAll(Exptime),
    /// `stats` without an argument.
    Stats,
    /// `stats reset`.
    StatsReset,
    /// `stats` of something this cache does not have, such as slabs.
    StatsOfNothing,
    /// `version`.
    Version,
    /// `verbosity`, which is taken and does nothing: the log is the server's.
    Verbosity,
    /// `quit`.
    Quit,
}

/// How a value is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Whatever was there.
    Set,
    /// Only where nothing is.
    Add,
    /// Only where something is.
    Replace,
    /// Behind the value that is there.
    Append,
    /// Before the value that is there.
    Prepend,
    /// Only if nobody has stored anything since: the id must be that of the item.
    Cas(u64),
}

/// Why a command is not carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// There is no such command, or it has too few or too many words.
    Unknown,
    /// A key, a number or a length is not what it should be.
    BadFormat,
    /// `delete` has a word more than it knows.
    BadDelete,
    /// A time to live is not a number.
    BadExptime,
    /// What to count by is not a number.
    BadDelta,
    /// The data block does not end where its length says.
    BadDataChunk,
    /// The value is longer than items may be.
    TooLarge {
        /// The item that `set` was to replace: it goes, since its client takes it to be out of date.
        stale: Option<Key>,
    },
    /// The command line is longer than lines may be. The connection ends.
    LineTooLong,
}

impl Fault {
    /// Returns what the client is told, without the end of the line.
    #[must_use]
    pub fn reply(&self) -> &'static str {
        match self {
            Fault::Unknown => "ERROR",
            Fault::BadFormat => "CLIENT_ERROR bad command line format",
            Fault::BadDelete => {
                "CLIENT_ERROR bad command line format.  Usage: delete <key> [noreply]"
            }
            Fault::BadExptime => "CLIENT_ERROR invalid exptime argument",
            Fault::BadDelta => "CLIENT_ERROR invalid numeric delta argument",
            Fault::BadDataChunk => "CLIENT_ERROR bad data chunk",
            Fault::TooLarge { .. } => "SERVER_ERROR object too large for cache",
            Fault::LineTooLong => "CLIENT_ERROR line too long",
        }
    }
}

/// A command line, understood.
#[derive(Debug)]
pub(crate) struct Command {
    pub(crate) meaning: Result<Meaning, Fault>,
    /// Whether the client wants no answer, not even an error.
    pub(crate) is_quiet: bool,
    /// Bytes of a data block that follows and that nobody wants, its line end included.
    pub(crate) unwanted_bytes: usize,
}

/// What a good line means.
#[derive(Debug)]
pub(crate) enum Meaning {
    Whole(Request),
    /// A data block follows.
    Block(Header),
}

/// What stands before a data block.
#[derive(Debug)]
pub(crate) struct Header {
    pub(crate) verb: Verb,
    pub(crate) key: Key,
    pub(crate) flags: u32,
    pub(crate) exptime: Exptime,
    pub(crate) value_bytes: usize,
}

impl Command {
    /// Reads a line without its end. Values of more than `item_bytes_max` bytes are refused.
    pub(crate) fn parse(line: &[u8], item_bytes_max: usize) -> Command {
        let words: Vec<&[u8]> = words(line).collect();
        let Some((name, arguments)) = words.split_first() else {
            return Command::loud(Err(Fault::Unknown));
        };
        let whole = |meaning: Result<Request, Fault>| meaning.map(Meaning::Whole);
        match *name {
            b"get" => Command::loud(whole(get(arguments, false))),
            b"gets" => Command::loud(whole(get(arguments, true))),
            b"gat" => Command::loud(whole(get_and_touch(arguments, false))),
            b"gats" => Command::loud(whole(get_and_touch(arguments, true))),
            b"stats" => Command::loud(whole(stats(arguments))),
            b"version" => Command::loud(Ok(Meaning::Whole(Request::Version))),
            b"quit" => Command::loud(Ok(Meaning::Whole(Request::Quit))),
            b"incr" => Command::small(arguments, count(arguments, Direction::Up)),
            b"decr" => Command::small(arguments, count(arguments, Direction::Down)),
            b"delete" => Command::small(arguments, delete(arguments)),
            b"touch" => Command::small(arguments, touch(arguments)),
            b"flush_all" => Command::small(arguments, flush_all(arguments)),
            b"verbosity" => Command::small(arguments, verbosity(arguments)),
            _ => match verb(name) {
                Some(verb) => store(verb, arguments, item_bytes_max),
                None => Command::loud(Err(Fault::Unknown)),
            },
        }
    }

    /// A command that is always answered.
    fn loud(meaning: Result<Meaning, Fault>) -> Command {
        Command { meaning, is_quiet: false, unwanted_bytes: 0 }
    }

    /// A command without a data block that may be quiet.
    fn small(arguments: &[&[u8]], request: Result<Request, Fault>) -> Command {
        // As in memcached, one with a wrong number of words is answered whatever its last word is.
        let is_quiet = is_quiet(arguments) && request != Err(Fault::Unknown);
        Command { meaning: request.map(Meaning::Whole), is_quiet, unwanted_bytes: 0 }
    }
}

/// Reads keys of a `get`, or of a further piece of one.
pub(crate) fn keys(words: &[&[u8]]) -> Result<Vec<Key>, Fault> {
    words.iter().map(|word| Key::parse(word).ok_or(Fault::BadFormat)).collect()
}

/// Cuts a line at its blanks.
pub(crate) fn words(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(|byte| *byte == b' ').filter(|word| !word.is_empty())
}

fn is_quiet(arguments: &[&[u8]]) -> bool {
    arguments.last() == Some(&&b"noreply"[..])
}

fn get(arguments: &[&[u8]], with_cas: bool) -> Result<Request, Fault> {
    if arguments.is_empty() {
        return Err(Fault::Unknown);
    }
    Ok(Request::Get { keys: keys(arguments)?, with_cas, touch: None, is_last: true })
}

fn get_and_touch(arguments: &[&[u8]], with_cas: bool) -> Result<Request, Fault> {
    let [exptime, keys @ ..] = arguments else { return Err(Fault::Unknown) };
    let exptime = Exptime::parse(exptime).ok_or(Fault::BadExptime)?;
    // As in memcached, without a key there is nothing to be found and nothing wrong.
    Ok(Request::Get { keys: self::keys(keys)?, with_cas, touch: Some(exptime), is_last: true })
}

fn stats(arguments: &[&[u8]]) -> Result<Request, Fault> {
    match arguments {
        [] => Ok(Request::Stats),
        [b"reset"] => Ok(Request::StatsReset),
        [b"settings" | b"items" | b"slabs" | b"sizes" | b"conns"] => Ok(Request::StatsOfNothing),
        _ => Err(Fault::Unknown),
    }
}

fn count(arguments: &[&[u8]], direction: Direction) -> Result<Request, Fault> {
    let ([key, delta] | [key, delta, _]) = arguments else { return Err(Fault::Unknown) };
    let key = Key::parse(key).ok_or(Fault::BadFormat)?;
    let delta = parsed(delta).ok_or(Fault::BadDelta)?;
    Ok(Request::Count { key, delta, direction })
}

fn delete(arguments: &[&[u8]]) -> Result<Request, Fault> {
    let ([key, rest @ ..], 1..=3) = (arguments, arguments.len()) else {
        return Err(Fault::Unknown);
    };
    // Old clients send a time, which had a meaning once; only 0 is still understood.
    let ([] | [b"0"] | [b"noreply"] | [b"0", b"noreply"]) = rest else {
        return Err(Fault::BadDelete);
    };
    Key::parse(key).map(Request::Delete).ok_or(Fault::BadFormat)
}

fn touch(arguments: &[&[u8]]) -> Result<Request, Fault> {
    let ([key, exptime] | [key, exptime, _]) = arguments else { return Err(Fault::Unknown) };
    let key = Key::parse(key).ok_or(Fault::BadFormat)?;
    let exptime = Exptime::parse(exptime).ok_or(Fault::BadExptime)?;
    Ok(Request::Touch(key, exptime))
}

fn flush_all(arguments: &[&[u8]]) -> Result<Request, Fault> {
    match arguments {
        [] | [b"noreply"] => Ok(Request::FlushAll(Exptime::NEVER)),
        [delay] | [delay, _] => {
            Exptime::parse(delay).map(Request::FlushAll).ok_or(Fault::BadExptime)
        }
        _ => Err(Fault::Unknown),
    }
}

fn verbosity(arguments: &[&[u8]]) -> Result<Request, Fault> {
    let Some(level) = arguments.first() else { return Err(Fault::Unknown) };
    parsed::<u32>(level).map(|_| Request::Verbosity).ok_or(Fault::BadFormat)
}

/// Returns the storing command of that name; the id of `cas` is yet to be read.
fn verb(name: &[u8]) -> Option<Verb> {
    Some(match name {
        b"set" => Verb::Set,
        b"add" => Verb::Add,
        b"replace" => Verb::Replace,
        b"append" => Verb::Append,
        b"prepend" => Verb::Prepend,
        b"cas" => Verb::Cas(0),
        _ => return None,
    })
}

fn store(verb: Verb, arguments: &[&[u8]], item_bytes_max: usize) -> Command {
    let count_min = if let Verb::Cas(_) = verb { 5 } else { 4 };
    if !(count_min..=count_min + 1).contains(&arguments.len()) {
        return Command::loud(Err(Fault::Unknown));
    }
    let is_quiet = is_quiet(arguments);
    let Some(value_bytes) = parsed::<u64>(arguments[3]).filter(|bytes| *bytes <= BLOCK_BYTES_MAX)
    else {
        return Command { meaning: Err(Fault::BadFormat), is_quiet, unwanted_bytes: 0 };
    };
    let meaning = header(verb, arguments, value_bytes as usize).and_then(|header| {
        if header.value_bytes <= item_bytes_max {
            return Ok(Meaning::Block(header));
        }
        Err(Fault::TooLarge { stale: (verb == Verb::Set).then_some(header.key) })
    });
    // memcached swallows the block of a value that is too large only, and takes that of a bad line for commands, with
    // which a value could give orders.
    let unwanted_bytes = if meaning.is_err() { value_bytes as usize + 2 } else { 0 };
    Command { meaning, is_quiet, unwanted_bytes }
}

fn header(verb: Verb, arguments: &[&[u8]], value_bytes: usize) -> Result<Header, Fault> {
    let verb = match verb {
        Verb::Cas(_) => Verb::Cas(parsed(arguments[4]).ok_or(Fault::BadFormat)?),
        verb => verb,
    };
    Ok(Header {
        verb,
        key: Key::parse(arguments[0]).ok_or(Fault::BadFormat)?,
        flags: parsed(arguments[1]).ok_or(Fault::BadFormat)?,
        exptime: Exptime::parse(arguments[2]).ok_or(Fault::BadFormat)?,
        value_bytes,
    })
}
