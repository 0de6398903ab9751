//! Names and numbers as every database holds them.

/// How many parts the tables could be divided into.
const SHARDS: u32 = 64;

/// Returns the part that a name belongs to.
#[must_use]
pub fn shard(name: &str) -> i16 {
    (crc32fast::hash(name.as_bytes()) % SHARDS) as i16
}

/// Returns a number as a database holds it; those beyond what it can hold as the greatest.
#[must_use]
pub fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
