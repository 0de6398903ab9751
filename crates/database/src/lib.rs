//! What drivers of databases share, whichever SQL they speak.
//!
//! [`DatabaseStore`] fulfils the store's contract, [`rialto_store::Store`], upon a [`Database`], which is what a driver
//! brings: it connects, makes its tables, takes the right to write, and carries out [`Statement`]s over a [`Link`]. A
//! commit is one transaction: a plan sorts the changes into stages, each of which becomes a few statements, all sent at
//! once, and a row of the journal says that it was committed, should the answer be lost. A [`Node`] is one run of a server, which
//! may write as long as no other has taken its lease.
//!
//! No SQL stands here. Tested by the drivers' tests, each on a real server.

mod batch;
mod cause;
mod check;
mod clients;
mod damaged;
mod database;
mod fence;
mod join;
mod journal;
mod link;
mod load;
mod logs;
mod member;
mod names;
mod node;
mod plan;
mod reader;
mod records;
mod row;
mod segment;
mod settings;
mod shared;
mod state;
mod statement;
mod store;
mod sweep;
mod target;
mod transfer;
mod trim;
mod wait;
mod walk;
mod writer;

pub use cause::{Trouble, with_reasons};
pub use check::{Found, clock_warning, is_local, look, unfit};
pub use database::Database;
pub use link::Link;
pub use names::{number, shard};
pub use node::{Joined, Node};
pub use row::Row;
pub use settings::DatabaseSettings;
pub use shared::SharedStatement;
pub use statement::{
    Acknowledged, ClientStatement, Control, CursorStatement, LogStatement, Read, RecordStatement,
    Segment, Statement, id_bytes,
};
pub use store::DatabaseStore;
pub use target::DatabaseTarget;
pub use transfer::{CopiedLog, CopiedSegment, TransferStatement};
pub use walk::{DatabaseWalk, no_store};
