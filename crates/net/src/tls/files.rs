//! The files of certificates and keys, and what is made of them.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::{
    RootCertStore, ServerConfig,
    crypto::CryptoProvider,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    server::{NoServerSessionStorage, WebPkiClientVerifier},
};

use super::shown::{CertificateName, Trust};
use crate::stream::ALPN_HTTP_2;

/// Where certificates and keys are, in PEM.
#[derive(Debug, Clone, Copy)]
pub struct CertificateFiles<'a> {
    /// This program's own certificate, with those between it and its authority.
    pub certificate: &'a Path,
    /// Its key.
    pub key: &'a Path,
    /// Whose certificates of clients are taken, if any are.
    pub clients: Option<ClientAuthority<'a>>,
}

/// Whose certificates of clients are taken.
#[derive(Debug, Clone, Copy)]
pub struct ClientAuthority<'a> {
    /// The certificates of the authorities.
    pub file: &'a Path,
    /// Whether nobody is let in without a certificate.
    pub is_required: bool,
    /// Which name in a certificate is the client's.
    pub client: CertificateName,
}

/// What a file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateFile {
    /// The program's own certificate.
    Certificate,
    /// The key of that.
    Key,
    /// Whose certificates of clients are taken.
    ClientAuthority,
}

/// Why files cannot be used.
#[derive(Debug)]
pub struct CertificateError {
    /// The files, one at least; where it is several, they do not go together.
    pub files: Vec<(CertificateFile, PathBuf)>,
    /// What is wrong.
    pub cause: String,
}

/// What the files held when they were read.
pub(super) struct Present {
    pub(super) config: Arc<ServerConfig>,
    /// The same, which offers the versions of HTTP.
    pub(super) http: Arc<ServerConfig>,
    /// The program's own, to tell whether another takes its place.
    pub(super) chain: Vec<CertificateDer<'static>>,
    /// Whose certificates of clients are taken; the same one as long as nothing of it changes.
    pub(super) trust: Option<Arc<Trust>>,
    /// Whether nobody is let in without one.
    pub(super) is_required: bool,
}

impl Present {
    pub(super) fn load(files: &CertificateFiles<'_>) -> Result<Self, CertificateError> {
        let CertificateFiles { certificate, key, clients } = *files;
        let chain = read_certificates(CertificateFile::Certificate, certificate)?;
        let key_der = PrivateKeyDer::from_pem_file(key)
            .map_err(|cause| CertificateError::new((CertificateFile::Key, key), &cause))?;
        let as_pair = |cause: rustls::Error| CertificateError {
            files: vec![
                (CertificateFile::Certificate, certificate.to_owned()),
                (CertificateFile::Key, key.to_owned()),
            ],
            cause: cause.to_string(),
        };
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
            .map_err(as_pair)?;
        let trust = clients.map(|clients| trust(&clients, provider)).transpose()?;
        let builder = match &trust {
            Some(trust) => builder.with_client_cert_verifier(trust.verifier()),
            None => builder.with_no_client_auth(),
        };
        let mut config = builder.with_single_cert(chain.clone(), key_der).map_err(as_pair)?;
        if trust.is_some() {
            // A session that is resumed brings its certificate along unverified. Shaking hands anew
            // costs a millisecond, and says whether it is still good.
            config.session_storage = Arc::new(NoServerSessionStorage {});
            config.send_tls13_tickets = 0;
        }
        let is_required = clients.is_some_and(|clients| clients.is_required);
        let mut http = config.clone();
        http.alpn_protocols = vec![ALPN_HTTP_2.to_vec(), b"http/1.1".to_vec()];
        let (config, http) = (Arc::new(config), Arc::new(http));
        Ok(Present { config, http, chain, trust: trust.map(Arc::new), is_required })
    }
}

impl CertificateError {
    fn new((what, path): (CertificateFile, &Path), cause: &dyn fmt::Display) -> Self {
        CertificateError { files: vec![(what, path.to_owned())], cause: cause.to_string() }
    }
}

fn trust(
    clients: &ClientAuthority<'_>,
    provider: Arc<CryptoProvider>,
) -> Result<Trust, CertificateError> {
    let file = (CertificateFile::ClientAuthority, clients.file);
    let authorities = read_certificates(file.0, file.1)?;
    let mut roots = RootCertStore::empty();
    for authority in &authorities {
        roots.add(authority.clone()).map_err(|cause| CertificateError::new(file, &cause))?;
    }
    let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
    let builder = if clients.is_required { builder } else { builder.allow_unauthenticated() };
    let verifier = builder.build().map_err(|cause| CertificateError::new(file, &cause))?;
    Ok(Trust::new(authorities, verifier, clients.client))
}

fn read_certificates(
    what: CertificateFile,
    path: &Path,
) -> Result<Vec<CertificateDer<'static>>, CertificateError> {
    CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|cause| CertificateError::new((what, path), &cause))
}
