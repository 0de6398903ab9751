//! A client's certificate for as long as something depends on it: by its times, and by who is trusted.

use std::{fmt, sync::Arc, time::Duration};

use parking_lot::Mutex;
use rialto_domain::{Certificate, UnixMs};
use rustls::{
    pki_types::{CertificateDer, UnixTime},
    server::danger::ClientCertVerifier,
};
use x509_parser::{certificate::X509Certificate, extensions::GeneralName, prelude::FromDer as _};

/// Which name in a certificate is its client's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateName {
    /// The common name of the subject.
    CommonName,
    /// The first DNS name among the alternative names.
    DnsName,
    /// The first e-mail address among the alternative names.
    Email,
    /// The first URI among the alternative names.
    Uri,
}

/// Whose certificates of clients are taken, and which name in them counts.
pub(super) struct Trust {
    authorities: Vec<CertificateDer<'static>>,
    verifier: Arc<dyn ClientCertVerifier>,
    client_id: CertificateName,
}

/// Who knows whose certificates of clients are taken at the moment.
pub(super) trait Trusting {
    /// Returns whose certificates are taken now; `None` while none are.
    fn trust(&self) -> Option<Arc<Trust>>;
}

/// A certificate that was verified when hands were shaken.
pub(super) struct ShownCertificate<T> {
    client: String,
    /// The client's own, and those between it and the authority.
    chain: Vec<CertificateDer<'static>>,
    /// When each of them ends.
    ends: Vec<UnixMs>,
    trusting: Arc<T>,
    /// By whom it was verified last, and until when that holds.
    verified: Mutex<Option<(Arc<Trust>, UnixMs)>>,
}

impl Trust {
    pub(super) fn new(
        authorities: Vec<CertificateDer<'static>>,
        verifier: Arc<dyn ClientCertVerifier>,
        client_id: CertificateName,
    ) -> Self {
        Trust { authorities, verifier, client_id }
    }

    pub(super) fn verifier(&self) -> Arc<dyn ClientCertVerifier> {
        self.verifier.clone()
    }

    fn accepts(&self, shown: &ShownCertificate<impl Trusting>, now: UnixMs) -> bool {
        let Some((own, between)) = shown.chain.split_first() else { return false };
        let now = UnixTime::since_unix_epoch(Duration::from_millis(now));
        // Whose name it is may be read in another place of it by now.
        name_in(own, self.client_id).unwrap_or_default() == shown.client
            && self.verifier.verify_client_cert(own, between, now).is_ok()
    }
}

/// Whether a certificate is asked for or required makes no difference to those that were shown.
impl PartialEq for Trust {
    fn eq(&self, other: &Self) -> bool {
        (&self.authorities, self.client_id) == (&other.authorities, other.client_id)
    }
}

impl<T: Trusting> ShownCertificate<T> {
    /// Takes what a peer has shown. One that names no client is that of the client with the empty id,
    /// which there is not.
    pub(super) fn new(trusting: Arc<T>, chain: &[CertificateDer<'_>]) -> Option<Self> {
        let kind = trusting.trust()?.client_id;
        Some(ShownCertificate {
            client: name_in(chain.first()?, kind).unwrap_or_default(),
            ends: chain.iter().filter_map(|one| end_of(one)).collect(),
            chain: chain.iter().map(|one| one.clone().into_owned()).collect(),
            trusting,
            verified: Mutex::new(None),
        })
    }
}

impl<T: Trusting + Send + Sync> Certificate for ShownCertificate<T> {
    fn client(&self) -> &str {
        &self.client
    }

    /// Until the first of its chain ends: whether it is good without that one is seen then. It is
    /// verified again only when that is due, or somebody else is trusted.
    fn counts_until(&self, now: UnixMs) -> Option<UnixMs> {
        let trust = self.trusting.trust()?;
        let mut verified = self.verified.lock();
        let before =
            verified.as_ref().filter(|(by, until)| Arc::ptr_eq(by, &trust) && now < *until);
        if let Some((_, until)) = before {
            return Some(*until);
        }
        let until = self.ends.iter().copied().filter(|&end| now < end).min();
        *verified = until.filter(|_| trust.accepts(self, now)).map(|until| (trust, until));
        verified.as_ref().map(|(_, until)| *until)
    }
}

impl<T> fmt::Debug for ShownCertificate<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShownCertificate").field("client", &self.client).finish_non_exhaustive()
    }
}

/// Returns the first moment at which a certificate is not valid any more: its last second counts.
pub(super) fn end_of(certificate: &[u8]) -> Option<UnixMs> {
    let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
    let last_s = u64::try_from(certificate.validity().not_after.timestamp()).unwrap_or(0);
    Some(last_s.saturating_add(1).saturating_mul(1000))
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
