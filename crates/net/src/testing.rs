//! What the tests of this crate share: sockets of this machine, a limiter, certificates of a moment.

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair,
    SanType,
};
use rialto_stopwatch::Moment;
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName},
};
use tempfile::TempDir;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::{
    arrival::Arrival, connection_limiter::ConnectionLimiter, patience::Patience,
    proxies::TrustedProxies, socket::Socket,
};

/// Longer than any of these tests takes.
pub(crate) const PLENTY: Duration = Duration::from_secs(60);

/// Makes a pair of connected sockets: a client's, and the one that was accepted.
pub(crate) async fn connected() -> (TcpStream, Arrival) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (stream, peer) = listener.accept().await.unwrap();
    let slot = ConnectionLimiter::new(1, 0, &[0]).admit(0).unwrap();
    let socket = Socket::new(stream, slot.into());
    (client, Arrival { socket, peer, accepted: Moment::now(), is_proxied: false })
}

/// Waits for as long as any test may take; the sender stops it.
pub(crate) fn patient() -> (watch::Sender<bool>, Patience) {
    let (stop, stopping) = watch::channel(false);
    (stop, Patience { deadline: Moment::now() + PLENTY, stopping, silent: Arc::default() })
}

/// Trusts proxies at these addresses.
pub(crate) fn trusting(networks: &[&str]) -> TrustedProxies {
    TrustedProxies {
        networks: networks.iter().map(|network| network.parse().unwrap()).collect(),
        header: "x-forwarded-for".parse().unwrap(),
    }
}

/// Says where a client is.
pub(crate) fn address_of(client: &TcpStream) -> SocketAddr {
    client.local_addr().unwrap()
}

/// An authority, and the files of what it has signed.
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    directory: TempDir,
}

/// A certificate with its key.
pub(crate) struct Signed {
    certificate: Certificate,
    key: KeyPair,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        Authority { issuer, directory: TempDir::new().unwrap() }
    }

    /// Signs a certificate for `localhost` with a common name, and other names.
    pub(crate) fn sign(&self, common_name: &str, others: Vec<SanType>) -> Signed {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, common_name);
        params.subject_alt_names.extend(others);
        let key = KeyPair::generate().unwrap();
        Signed { certificate: params.signed_by(&key, &self.issuer).unwrap(), key }
    }

    /// Writes the authority's own certificate, and returns where.
    pub(crate) fn file(&self) -> PathBuf {
        self.write("authority.pem", &self.issuer.pem())
    }

    /// Writes a file, and returns where.
    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.directory.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// Shakes hands for TLS over a client's socket, with a certificate of its own or without.
    ///
    /// # Errors
    /// When the server's certificate is not signed by this authority, or the server breaks off.
    pub(crate) async fn connect(
        &self,
        socket: TcpStream,
        shown: Option<&Signed>,
    ) -> std::io::Result<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        roots.add(self.issuer.der().clone()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let config = match shown {
            Some(signed) => {
                let (chain, key) = signed.der();
                builder.with_client_auth_cert(chain, key).unwrap()
            }
            None => builder.with_no_client_auth(),
        };
        let name = ServerName::try_from("localhost").unwrap();
        TlsConnector::from(Arc::new(config)).connect(name, socket).await
    }
}

impl Signed {
    pub(crate) fn pem(&self) -> (String, String) {
        (self.certificate.pem(), self.key.serialize_pem())
    }

    fn der(&self) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
        let key = PrivatePkcs8KeyDer::from(self.key.serialize_der());
        (vec![self.certificate.der().clone()], key.into())
    }
}
