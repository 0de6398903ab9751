//! What fails between a node and its bus.

use std::error::Error;

/// Why a bus cannot be used now. Never shows a password.
#[derive(Debug, thiserror::Error)]
pub enum BusError {
    /// The settings name no engine that could be reached.
    #[error("{0}")]
    Settings(String),
    /// The engine, or the way to it, failed.
    #[error("{during}: {source}")]
    Engine {
        /// What was tried.
        during: &'static str,
        /// What the library says.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// The engine did not answer in time.
    #[error("the bus did not answer within {0} s")]
    Silent(u64),
    /// The connection has ended.
    #[error("the connection to the bus was closed")]
    Closed,
    /// More came than was read.
    #[error("messages of the bus came faster than they were taken, and some were lost")]
    Overrun,
}

impl BusError {
    pub(crate) fn engine(
        during: &'static str,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        BusError::Engine { during, source: source.into() }
    }
}
