//! Whose word about for whom a connection or a request comes is taken, in the words of `net`.

use axum::http::{HeaderName, header::FORWARDED};
use rialto_config::{Access, ForwardedHeader};
use rialto_net::TrustedProxies;

pub(crate) fn trusted_proxies(access: &Access) -> TrustedProxies {
    TrustedProxies {
        networks: access.trusted_proxies.iter().map(|&network| network.into()).collect(),
        header: match access.forwarded_header {
            ForwardedHeader::XForwardedFor => HeaderName::from_static("x-forwarded-for"),
            ForwardedHeader::Forwarded => FORWARDED,
        },
    }
}
