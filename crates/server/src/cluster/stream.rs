//! The way to another server: a TCP connection, and TLS on it where the settings say so.

use std::{path::Path, sync::Arc, time::Duration};

use rialto_config::{Cluster, Node};
use rialto_stopwatch::timeout;
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _},
};
use socket2::{SockRef, TcpKeepalive};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

use super::error::{CONNECT_WITHIN, LinkError};

/// Silence after which the system asks whether the server is still there, and how often.
const KEEPALIVE: Duration = Duration::from_secs(5);
const KEEPALIVE_EVERY: Duration = Duration::from_secs(2);
const KEEPALIVE_COUNT: u32 = 3;
/// How long it may take to acknowledge what was sent to it, during which the system does not ask.
const ACKNOWLEDGE_WITHIN: Duration = Duration::from_secs(11);

/// What a link reads and writes.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// Checks that what the settings name can be used.
///
/// # Errors
/// What is wrong with it, in words for the operator.
pub(crate) fn check_certificates(settings: &Cluster) -> Result<(), String> {
    if settings.authority.get().is_some() { config(settings).map(drop) } else { Ok(()) }
}

/// Connects to a server.
pub(super) async fn connect(node: &Node, settings: &Cluster) -> Result<Box<dyn Stream>, LinkError> {
    let connecting = TcpStream::connect((node.host.as_str(), node.port));
    let stream = timeout(CONNECT_WITHIN, connecting).await.map_err(|_| LinkError::NoAnswer)??;
    prepare(&stream)?;
    if !node.has_tls {
        return Ok(Box::new(stream));
    }
    // Read for each connection: a certificate that was renewed is taken up by the next one.
    let config = config(settings).map_err(LinkError::Certificates)?;
    let name = ServerName::try_from(node.host.clone())
        .map_err(|error| LinkError::Certificates(format!("{}: {error}", node.host)))?;
    let securing = TlsConnector::from(Arc::new(config)).connect(name, stream);
    let stream = timeout(CONNECT_WITHIN, securing).await.map_err(|_| LinkError::NoAnswer)??;
    Ok(Box::new(stream))
}

fn prepare(stream: &TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let keepalive = TcpKeepalive::new()
        .with_time(KEEPALIVE)
        .with_interval(KEEPALIVE_EVERY)
        .with_retries(KEEPALIVE_COUNT);
    let socket = SockRef::from(stream);
    socket.set_tcp_keepalive(&keepalive)?;
    socket.set_tcp_user_timeout(Some(ACKNOWLEDGE_WITHIN))
}

/// Makes what shakes hands: it trusts the authority of the cluster and nobody else.
fn config(settings: &Cluster) -> Result<ClientConfig, String> {
    let mut roots = RootCertStore::empty();
    if let Some(authority) = settings.authority.get() {
        for certificate in certificates("cluster.authority", authority)? {
            roots
                .add(certificate)
                .map_err(|error| format!("cluster.authority {}: {error}", authority.display()))?;
        }
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots);
    let (Some(certificate), Some(key)) = (settings.certificate.get(), settings.key.get()) else {
        return Ok(builder.with_no_client_auth());
    };
    let chain = certificates("cluster.certificate", certificate)?;
    let key_der = PrivateKeyDer::from_pem_file(key)
        .map_err(|error| format!("cluster.key {}: {error}", key.display()))?;
    builder.with_client_auth_cert(chain, key_der).map_err(|error| {
        let (certificate, key) = (certificate.display(), key.display());
        format!("cluster.certificate {certificate} with cluster.key {key}: {error}")
    })
}

fn certificates(key: &str, path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| format!("{key} {}: {error}", path.display()))
}
