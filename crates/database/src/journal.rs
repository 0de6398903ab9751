//! What a node's transactions tell the others: the text in a row of the journal.
//!
//! It is a list, divided by commas: `7:161:164` says that log 7 has grown by the messages 161 to 164, `g9` that log 9
//! has gone, `r726f6f6d` that what the channel of that name retains was changed, its bytes in hexadecimal. A server that does not
//! share its database writes `7:164`, which nobody reads.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use rialto_domain::{ChannelName, LogId, Sequence};

/// What journals have told.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Told {
    /// Logs, each with the first message that was appended.
    pub(crate) grown: BTreeMap<i64, Sequence>,
    pub(crate) gone: Vec<LogId>,
    pub(crate) retained: BTreeSet<ChannelName>,
}

/// Returns what a transaction has to tell.
pub(crate) fn text<'a>(
    grown: impl Iterator<Item = (i64, Sequence, Sequence)>,
    gone: &[i64],
    retained: impl Iterator<Item = &'a ChannelName>,
) -> String {
    let grown = grown.map(|(log, first, last)| format!("{log}:{first}:{last}"));
    let gone = gone.iter().map(|log| format!("g{log}"));
    let retained = retained.map(|channel| {
        let mut text = "r".to_owned();
        for byte in channel.as_str().bytes() {
            _ = write!(text, "{byte:02x}");
        }
        text
    });
    grown.chain(gone).chain(retained).collect::<Vec<_>>().join(",")
}

/// Reads what a transaction tells; what one's own logs have grown by is known.
pub(crate) fn read(text: &[u8], is_own: bool, told: &mut Told) {
    for word in String::from_utf8_lossy(text).split(',') {
        if let Some(log) = word.strip_prefix('g').and_then(|log| log.parse().ok()) {
            told.gone.push(LogId(log));
        } else if let Some(name) = word.strip_prefix('r').and_then(name) {
            told.retained.insert(name);
        } else if let Some((log, first)) = grown(word).filter(|_| !is_own) {
            let known = told.grown.entry(log).or_insert(first);
            *known = first.min(*known);
        }
    }
}

fn grown(word: &str) -> Option<(i64, Sequence)> {
    let mut parts = word.split(':');
    let (log, first) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    parts.next().map(|_| (log, first))
}

fn name(hexadecimal: &str) -> Option<ChannelName> {
    let digits = hexadecimal.as_bytes().chunks(2);
    let bytes = digits.map(|two| u8::from_str_radix(std::str::from_utf8(two).ok()?, 16).ok());
    let name = String::from_utf8(bytes.collect::<Option<Vec<u8>>>()?).ok()?;
    Some(ChannelName::from(name.as_str()))
}

#[cfg(test)]
mod tests {
    use super::{LogId, Told, read, text};

    #[test]
    fn what_is_told_is_read_as_it_was_meant() {
        let name = "r\u{0},o:\u{e4}".into();
        let text = text([(7, 161, 164), (9, 1, 2)].into_iter(), &[3, 4], [&name].into_iter());
        let mut told = Told::default();
        read(text.as_bytes(), false, &mut told);
        let grown = [(7, 161), (9, 1)].into_iter().collect();
        let gone = vec![LogId(3), LogId(4)];
        let expected = Told { grown, gone, retained: [name].into_iter().collect() };
        assert_eq!(told, expected);

        let mut own = Told::default();
        read(text.as_bytes(), true, &mut own);
        assert_eq!(own, Told { grown: [].into_iter().collect(), ..expected });
        read(b"7:165,7:160:161,", false, &mut told);
        assert_eq!(told.grown.get(&7), Some(&160), "the first of all, and no word without a first");
    }
}
