//! Certificates: the broker's own, whose clients' are taken, and how both change while it runs.

use std::{path::Path, sync::Arc};

use arc_swap::ArcSwapOption;
use rialto_config::{CertificateName, ClientCertificates};
use rustls::{
    RootCertStore, ServerConfig,
    crypto::CryptoProvider,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    server::{WebPkiClientVerifier, danger::ClientCertVerifier},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use x509_parser::{certificate::X509Certificate, extensions::GeneralName, prelude::FromDer as _};

/// What every listener shakes hands with.
pub(crate) struct Certificates {
    present: ArcSwapOption<Present>,
}

struct Present {
    config: Arc<ServerConfig>,
    client_id: CertificateName,
}

impl Certificates {
    /// Reads what the settings name.
    ///
    /// # Errors
    /// What is wrong with it, in words for the operator.
    pub(crate) fn load(tls: &rialto_config::Tls) -> Result<Self, String> {
        let present = Present::load(tls)?.map(Arc::new);
        Ok(Certificates { present: ArcSwapOption::new(present) })
    }

    /// Takes up what was read anew; connections that are open keep what they began with.
    pub(crate) fn replace(&self, with: &Certificates) {
        self.present.store(with.present.load_full());
    }

    /// Returns what shakes hands now; `None` while there is no certificate.
    pub(crate) fn acceptor(&self) -> Option<TlsAcceptor> {
        self.present.load().as_ref().map(|present| TlsAcceptor::from(present.config.clone()))
    }

    /// Returns the client id in the certificate that a peer has shown, if it has shown one.
    pub(crate) fn client_id<S>(&self, stream: &TlsStream<S>) -> Option<String> {
        let (_, connection) = stream.get_ref();
        // Verified when hands were shaken: others are not let in.
        let certificate = connection.peer_certificates()?.first()?;
        let kind = self.present.load().as_ref()?.client_id;
        name_in(certificate, kind).filter(|name| !name.is_empty())
    }
}

impl Present {
    fn load(tls: &rialto_config::Tls) -> Result<Option<Self>, String> {
        let Some((certificate, key)) = tls.files() else { return Ok(None) };
        let chain = CertificateDer::pem_file_iter(certificate)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|error| format!("tls.certificate {}: {error}", certificate.display()))?;
        let key_der = PrivateKeyDer::from_pem_file(key)
            .map_err(|error| format!("tls.key {}: {error}", key.display()))?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
            .map_err(|error| error.to_string())?;
        let builder = match tls.client_authority.get() {
            Some(authority) => {
                let is_required = tls.client_certificates == ClientCertificates::Require;
                builder.with_client_cert_verifier(verifier(authority, is_required, provider)?)
            }
            None => builder.with_no_client_auth(),
        };
        let config = builder.with_single_cert(chain, key_der).map_err(|error| {
            let (certificate, key) = (certificate.display(), key.display());
            format!("tls.certificate {certificate} with tls.key {key}: {error}")
        })?;
        Ok(Some(Present { config: Arc::new(config), client_id: tls.client_id }))
    }
}

fn verifier(
    authority: &Path,
    is_required: bool,
    provider: Arc<CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, String> {
    let failed = |error: &dyn std::fmt::Display| {
        format!("tls.client_authority {}: {error}", authority.display())
    };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(authority).map_err(|error| failed(&error))? {
        let certificate = certificate.map_err(|error| failed(&error))?;
        roots.add(certificate).map_err(|error| failed(&error))?;
    }
    let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
    let builder = if is_required { builder } else { builder.allow_unauthenticated() };
    builder.build().map(|verifier| verifier as _).map_err(|error| failed(&error))
}

/// Returns the first name of a kind in a certificate.
fn name_in(certificate: &[u8], kind: CertificateName) -> Option<String> {
    let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
    if kind == CertificateName::CommonName {
        let name = certificate.subject().iter_common_name().next()?;
        return name.as_str().ok().map(str::to_owned);
    }
    let names = certificate.subject_alternative_name().ok()??;
    let name = |name: &GeneralName<'_>| match (kind, name) {
        (CertificateName::DnsName, GeneralName::DNSName(name))
        | (CertificateName::Email, GeneralName::RFC822Name(name))
        | (CertificateName::Uri, GeneralName::URI(name)) => Some((*name).to_owned()),
        _ => None,
    };
    names.value.general_names.iter().find_map(name)
}
