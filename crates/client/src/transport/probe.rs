//! Whether a port that says nothing to packets speaks TLS.

use std::time::Duration;

use tokio::time::timeout;

use crate::endpoint::Endpoint;
use crate::options::TlsOptions;
use crate::stranger::Stranger;

use super::dialing::connect;
use super::opening::{Opening, Tap};
use super::{Stage, tls};

/// How long it may take to find out that a port speaks TLS.
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);

/// Returns whether somebody at a port that closed without a word, when asked without TLS, speaks TLS.
pub(crate) async fn is_tls_expected(endpoint: &Endpoint) -> bool {
    !endpoint.scheme().has_tls() && timeout(PROBE_TIMEOUT, speaks_tls(endpoint)).await == Ok(true)
}

/// Asks for TLS on a new connection, trusting nobody, and returns whether there is any.
async fn speaks_tls(endpoint: &Endpoint) -> bool {
    let Ok(stream) = connect(endpoint, &mut Stage::LookingUp).await else { return false };
    let Ok(connector) = tls::connector(&TlsOptions::default()) else { return false };
    let opening = Opening::default();
    let stream = Tap::new(stream, opening.clone(), false);
    // The certificate does not matter: the answer does.
    let _ = tls::connect(&connector, stream, endpoint).await;
    opening.stranger() == Some(Stranger::Tls)
}
