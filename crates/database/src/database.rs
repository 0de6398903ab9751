//! What a driver brings.

use crate::{
    cause::Trouble,
    link::Link,
    node::{Joined, Node},
    settings::DatabaseSettings,
};

/// A database that a server stores in: how it is reached, made ready, and by whom it may be written to.
///
/// None of these waits longer than the network and the server do: whoever calls sets limits.
pub trait Database: Clone + Send + 'static {
    /// A connection to it.
    type Link: Link + 'static;

    /// Returns how it is used.
    fn settings(&self) -> &DatabaseSettings;

    /// Connects to write; returns with it what should be otherwise, one sentence each.
    ///
    /// # Errors
    /// [`DatabaseCause::Unfit`](rialto_store::DatabaseCause::Unfit) if it does not keep what it commits.
    fn connect(&self) -> impl Future<Output = Result<(Self::Link, Vec<String>), Trouble>>;

    /// Connects to read.
    ///
    /// # Errors
    /// Why there is no connection.
    fn connect_to_read(&self) -> impl Future<Output = Result<Self::Link, Trouble>>;

    /// Connects, whether or not a server uses the database, and begins to read all of it as of one moment.
    ///
    /// # Errors
    /// [`no_store`](crate::no_store) if there are no tables, or as [`make_tables`](Self::make_tables).
    fn connect_to_walk(&self) -> impl Future<Output = Result<Self::Link, Trouble>>;

    /// Connects to ask and tell the other nodes that share the database.
    ///
    /// # Errors
    /// As for [`connect`](Self::connect).
    fn connect_to_belong(&self) -> impl Future<Output = Result<Self::Link, Trouble>> {
        async { Ok(self.connect().await?.0) }
    }

    /// Makes the tables, or brings them to this release's version; one server at a time.
    ///
    /// # Errors
    /// [`DatabaseCause::SchemaNewer`](rialto_store::DatabaseCause::SchemaNewer) if they are of a later release that this one
    /// may not write to; nothing is changed then.
    fn make_tables(&self, link: &mut Self::Link) -> impl Future<Output = Result<(), Trouble>>;

    /// Tries to become the server of the database, or one of them: if it is for one server, makes void whatever an earlier one sends from now on, and
    /// raises the generation if the database may lack what it had when it was written to last.
    ///
    /// # Errors
    /// Why it could not be tried.
    fn join(&self, link: &mut Self::Link) -> impl Future<Output = Result<Joined, Trouble>>;

    /// Makes void what an earlier connection has under way, waiting for it if need be, and returns the node as it is then.
    ///
    /// # Errors
    /// [`DatabaseCause::TakenOver`](rialto_store::DatabaseCause::TakenOver) if another server has the database now.
    fn resume(
        &self,
        link: &mut Self::Link,
        node: Node,
    ) -> impl Future<Output = Result<Node, Trouble>>;
}
