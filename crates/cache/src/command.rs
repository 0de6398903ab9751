//! Command lines: how what clients may ask is written.

use crate::{
    exptime::Exptime,
    fault::Fault,
    key::Key,
    number::parsed,
    report::Report,
    request::{Request, Verb},
    write::Direction,
};

/// Longest data block a length is believed of, as in memcached; of a longer one nothing could be swallowed in reasonable
/// time.
const BLOCK_BYTES_MAX: u64 = i32::MAX as u64 - 2;

/// A command line, understood.
#[derive(Debug)]
pub(crate) struct Command {
    pub(crate) meaning: Result<Meaning, Fault>,
    /// Whether the client wants no answer, not even an error.
    pub(crate) is_quiet: bool,
    /// What follows it.
    pub(crate) data: Data,
}

/// The data block behind a command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Data {
    /// There is none, or one that is wanted.
    Clear,
    /// Bytes of a block that nobody wants, its line end included.
    Unwanted(usize),
    /// The command stores something and does not say how much of what follows is its data.
    Unclear,
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
        if is_http(name, words.last().unwrap_or(name)) {
            return Command::loud(Err(Fault::Http));
        }
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
            b"slabs" => Command::small(arguments, slabs(arguments)),
            _ => match verb(name) {
                Some(verb) => store(verb, arguments, item_bytes_max),
                None => Command::loud(Err(Fault::Unknown)),
            },
        }
    }

    /// A command that is always answered.
    fn loud(meaning: Result<Meaning, Fault>) -> Command {
        Command { meaning, is_quiet: false, data: Data::Clear }
    }

    /// A command without a data block that may be quiet.
    fn small(arguments: &[&[u8]], request: Result<Request, Fault>) -> Command {
        // As in memcached, one with a wrong number of words is answered whatever its last word is.
        let is_quiet = is_quiet(arguments) && request != Err(Fault::Unknown);
        Command { meaning: request.map(Meaning::Whole), is_quiet, data: Data::Clear }
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

/// Says whether a line with this first and this last word is one of an HTTP request. A page in a browser can send those to
/// any port, and has its orders in what it posts.
fn is_http(first: &[u8], last: &[u8]) -> bool {
    first.eq_ignore_ascii_case(b"post")
        || first.eq_ignore_ascii_case(b"host:")
        || last.starts_with(b"HTTP/")
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
    Report::parse(arguments).map(Request::Stats).ok_or(Fault::Unknown)
}

fn slabs(arguments: &[&[u8]]) -> Result<Request, Fault> {
    let [b"automove", mode, ..] = arguments else { return Err(Fault::Unknown) };
    parsed::<u32>(mode).map(|_| Request::SlabsAutomove).ok_or(Fault::BadFormat)
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
    let is_quiet = is_quiet(arguments);
    let length = arguments.get(3).and_then(|length| parsed::<u64>(length));
    let Some(value_bytes) = length.filter(|bytes| *bytes <= BLOCK_BYTES_MAX) else {
        let fault = if arguments.len() <= 3 { Fault::Unknown } else { Fault::BadFormat };
        let data = if arguments.is_empty() { Data::Clear } else { Data::Unclear };
        return Command { meaning: Err(fault), is_quiet, data };
    };
    let meaning = header(verb, arguments, value_bytes as usize).and_then(|header| {
        if header.value_bytes <= item_bytes_max {
            return Ok(Meaning::Block(header));
        }
        Err(Fault::TooLarge { stale: (verb == Verb::Set).then_some(header.key) })
    });
    let has_more_words = !is_quiet && words_max(verb) < arguments.len();
    let data = match meaning {
        Ok(_) => Data::Clear,
        // A key with a blank in it puts every number one word further on.
        Err(_) if has_more_words => Data::Unclear,
        // Taken for commands, a value could give orders.
        Err(_) => Data::Unwanted(value_bytes as usize + 2),
    };
    Command { meaning, is_quiet, data }
}

/// Returns how many words a storing command has without `noreply`.
fn words_max(verb: Verb) -> usize {
    if let Verb::Cas(_) = verb { 5 } else { 4 }
}

fn header(verb: Verb, arguments: &[&[u8]], value_bytes: usize) -> Result<Header, Fault> {
    if words_max(verb) + 1 < arguments.len() {
        return Err(Fault::Unknown);
    }
    let verb = match verb {
        Verb::Cas(_) => {
            Verb::Cas(arguments.get(4).and_then(|id| parsed(id)).ok_or(Fault::BadFormat)?)
        }
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
