//! An authority of a test's own, and certificates that it issues to database servers.

use std::{fs, path::PathBuf};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tempfile::TempDir;

use crate::{home::Home, port::Port};

/// An authority. Its file goes with it.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    directory: TempDir,
}

/// A certificate that an authority has issued, and its key, both PEM.
#[derive(Debug, Clone)]
pub struct Issued {
    certificate: String,
    key: String,
}

impl Authority {
    /// Makes one.
    ///
    /// # Panics
    /// When its file cannot be written.
    #[expect(clippy::new_without_default, reason = "it is another one each time")]
    #[must_use]
    pub fn new() -> Self {
        let mut parameters = CertificateParams::new([]).expect("there is no name to be wrong");
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key is made");
        let own = parameters.self_signed(&key).expect("it signs its own");
        let directory = tempfile::tempdir().expect("a directory is made");
        let authority = Authority { issuer: Issuer::new(parameters, key), directory };
        fs::write(authority.file(), own.pem()).expect("the certificate is written");
        authority
    }

    /// Returns the file with its certificate, for whoever is to trust it.
    #[must_use]
    pub fn file(&self) -> PathBuf {
        self.directory.path().join("authority.pem")
    }

    /// Issues a certificate for a server of that name.
    ///
    /// # Panics
    /// When there cannot be such a name.
    #[must_use]
    pub fn issue(&self, name: &str) -> Issued {
        let parameters = CertificateParams::new([name.to_owned()]).expect("the name is valid");
        let key = KeyPair::generate().expect("a key is made");
        let issued = parameters.signed_by(&key, &self.issuer).expect("the authority signs");
        Issued { certificate: issued.pem(), key: key.serialize_pem() }
    }
}

/// Where a database server is reached by TCP, and which certificate it shows there.
pub(crate) struct Entry {
    pub(crate) port: Port,
    pub(crate) issued: Option<Issued>,
}

impl Entry {
    /// Takes a free port.
    pub(crate) fn with(issued: &Issued) -> Self {
        Entry { port: Port::reserve().expect("a port is free"), issued: Some(issued.clone()) }
    }

    /// Writes what the server shows into its directory, if it shows anything; returns the files: certificate, key.
    pub(crate) fn files(&self, home: &Home) -> Option<(PathBuf, PathBuf)> {
        let issued = self.issued.as_ref()?;
        Some((
            home.write("certificate.pem", &issued.certificate),
            home.write("key.pem", &issued.key),
        ))
    }
}
