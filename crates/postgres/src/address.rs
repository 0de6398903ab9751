//! Where the database is, who asks, and whether the way there is encrypted.

use std::{fs, net::IpAddr, path::Path, sync::Arc, time::Duration};

use rialto_database::{DatabaseSettings, is_local};
use rialto_store::DatabaseCause;
use rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, pem::PemObject},
};
use tokio_postgres::{
    Config,
    config::{Host, SslMode, TargetSessionAttrs},
};
use tokio_postgres_rustls::MakeRustlsConnect;

/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// Silence on a connection after which the system asks whether the other side is there.
const KEEPALIVE: Duration = Duration::from_secs(15);

/// Where to connect, and how.
#[derive(Clone)]
pub(crate) struct Address {
    pub(crate) config: Config,
    /// `None` where the way is not encrypted.
    pub(crate) tls: Option<MakeRustlsConnect>,
}

impl Address {
    /// Reads it from the settings.
    pub(crate) fn of(settings: &DatabaseSettings) -> Result<Self, DatabaseCause> {
        // The words of other clients for what is always done here: whoever the certificate is of is checked.
        let url = settings.url.trim().replace("sslmode=verify-full", "sslmode=require");
        let url = url.replace("sslmode=verify-ca", "sslmode=require");
        let mut config: Config = url.parse().map_err(|error| {
            let reason = std::error::Error::source(&error).map(ToString::to_string);
            DatabaseCause::Address(reason.unwrap_or_else(|| format!("{error}")))
        })?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(DatabaseCause::Address("it names no host".to_owned()));
        }
        if config.get_password().is_none()
            && let Ok(password) = std::env::var("PGPASSWORD")
        {
            config.password(password);
        }
        config.application_name(format!("rialto {}", settings.name));
        config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        config.keepalives_idle(KEEPALIVE);
        config.tcp_user_timeout(settings.patience * 2);
        let is_encrypted = match config.get_ssl_mode() {
            SslMode::Disable => false,
            SslMode::Require => true,
            _ => !is_here(&config),
        };
        config.ssl_mode(if is_encrypted { SslMode::Require } else { SslMode::Disable });
        let tls = is_encrypted.then(|| tls(settings.tls_ca.as_deref())).transpose()?;
        Ok(Address { config, tls })
    }
}

/// Whether what is sent never leaves this machine.
fn is_here(config: &Config) -> bool {
    let is_local_host = |host: &Host| match host {
        Host::Tcp(name) => is_local(name),
        #[cfg(unix)]
        Host::Unix(_) => true,
    };
    config.get_hosts().iter().all(is_local_host)
        && config.get_hostaddrs().iter().all(IpAddr::is_loopback)
}

fn tls(authorities: Option<&Path>) -> Result<MakeRustlsConnect, DatabaseCause> {
    let mut roots = RootCertStore::empty();
    match authorities {
        Some(path) => {
            let wrong = |reason: String| {
                DatabaseCause::Address(format!("store.tls_ca, {}: {reason}", path.display()))
            };
            let pem = fs::read(path).map_err(|error| wrong(error.to_string()))?;
            for certificate in CertificateDer::pem_slice_iter(&pem) {
                let certificate = certificate.map_err(|error| wrong(error.to_string()))?;
                roots.add(certificate).map_err(|error| wrong(error.to_string()))?;
            }
            if roots.is_empty() {
                return Err(wrong("it holds no certificate".to_owned()));
            }
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| DatabaseCause::Address(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

#[cfg(test)]
mod tests;
