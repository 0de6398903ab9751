//! Certificates: the broker's own, whose clients' are taken, and how both change while it runs.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use rialto_access::Certificate;
use rialto_config::ClientCertificates;
use rialto_net::Stream;
use rustls::{
    RootCertStore, ServerConfig,
    crypto::CryptoProvider,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    server::{NoServerSessionStorage, WebPkiClientVerifier},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use shown::{ShownCertificate, Trust, Trusting};

mod shown;

/// What every listener shakes hands with.
pub(crate) struct Certificates {
    present: ArcSwapOption<Present>,
}

struct Present {
    config: Arc<ServerConfig>,
    /// The broker's own, to tell whether another takes its place.
    chain: Vec<CertificateDer<'static>>,
    /// Whose certificates of clients are taken; the same one as long as nothing of it changes.
    trust: Option<Arc<Trust>>,
    /// Whether nobody is let in without one.
    is_required: bool,
}

/// What a listener does about TLS.
#[derive(Clone)]
pub(crate) enum Tls {
    /// Plain connections only.
    Off,
    /// Either.
    Allowed(Arc<Certificates>),
    /// TLS only.
    Required(Arc<Certificates>),
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

    /// Takes up what was read anew. Connections that are open keep what they began with, save that
    /// their clients' certificates must be good by what is trusted now.
    /// Returns the settings of what is different now.
    pub(crate) fn replace(&self, with: &Certificates) -> Vec<&'static str> {
        let before = self.present.load_full();
        let with = with.present.load_full().map(|with| {
            let before = self.trust().filter(|before| with.trust.as_ref() == Some(before));
            let trust = before.or_else(|| with.trust.clone());
            let (config, is_required) = (with.config.clone(), with.is_required);
            Arc::new(Present { config, chain: with.chain.clone(), trust, is_required })
        });
        let [old, new] = [&before, &with].map(Option::as_ref);
        let is_renewed = old.map(|it| &it.chain) != new.map(|it| &it.chain);
        let has_other_trust = old.map(|it| &it.trust) != new.map(|it| &it.trust);
        self.present.store(with);
        let changed = [(is_renewed, "tls.certificate"), (has_other_trust, "tls.client_authority")];
        changed.into_iter().filter_map(|(is_other, name)| is_other.then_some(name)).collect()
    }

    /// Returns what shakes hands now; `None` while there is no certificate.
    pub(crate) fn acceptor(&self) -> Option<TlsAcceptor> {
        self.present.load().as_ref().map(|present| TlsAcceptor::from(present.config.clone()))
    }

    /// Returns the certificate that a peer has shown, if it has shown one.
    pub(crate) fn shown<S>(
        self: &Arc<Self>,
        stream: &TlsStream<S>,
    ) -> Option<Arc<dyn Certificate>> {
        let (_, connection) = stream.get_ref();
        let shown = ShownCertificate::new(self.clone(), connection.peer_certificates()?)?;
        Some(Arc::new(shown))
    }

    /// Returns the certificate without which a peer would not have been let in.
    pub(crate) fn required<S>(
        self: &Arc<Self>,
        stream: &TlsStream<S>,
    ) -> Option<Arc<dyn Certificate>> {
        let is_required = self.present.load().as_ref().is_some_and(|present| present.is_required);
        if is_required { self.shown(stream) } else { None }
    }
}

impl Tls {
    /// Returns what shakes hands, if it is to be and there is a certificate.
    pub(crate) fn acceptor(&self) -> Option<TlsAcceptor> {
        match self {
            Tls::Off => None,
            Tls::Allowed(certificates) | Tls::Required(certificates) => certificates.acceptor(),
        }
    }

    /// Returns the certificate without which the peer on a stream would not have been let in.
    pub(crate) fn required(&self, stream: &Stream) -> Option<Arc<dyn Certificate>> {
        match (self, stream) {
            (Tls::Allowed(certificates) | Tls::Required(certificates), Stream::Tls(stream)) => {
                certificates.required(stream)
            }
            _ => None,
        }
    }

    /// Returns the certificate that the peer on a stream has shown.
    pub(crate) fn shown(&self, stream: &Stream) -> Option<Arc<dyn Certificate>> {
        match (self, stream) {
            (Tls::Allowed(certificates) | Tls::Required(certificates), Stream::Tls(stream)) => {
                certificates.shown(stream)
            }
            _ => None,
        }
    }

    /// Returns the word for it in logs.
    pub(crate) fn as_str(&self) -> &'static str {
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
        let trust = trust(tls, provider)?;
        let builder = match &trust {
            Some(trust) => builder.with_client_cert_verifier(trust.verifier()),
            None => builder.with_no_client_auth(),
        };
        let mut config = builder.with_single_cert(chain.clone(), key_der).map_err(|error| {
            let (certificate, key) = (certificate.display(), key.display());
            format!("tls.certificate {certificate} with tls.key {key}: {error}")
        })?;
        if trust.is_some() {
            // A session that is resumed brings its certificate along unverified. Shaking hands anew
            // costs a millisecond, and says whether it is still good.
            config.session_storage = Arc::new(NoServerSessionStorage {});
            config.send_tls13_tickets = 0;
        }
        let is_required = trust.is_some() && tls.client_certificates == ClientCertificates::Require;
        let (config, trust) = (Arc::new(config), trust.map(Arc::new));
        Ok(Some(Present { config, chain, trust, is_required }))
    }
}

fn trust(tls: &rialto_config::Tls, provider: Arc<CryptoProvider>) -> Result<Option<Trust>, String> {
    let Some(authority) = tls.client_authority.get() else { return Ok(None) };
    let failed = |error: &dyn std::fmt::Display| {
        format!("tls.client_authority {}: {error}", authority.display())
    };
    let authorities = CertificateDer::pem_file_iter(authority)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| failed(&error))?;
    let mut roots = RootCertStore::empty();
    for authority in &authorities {
        roots.add(authority.clone()).map_err(|error| failed(&error))?;
    }
    let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
    let is_required = tls.client_certificates == ClientCertificates::Require;
    let builder = if is_required { builder } else { builder.allow_unauthenticated() };
    let verifier = builder.build().map_err(|error| failed(&error))?;
    Ok(Some(Trust::new(authorities, verifier, tls.client_id)))
}
