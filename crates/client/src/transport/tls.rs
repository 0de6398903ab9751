//! TLS for a client: whom to trust and what to show.

use std::fmt::Display;
use std::io;
use std::path::Path;
use std::sync::Arc;

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::endpoint::Endpoint;
use crate::error::ConnectError;
use crate::options::TlsOptions;

use super::byte_stream::ByteStream;

/// Speaks TLS over `stream`, and checks that the certificate is for the endpoint's host.
pub(super) async fn connect<S: ByteStream>(
    connector: &TlsConnector,
    stream: S,
    endpoint: &Endpoint,
) -> io::Result<TlsStream<S>> {
    let name = ServerName::try_from(endpoint.host().to_owned())
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
    connector.connect(name, stream).await
}

/// Reads the files that `options` names.
pub(super) fn connector(options: &TlsOptions) -> Result<TlsConnector, ConnectError> {
    config(options).map(|config| TlsConnector::from(Arc::new(config)))
}

fn config(options: &TlsOptions) -> Result<ClientConfig, ConnectError> {
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the provider has the default versions")
        .with_root_certificates(roots(options)?);
    let Some((certificate, key)) = &options.certificate else {
        return Ok(builder.with_no_client_auth());
    };
    let chain = certificates(certificate)?;
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|error| bad_file(key, &error))?;
    builder.with_client_auth_cert(chain, secret).map_err(|error| bad_file(certificate, &error))
}

fn roots(options: &TlsOptions) -> Result<RootCertStore, ConnectError> {
    let mut roots = RootCertStore::empty();
    match &options.authority {
        Some(file) => {
            for certificate in certificates(file)? {
                roots.add(certificate).map_err(|error| bad_file(file, &error))?;
            }
        }
        // One bad certificate among the machine's many should not stop anybody.
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    Ok(roots)
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, ConnectError> {
    let certificates = CertificateDer::pem_file_iter(file)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| bad_file(file, &error))?;
    if certificates.is_empty() {
        return Err(bad_file(file, &"it holds no certificate in PEM form"));
    }
    Ok(certificates)
}

fn bad_file(file: &Path, reason: &dyn Display) -> ConnectError {
    ConnectError::TlsFile { file: file.to_owned(), reason: reason.to_string() }
}
