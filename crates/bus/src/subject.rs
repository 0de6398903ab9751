//! What messages are published on.

use std::{fmt, sync::Arc};

use aws_lc_rs::digest;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

/// How many bytes of a hash stand in the subject of a channel.
const HASH_BYTES: usize = 16;

/// Slots of a Redis Cluster.
const SLOTS: usize = 16_384;

/// What messages are published on and subscribed to.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Subject(Arc<str>);

impl Subject {
    /// Returns its text, which has letters, digits and `:`, `-`, `_`, `{`, `}` and whatever the prefix has.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Subject {
    fn from(text: &str) -> Self {
        Subject(Arc::from(text))
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Makes subjects: `PREFIX:c:HASH` of channels, `PREFIX:n:NODE` of nodes, and `PREFIX:all`.
///
/// The hash is the first 128 bits of the channel's SHA-256, as 22 characters of URL-safe base64: two channels may have one subject,
/// so that a message says which it is of. Filters will have `PREFIX:f:HASH`.
///
/// Where the bus is a Redis Cluster, a tag of the partition stands behind the prefix, as in `PREFIX:{4a}:c:HASH`: all
/// subjects of a partition are on one of its servers.
#[derive(Debug, Clone)]
pub struct Subjects {
    prefix: String,
    /// The tags of the partitions; none where there is one server.
    tags: Vec<String>,
}

impl Subjects {
    /// Makes subjects for one server.
    #[must_use]
    pub fn new(prefix: &str) -> Self {
        Subjects { prefix: prefix.to_owned(), tags: Vec::new() }
    }

    /// Makes subjects for a Redis Cluster: of so many partitions, whose slots are spread evenly.
    #[must_use]
    pub fn partitioned(prefix: &str, partitions: usize) -> Self {
        let tags = (0..partitions).map(|number| tag(number, partitions)).collect();
        Subjects { prefix: prefix.to_owned(), tags }
    }

    /// Returns the subject of a channel.
    #[must_use]
    pub fn channel(&self, name: &str) -> Subject {
        let digest = digest::digest(&digest::SHA256, name.as_bytes());
        let hash = digest.as_ref().first_chunk::<HASH_BYTES>().copied().unwrap_or_default();
        let text = URL_SAFE_NO_PAD.encode(hash);
        let partition = usize::from(hash[0]) << 8 | usize::from(hash[1]);
        self.make(partition, format_args!("c:{text}"))
    }

    /// Returns the subject that one node hears.
    #[must_use]
    pub fn node(&self, node: u64) -> Subject {
        self.make(node as usize, format_args!("n:{node}"))
    }

    /// Returns the subject that all nodes hear.
    #[must_use]
    pub fn all(&self) -> Subject {
        self.make(0, format_args!("all"))
    }

    fn make(&self, partition: usize, rest: fmt::Arguments<'_>) -> Subject {
        let prefix = &self.prefix;
        let text = match self.tags.get(partition % self.tags.len().max(1)) {
            Some(tag) => format!("{prefix}:{{{tag}}}:{rest}"),
            None => format!("{prefix}:{rest}"),
        };
        Subject(Arc::from(text))
    }
}

/// Returns the first number, in hexadecimal, whose slot is in a partition's part of all slots.
fn tag(number: usize, partitions: usize) -> String {
    let slots = number * SLOTS / partitions..(number + 1) * SLOTS / partitions;
    let mut tags = (0_u32..).map(|tag| format!("{tag:x}"));
    tags.find(|tag| slots.contains(&slot(tag.as_bytes()))).unwrap_or_default()
}

/// Returns the slot of a tag: CRC16 as XMODEM has it, as Redis Cluster says.
fn slot(tag: &[u8]) -> usize {
    let mut crc = 0_u16;
    for byte in tag {
        crc ^= u16::from(*byte) << 8;
        for _ in 0..8 {
            crc = if crc & 0x8000 == 0 { crc << 1 } else { crc << 1 ^ 0x1021 };
        }
    }
    usize::from(crc) % SLOTS
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{SLOTS, Subjects, slot};

    #[test]
    fn slots_are_those_of_redis() {
        // The check value of the specification, and what `CLUSTER KEYSLOT` answers.
        assert_eq!((slot(b"123456789"), slot(b"foo")), (0x31C3, 12182));
    }

    #[test]
    fn a_channel_has_a_hash_and_a_node_its_number() {
        let subjects = Subjects::new("rialto");
        let channel = subjects.channel("room");
        assert_eq!(channel.as_str().len(), "rialto:c:".len() + 22);
        assert_eq!(channel, subjects.channel("room"));
        assert_ne!(channel, subjects.channel("rooms"));
        assert_eq!(subjects.node(7).as_str(), "rialto:n:7");
        assert_eq!(subjects.all().as_str(), "rialto:all");
    }

    #[test]
    fn partitions_have_slots_of_all_parts() {
        let subjects = Subjects::partitioned("r", 256);
        let parts: BTreeSet<_> =
            subjects.tags.iter().map(|tag| slot(tag.as_bytes()) * 256 / SLOTS).collect();
        assert_eq!(parts.len(), 256);
        let tagged = subjects.channel("room");
        assert!(tagged.as_str().starts_with("r:{"), "{tagged:?}");
        let used: BTreeSet<_> = (0..4000)
            .map(|number| subjects.channel(&number.to_string()))
            .map(|subject| subject.as_str().split(['{', '}']).nth(1).unwrap().to_owned())
            .collect();
        assert_eq!(used.len(), 256);
    }
}
