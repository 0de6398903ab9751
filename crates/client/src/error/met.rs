//! A stranger in place of a broker, which travels inside an [`io::Error`](std::io::Error).

use crate::stranger::Stranger;

/// A stranger that spoke in place of a broker.
#[derive(Debug, thiserror::Error)]
#[error("{0} answers")]
pub(crate) struct Met(pub(crate) Stranger);
