//! Whether a port that says nothing to packets speaks TLS.

use crate::endpoint::Endpoint;
use crate::options::TlsOptions;
use crate::stranger::Stranger;

use super::opening::{Opening, Tap};
use super::{Stage, connect, tls};

/// Asks for TLS on a new connection, trusting nobody, and returns whether there is any.
pub(crate) async fn speaks_tls(endpoint: &Endpoint) -> bool {
    let Ok(stream) = connect(endpoint, &mut Stage::LookingUp).await else { return false };
    let Ok(connector) = tls::connector(&TlsOptions::default()) else { return false };
    let opening = Opening::default();
    let stream = Tap::new(stream, opening.clone(), false);
    // The certificate does not matter: the answer does.
    let _ = tls::connect(&connector, stream, endpoint).await;
    opening.stranger() == Some(Stranger::Tls)
}
