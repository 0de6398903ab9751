//! What many messages of an inbox have in common, once for all of them.

use std::sync::Arc;

use rialto_domain::{ChannelName, ClientId, MessageId};

use crate::{Source, memory::shared};

use super::record::Stamp;

/// How many of the newest entries are compared with what comes, so that many publishers cost no more
/// than the memory of what they have in common.
const COMPARED_COUNT_MAX: usize = 32;

/// Where messages were published, by whom, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct About {
    pub(crate) channel: ChannelName,
    pub(crate) publisher: ClientId,
    /// The server that took them in, if it was another.
    pub(crate) server: Option<Arc<str>>,
    /// The client that the publisher speaks for, where it is a gateway.
    pub(crate) on_behalf_of: Option<Arc<str>>,
    /// The run of the server that gave them their names.
    pub(crate) origin: u64,
    /// Whether receivers acknowledge (QoS 1).
    pub(crate) acknowledged: bool,
}

/// What the messages of an inbox have in common, each by its place.
#[derive(Debug, Default)]
pub(super) struct Abouts {
    entries: Vec<Entry>,
    /// Places that can be used again.
    free: Vec<usize>,
    bytes: usize,
}

#[derive(Debug, Default)]
struct Entry {
    about: Option<Arc<About>>,
    /// Messages it stands for.
    count: usize,
}

impl About {
    pub(crate) fn source(&self, stamp: Stamp) -> Source<'_> {
        Source {
            publisher: &self.publisher,
            at: stamp.at,
            server: self.server.as_deref(),
            on_behalf_of: self.on_behalf_of.as_deref(),
            id: MessageId { origin: self.origin, sequence: stamp.sequence },
            logical: 0,
        }
    }

    /// Returns the memory it takes, with its place. The channel's name belongs to the channel, which
    /// the client is subscribed to; all else may live on here alone.
    fn bytes(&self) -> usize {
        let texts =
            [Some(self.publisher.as_str()), self.server.as_deref(), self.on_behalf_of.as_deref()];
        let texts: usize = texts.into_iter().flatten().map(|text| shared(text.len())).sum();
        2 * size_of::<Entry>() + shared(size_of::<Self>()) + texts
    }
}

impl Abouts {
    /// Returns the memory of all entries, about.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Returns the memory of one entry.
    pub(super) fn bytes_of(&self, place: usize) -> usize {
        self.entries[place].about.as_ref().map_or(0, |about| about.bytes())
    }

    /// Returns the place for one more message about which this is to be known.
    pub(super) fn take(&mut self, about: &Arc<About>) -> usize {
        let newest = self.entries.iter().enumerate().rev().take(COMPARED_COUNT_MAX);
        let same = |known: &Arc<About>| Arc::ptr_eq(known, about) || known == about;
        let found = newest.into_iter().find(|(_, entry)| entry.about.as_ref().is_some_and(same));
        let place = found.map(|(place, _)| place).unwrap_or_else(|| self.add(about.clone()));
        self.entries[place].count += 1;
        place
    }

    fn add(&mut self, about: Arc<About>) -> usize {
        self.bytes += about.bytes();
        let place = self.free.pop().unwrap_or_else(|| {
            self.entries.push(Entry::default());
            self.entries.len() - 1
        });
        self.entries[place].about = Some(about);
        place
    }

    /// Ends the use of a place for one message; returns what was known about it.
    pub(super) fn release(&mut self, place: usize) -> Arc<About> {
        let entry = &mut self.entries[place];
        entry.count -= 1;
        let about = entry.about.clone().expect("a place in use has an entry");
        if entry.count == 0 {
            entry.about = None;
            self.bytes -= about.bytes();
            self.free.push(place);
        }
        about
    }
}
