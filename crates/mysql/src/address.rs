//! Where the database is, who asks, and whether the way there is encrypted.

use std::{fs, path::Path, time::Duration};

use mysql_async::{Opts, OptsBuilder, SslOpts};
use rialto_database::{DatabaseSettings, is_local};
use rialto_store::DatabaseCause;
use url::Url;

/// Silence on a connection after which the system asks whether the other side is there.
const KEEPALIVE: Duration = Duration::from_secs(15);

/// Where to connect, and how.
#[derive(Clone)]
pub(crate) struct Address {
    /// One a host, in the order in which they are tried.
    pub(crate) hosts: Vec<Opts>,
    /// The database that holds the tables.
    pub(crate) database: String,
    pub(crate) is_encrypted: bool,
}

impl Address {
    /// Reads it from the settings.
    pub(crate) fn of(settings: &DatabaseSettings) -> Result<Self, DatabaseCause> {
        let urls = urls(settings.url.trim())?;
        let first = &urls[0];
        let database = decoded(first.path().trim_start_matches('/'));
        let database = if database.is_empty() { settings.schema.clone() } else { database };
        let (mode, socket) = parameters(first)?;
        let is_here = socket.is_some() || urls.iter().all(|url| is_local(host(url)));
        let is_encrypted = match mode.as_deref() {
            None | Some("preferred") => !is_here,
            Some("disabled") => false,
            // The words of other clients for what is always done here: whoever the certificate is of is checked.
            Some("required" | "verify_ca" | "verify_identity") => true,
            Some(other) => {
                return Err(wrong(&format!(
                    "ssl-mode is {other:?}: use \"required\" or \"disabled\""
                )));
            }
        };
        if is_encrypted && socket.is_some() {
            return Err(wrong("a connection to a socket is not encrypted: leave ssl-mode out"));
        }
        let tls = is_encrypted.then(|| tls(settings.tls_ca.as_deref())).transpose()?;
        let hosts = urls.iter().map(|url| {
            let user = decoded(url.username());
            let password = url.password().map(decoded).or_else(|| std::env::var("MYSQL_PWD").ok());
            OptsBuilder::default()
                .ip_or_hostname(host(url).to_owned())
                .tcp_port(url.port().unwrap_or(3306))
                .socket(socket.clone())
                // Where we were told to connect, and nowhere else.
                .prefer_socket(false)
                .user((!user.is_empty()).then_some(user))
                .pass(password)
                .tcp_keepalive(Some(KEEPALIVE))
                .wait_timeout(Some(28_800))
                .connect_attribute("program_name", format!("rialto {}", settings.name))
                .ssl_opts(tls.clone())
                .into()
        });
        Ok(Address { hosts: hosts.collect(), database, is_encrypted })
    }
}

/// Returns a URL for each host that one names, with commas between them.
fn urls(text: &str) -> Result<Vec<Url>, DatabaseCause> {
    let Some((scheme @ ("mysql" | "mariadb"), rest)) = text.split_once("://") else {
        return Err(wrong("it does not begin with mysql:// or mariadb://"));
    };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, behind) = rest.split_at(end);
    let (who, hosts) = match authority.rsplit_once('@') {
        Some((who, hosts)) => (format!("{who}@"), hosts),
        None => (String::new(), authority),
    };
    let url = |host: &str| {
        if host.is_empty() {
            return Err(wrong("it names no host"));
        }
        // Not the error's text, which may show a part of a password.
        Url::parse(&format!("{scheme}://{who}{host}{behind}"))
            .map_err(|error| wrong(&error.to_string()))
    };
    hosts.split(',').map(url).collect()
}

fn host(url: &Url) -> &str {
    url.host_str().unwrap_or_default().trim_matches(['[', ']'])
}

/// Returns how connections are encrypted, and the socket that is connected to instead of a host.
fn parameters(url: &Url) -> Result<(Option<String>, Option<String>), DatabaseCause> {
    let (mut mode, mut socket) = (None, None);
    for (name, value) in url.query_pairs() {
        match &*name {
            "ssl-mode" | "sslmode" => mode = Some(value.to_lowercase()),
            "socket" => socket = Some(value.into_owned()),
            other => {
                return Err(wrong(&format!(
                    "it has a parameter {other:?}: there are ssl-mode and socket"
                )));
            }
        }
    }
    Ok((mode, socket))
}

/// Returns a part of a URL as it was before it was written into one.
fn decoded(part: &str) -> String {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.as_bytes();
    while let [byte, behind @ ..] = rest {
        let digits = behind.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(decoded) if *byte == b'%' => {
                bytes.push(decoded);
                rest = &behind[2..];
            }
            _ => {
                bytes.push(*byte);
                rest = behind;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn tls(authorities: Option<&Path>) -> Result<SslOpts, DatabaseCause> {
    let roots = match authorities {
        Some(path) => {
            let pem = fs::read(path)
                .map_err(|error| wrong(&format!("store.tls_ca, {}: {error}", path.display())))?;
            vec![pem.into()]
        }
        None => {
            let system = rustls_native_certs::load_native_certs().certs;
            system.iter().map(|certificate| certificate.as_ref().to_vec().into()).collect()
        }
    };
    Ok(SslOpts::default().with_root_certs(roots).with_disable_built_in_roots(true))
}

fn wrong(text: &str) -> DatabaseCause {
    DatabaseCause::Address(text.to_owned())
}

#[cfg(test)]
mod tests;
