//! TLS of those who connect: the program's certificate, whose clients' are taken, and how both change while
//! it runs.

mod files;
mod shown;

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use rialto_domain::{Certificate, UnixMs};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use crate::stream::Stream;

pub use files::{CertificateError, CertificateFile, CertificateFiles, ClientAuthority};
pub use shown::CertificateName;

use files::Present;
use shown::{ShownCertificate, Trust, Trusting, end_of};

/// What every listener shakes hands with.
pub struct Certificates {
    present: ArcSwapOption<Present>,
}

/// What a listener does about TLS.
#[derive(Clone)]
pub enum Tls {
    /// Plain connections only.
    Off,
    /// Either.
    Allowed(Arc<Certificates>),
    /// TLS only.
    Required(Arc<Certificates>),
}

impl Certificates {
    /// Reads the files; without any there is no certificate.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn load(files: Option<CertificateFiles<'_>>) -> Result<Self, CertificateError> {
        let present = files.map(|files| Present::load(&files)).transpose()?;
        Ok(Certificates { present: ArcSwapOption::new(present.map(Arc::new)) })
    }

    /// Takes up what was read anew. Connections that are open keep what they began with, save that
    /// their clients' certificates must be good by what is trusted now.
    /// Returns what is different now: the own certificate, or who is trusted.
    pub fn replace(&self, with: &Certificates) -> Vec<CertificateFile> {
        let before = self.present.load_full();
        let with = with.present.load_full().map(|with| {
            let before = self.trust().filter(|before| with.trust.as_ref() == Some(before));
            let trust = before.or_else(|| with.trust.clone());
            let (config, http, is_required) =
                (with.config.clone(), with.http.clone(), with.is_required);
            Arc::new(Present { config, http, chain: with.chain.clone(), trust, is_required })
        });
        let [old, new] = [&before, &with].map(Option::as_ref);
        let is_renewed = old.map(|it| &it.chain) != new.map(|it| &it.chain);
        let has_other_trust = old.map(|it| &it.trust) != new.map(|it| &it.trust);
        self.present.store(with);
        let changed = [
            (is_renewed, CertificateFile::Certificate),
            (has_other_trust, CertificateFile::ClientAuthority),
        ];
        changed.into_iter().filter_map(|(is_other, file)| is_other.then_some(file)).collect()
    }

    /// Returns the first moment at which the program's certificate, or one that it leans on, is not valid any more, in
    /// milliseconds since 1970; `None` while there is none.
    pub fn end(&self) -> Option<UnixMs> {
        let present = self.present.load();
        present.as_ref()?.chain.iter().filter_map(|it| end_of(it)).min()
    }

    /// Returns what shakes hands now; `None` while there is no certificate.
    pub fn acceptor(&self) -> Option<TlsAcceptor> {
        self.present.load().as_ref().map(|present| TlsAcceptor::from(present.config.clone()))
    }

    fn http_acceptor(&self) -> Option<TlsAcceptor> {
        self.present.load().as_ref().map(|present| TlsAcceptor::from(present.http.clone()))
    }

    /// Returns the certificate that a peer has shown, if it has shown one.
    fn shown<S>(self: &Arc<Self>, stream: &TlsStream<S>) -> Option<Arc<dyn Certificate>> {
        let (_, connection) = stream.get_ref();
        let shown = ShownCertificate::new(self.clone(), connection.peer_certificates()?)?;
        Some(Arc::new(shown))
    }

    /// Returns the certificate without which a peer would not have been let in.
    fn required<S>(self: &Arc<Self>, stream: &TlsStream<S>) -> Option<Arc<dyn Certificate>> {
        let is_required = self.present.load().as_ref().is_some_and(|present| present.is_required);
        if is_required { self.shown(stream) } else { None }
    }
}

impl Tls {
    /// Returns what shakes hands, if it is to be and there is a certificate.
    pub fn acceptor(&self) -> Option<TlsAcceptor> {
        self.certificates()?.acceptor()
    }

    /// Returns the same, which offers the versions of HTTP.
    pub(crate) fn http_acceptor(&self) -> Option<TlsAcceptor> {
        self.certificates()?.http_acceptor()
    }

    fn certificates(&self) -> Option<&Arc<Certificates>> {
        match self {
            Tls::Off => None,
            Tls::Allowed(certificates) | Tls::Required(certificates) => Some(certificates),
        }
    }

    /// Returns the certificate without which the peer on a stream would not have been let in.
    pub fn required(&self, stream: &Stream) -> Option<Arc<dyn Certificate>> {
        match (self, stream) {
            (Tls::Allowed(certificates) | Tls::Required(certificates), Stream::Tls(stream)) => {
                certificates.required(stream)
            }
            _ => None,
        }
    }

    /// Returns the certificate that the peer on a stream has shown. One that names no client is that
    /// of the client with the empty id, which there is not.
    pub fn shown(&self, stream: &Stream) -> Option<Arc<dyn Certificate>> {
        match (self, stream) {
            (Tls::Allowed(certificates) | Tls::Required(certificates), Stream::Tls(stream)) => {
                certificates.shown(stream)
            }
            _ => None,
        }
    }

    /// Returns the word for it in logs.
    pub fn as_str(&self) -> &'static str {
        match self {
            Tls::Off => "off",
            Tls::Allowed(_) => "allow",
            Tls::Required(_) => "require",
        }
    }
}

impl Trusting for Certificates {
    fn trust(&self) -> Option<Arc<Trust>> {
        self.present.load().as_ref()?.trust.clone()
    }
}

#[cfg(test)]
mod tests;
