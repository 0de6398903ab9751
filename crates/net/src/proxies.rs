//! Whose a connection or a request is that a proxy passes on.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use arc_swap::ArcSwap;
use ipnet::IpNet;
use tungstenite::http::{
    HeaderMap, HeaderName,
    header::{FORWARDED, HeaderValue},
};

/// The proxies that are believed at the moment.
#[derive(Debug)]
pub struct Proxies(ArcSwap<TrustedProxies>);

/// What a proxy says of how a request came to it, where that stands in no `Forwarded`.
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Proxies that are believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedProxies {
    /// Where they are.
    pub networks: Vec<IpNet>,
    /// The header of a request in which they say for whom they pass it on: `Forwarded` (RFC 7239), or
    /// one with a list of addresses, as `X-Forwarded-For`.
    pub header: HeaderName,
}

impl Proxies {
    /// Believes these.
    pub fn new(trusted: TrustedProxies) -> Self {
        Proxies(ArcSwap::from_pointee(trusted))
    }

    /// Believes these from now on.
    pub fn replace(&self, trusted: TrustedProxies) {
        self.0.store(Arc::new(trusted));
    }

    /// Says whether a peer is believed when it says for whom it connects.
    pub fn trust(&self, peer: IpAddr) -> bool {
        self.0.load().has(peer)
    }

    /// Returns whose request this is, sent by `peer`: who a proxy says that it is, and otherwise the
    /// peer. Of a chain of proxies the last address that is no trusted one counts, as anything before
    /// it may have been made up. A header tells no port, which is 0 then.
    pub fn client(&self, peer: SocketAddr, headers: &HeaderMap) -> SocketAddr {
        let trusted = self.0.load();
        if !trusted.has(peer.ip()) {
            return peer;
        }
        let mut client = peer;
        for hop in trusted.hops(headers).into_iter().rev() {
            let Some(address) = address_of(hop) else { break };
            client = SocketAddr::new(address, 0);
            if !trusted.has(address) {
                break;
            }
        }
        client
    }

    /// Says whether `peer` is a proxy that is believed, and says that the request came to it inside TLS. Of
    /// several words the last counts, which is the nearest proxy's.
    pub fn say_tls(&self, peer: IpAddr, headers: &HeaderMap) -> bool {
        let trusted = self.0.load();
        trusted.has(peer)
            && trusted.protocol(headers).is_some_and(|it| it.eq_ignore_ascii_case("https"))
    }
}

impl TrustedProxies {
    fn has(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.networks.iter().any(|network| network.contains(&address))
    }

    /// Returns in which protocol the request came to the last proxy, as that says it.
    fn protocol<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        if self.header == FORWARDED {
            let last = headers.get_all(FORWARDED).into_iter().next_back()?.to_str().ok()?;
            return Some(forwarded(split(last, ',').last()?, "proto"));
        }
        let last = headers.get_all(FORWARDED_PROTO).into_iter().next_back()?.to_str().ok()?;
        last.split(',').next_back().map(str::trim)
    }

    /// Returns for whom each proxy has passed the request on, the first one's client first.
    fn hops<'a>(&self, headers: &'a HeaderMap) -> Vec<&'a str> {
        let values = headers.get_all(&self.header).into_iter().map(HeaderValue::to_str);
        // What is no text names nobody, and ends the chain.
        let elements = values.flat_map(|value| split(value.unwrap_or_default(), ','));
        if self.header == FORWARDED {
            elements.map(|element| forwarded(element, "for")).collect()
        } else {
            elements.collect()
        }
    }
}

/// Splits a header at a character that stands in no quotes.
fn split(text: &str, at: char) -> impl Iterator<Item = &str> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    text.split(move |character| {
        let is_end = character == at && !is_quoted;
        match character {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            _ => {}
        }
        is_end
    })
}

/// Returns what an element of `Forwarded` (RFC 7239) says under a name; empty if it does not say.
fn forwarded<'a>(element: &'a str, wanted: &str) -> &'a str {
    let pairs = split(element, ';').filter_map(|pair| pair.split_once('='));
    let mut named = pairs.filter(|(name, _)| name.trim().eq_ignore_ascii_case(wanted));
    named.next().map_or("", |(_, value)| value.trim().trim_matches('"'))
}

/// Reads an address with or without a port, in brackets where RFC 7239 wants them.
fn address_of(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse::<IpAddr>();
    let address = address.or_else(|_| text.parse::<SocketAddr>().map(|address| address.ip()));
    address.ok().map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests;
