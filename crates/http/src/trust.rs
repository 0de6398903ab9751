//! Whose certificates a client takes.

use std::sync::Arc;

use rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, pem::PemObject as _},
};
use url::Url;

use crate::SetupError;

/// Makes what shakes hands with the server at `url`: it trusts the machine's authorities and those of
/// `authority` (PEM).
pub(crate) fn config(url: &Url, authority: Option<&[u8]>) -> Result<ClientConfig, SetupError> {
    // Without TLS the machine's authorities are not looked for: a container may have none.
    let mut config = trusting(roots(url.scheme() == "https", authority)?);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// Makes what shakes hands with any server over TLS, whatever it speaks then: it trusts the machine's authorities and
/// those of `authority` (PEM).
///
/// # Cost
/// Reads the machine's authorities.
///
/// # Errors
/// [`SetupError`] for an authority that cannot be used, and where there is none.
pub fn client_config(authority: Option<&[u8]>) -> Result<ClientConfig, SetupError> {
    roots(true, authority).map(trusting)
}

fn trusting(roots: RootCertStore) -> ClientConfig {
    ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the provider has the default versions")
        .with_root_certificates(roots)
        .with_no_client_auth()
}

fn roots(is_secure: bool, authority: Option<&[u8]>) -> Result<RootCertStore, SetupError> {
    let mut roots = RootCertStore::empty();
    if let Some(pem) = authority {
        for certificate in certificates(pem)? {
            roots.add(certificate).map_err(|_| SetupError::Authority)?;
        }
    }
    if is_secure {
        // One bad certificate among the machine's many should not stop anybody.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if roots.is_empty() {
            return Err(SetupError::NoAuthority);
        }
    }
    Ok(roots)
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, SetupError> {
    let certificates = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
    certificates.ok().filter(|certificates| !certificates.is_empty()).ok_or(SetupError::Authority)
}
