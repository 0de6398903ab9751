//! A certificate of a broker's own, and what makes a client trust it.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use rcgen::CertifiedKey;
use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs};

/// A self-signed certificate for `localhost`, `127.0.0.1` and every name under `rialto.test`, in files.
#[derive(Debug)]
pub(crate) struct Certificate {
    pub(crate) certificate_file: PathBuf,
    pub(crate) key_file: PathBuf,
    pub(crate) client_config: Arc<ClientConfig>,
}

impl Certificate {
    /// Makes one in `directory`.
    pub(crate) fn make(directory: &Path) -> io::Result<Self> {
        let names = ["localhost", "127.0.0.1", "*.rialto.test"].map(str::to_owned).to_vec();
        let CertifiedKey { cert, signing_key } =
            rcgen::generate_simple_self_signed(names).expect("the names are valid");
        let certificate_file = directory.join("certificate.pem");
        let key_file = directory.join("key.pem");
        fs::write(&certificate_file, cert.pem())?;
        fs::write(&key_file, signing_key.serialize_pem())?;

        let mut roots = RootCertStore::empty();
        roots.add(cert.der().clone()).expect("the certificate was just made");
        let provider = Arc::new(aws_lc_rs::default_provider());
        let client_config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("the provider has the default versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Certificate { certificate_file, key_file, client_config: Arc::new(client_config) })
    }
}
