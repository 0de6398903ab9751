//! Which of the original files a text is, told by its content.

use super::{ini, python};

/// The original files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// CoreMQ's `coremq.conf`.
    Coremq,
    /// JMQT's `server.conf`.
    Server,
    /// JMQT's `client.conf`.
    Client,
    /// JMQT's `load_balancer.conf`.
    Balancer,
}

impl Kind {
    /// Returns which file `text` is, or `None` if it is none of them.
    pub(crate) fn of(text: &str) -> Option<Kind> {
        let first = lines(text).next()?;
        match ini::header(first) {
            Some(_) => Kind::of_headers(lines(text).filter_map(ini::header)),
            None => Kind::of_names(lines(text).filter_map(python::name)),
        }
    }

    /// Says whether `text` is a `coremq.conf` and cannot be TOML of ours: what it has before all else
    /// is a header that we have not.
    pub(crate) fn is_coremq(text: &str) -> bool {
        let first = lines(text).next().and_then(ini::header);
        first.is_some_and(|name| is_of_coremq(name) || name == ini::DEFAULTS)
            && Kind::of(text) == Some(Kind::Coremq)
    }

    /// Says whether `text` is a `load_balancer.conf` and cannot be TOML of ours.
    pub(crate) fn is_balancer(text: &str) -> bool {
        let first = lines(text).next().and_then(ini::header);
        matches!(first, Some("options" | "mappings")) && Kind::of(text) == Some(Kind::Balancer)
    }

    fn of_headers<'a>(mut headers: impl Iterator<Item = &'a str>) -> Option<Kind> {
        headers.find_map(|header| match header {
            header if is_of_coremq(header) => Some(Kind::Coremq),
            "mappings" => Some(Kind::Balancer),
            _ => None,
        })
    }

    /// `client.conf` is told by what the server's has not; both have the names for TLS and the log.
    fn of_names<'a>(mut names: impl Iterator<Item = &'a str>) -> Option<Kind> {
        names.find_map(|name| match name {
            "REMOTE_HOST" | "REMOTE_PORT" => Some(Kind::Client),
            "SOCKET_PORT" | "WEBSOCKET_PORT" | "SSL_SOCKET_PORT" | "SSL_WEBSOCKET_PORT"
            | "TIMEOUT_SECONDS" | "ENABLE_REDIS" | "ENABLE_MYSQL" => Some(Kind::Server),
            _ => None,
        })
    }
}

fn is_of_coremq(header: &str) -> bool {
    matches!(header, "CoreMQ" | "CoreWS")
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !ini::is_comment(line))
}
