//! One run of a server, as a database knows it.

/// One run of a server, as the database knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Node {
    /// Never used again.
    pub id: i64,
    /// What its transactions must name to take effect.
    pub revision: i64,
    /// What logs that it appends to are marked with.
    pub generation: i64,
}

/// How an attempt to become the server of a database ended.
#[derive(Debug)]
pub enum Joined {
    /// It is.
    Yes(Node),
    /// Another one is.
    No {
        /// What it is called.
        name: String,
        /// Until when, in microseconds of the database's clock.
        until: i64,
    },
}
