//! By which name a request came, which no page can choose freely: one that has its own name lead here (DNS
//! rebinding) still sends that name.

use std::net::IpAddr;

use axum::http::{HeaderMap, Uri, header::HOST};
use rialto_config::Settings;

/// The host that a request is for, with its port; empty where it says none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Host<'a>(&'a str);

impl<'a> Host<'a> {
    pub(crate) fn of(headers: &'a HeaderMap, uri: &'a Uri) -> Self {
        let field = headers.get(HOST).map(|value| value.to_str().unwrap_or("?"));
        // In HTTP/2 it stands before the path.
        let host = field.or_else(|| uri.authority().map(|authority| authority.as_str()));
        Host(host.unwrap_or_default())
    }

    pub(crate) fn as_str(self) -> &'a str {
        self.0
    }

    /// Returns the port, if it names one.
    pub(crate) fn port(self) -> Option<&'a str> {
        let (_, port) = self.0.rsplit_once(':')?;
        (!port.is_empty() && port.bytes().all(|it| it.is_ascii_digit())).then_some(port)
    }

    /// Says whether it can only be this machine, or is an address, which leads nowhere else.
    pub(crate) fn is_of_this_machine(self) -> bool {
        let name = self.name();
        let is_address = name.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
        let is_within =
            name.len() > ".localhost".len() && name.to_ascii_lowercase().ends_with(".localhost");
        is_address || is_within || name.eq_ignore_ascii_case("localhost")
    }

    /// Says whether a page of that origin came from this host.
    pub(crate) fn is_of_origin(self, origin: &str) -> bool {
        origin.split_once("://").is_some_and(|(_, host)| host == self.0)
    }

    /// Says whether the console answers to it.
    pub(crate) fn is_of_the_console(self, settings: &Settings) -> bool {
        let is_it = |host: &String| host.eq_ignore_ascii_case(self.name());
        self.is_of_this_machine() || settings.console.hosts.iter().any(is_it)
    }

    /// Returns what is told where it is none of the console's.
    pub(crate) fn is_unknown(self) -> String {
        format!(
            "{:?} is none of the names of this console: add it to console.hosts in the server's settings, if \
             it is one",
            self.0
        )
    }

    fn name(self) -> &'a str {
        match self.port() {
            Some(port) => &self.0[..self.0.len() - port.len() - 1],
            None => self.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_this_machine_is_no_other() {
        for here in
            ["localhost", "localhost:8016", "127.0.0.1:80", "[::1]:8016", "10.0.0.1", "a.localhost"]
        {
            assert!(Host(here).is_of_this_machine(), "{here}");
        }
        for elsewhere in [
            "",
            "evil.example",
            "evil.example:8016",
            "localhost.evil.example",
            "127.0.0.1.nip.io:80",
            "evillocalhost",
            "?",
        ] {
            assert!(!Host(elsewhere).is_of_this_machine(), "{elsewhere}");
        }
    }

    #[test]
    fn the_console_answers_to_the_names_in_the_settings_on_any_port() {
        let mut settings = Settings::default();
        settings.console.hosts = vec!["mq.example".to_owned()];
        for (host, is_known) in [
            ("mq.example", true),
            ("MQ.example:8443", true),
            ("localhost:1", true),
            ("mq.example.evil.example", false),
            ("evil.example", false),
            ("mq.example:evil", false),
            ("", false),
        ] {
            assert_eq!(Host(host).is_of_the_console(&settings), is_known, "{host}");
        }
    }
}
