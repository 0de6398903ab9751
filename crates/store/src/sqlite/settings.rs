//! How a store is kept in SQLite.

/// The database's name in the store's directory.
pub(super) const DATABASE_FILE: &str = "rialto.db";

/// Write-ahead log pages after which a commit moves them into the database.
///
/// Measured with 50 pages of 15 kB a commit: the larger, the fewer and longer the pauses. 4 MiB
/// gave 1.5 M messages/s and 11 ms at the 99th percentile of commits, 16 MiB 2.2 M and 15 ms.
const CHECKPOINT_PAGES: u32 = 2048;

/// What a commit that returned `Ok` survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// Loss of power: the disk has confirmed it.
    #[default]
    Fsync,
    /// Death of the process: the operating system has it. The latest commits may be lost with
    /// the power, but only the latest, and in order.
    Os,
}

/// How to keep a store in SQLite.
#[derive(Debug, Clone)]
pub struct SqliteSettings {
    /// What a commit survives.
    pub durability: Durability,
    /// How large the database may grow, without its write-ahead log; a file that is larger
    /// already keeps its size, and a new schema version takes what it needs. At the limit commits
    /// fail with [`Cause::Full`](crate::Cause::Full) until something was trimmed or dropped. `None` for
    /// as large as the disk allows; but on a disk that is full to the last byte nothing can be trimmed
    /// either, until room is made by other means.
    pub bytes_max: Option<u64>,
    /// Up to which size the whole database is checked for damage when it is opened, which reads
    /// it once. Default 64 MiB, which takes a moment.
    pub check_bytes_max: u64,
    /// Pages in the write-ahead log after which a commit moves them into the database. Default
    /// 2,048, which is 8 MiB.
    pub checkpoint_pages: u32,
}

impl Default for SqliteSettings {
    fn default() -> Self {
        SqliteSettings {
            durability: Durability::default(),
            bytes_max: None,
            check_bytes_max: 64 << 20,
            checkpoint_pages: CHECKPOINT_PAGES,
        }
    }
}
