//! What a request shows of whoever sends it.

use axum::http::{HeaderMap, Uri, header::AUTHORIZATION};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use percent_encoding::percent_decode_str;
use rialto_config::{ApiKey, Settings};
use subtle::ConstantTimeEq as _;

/// What a request shows.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Shown<'a> {
    Nothing,
    /// A key, or a token that says itself whose it is.
    Secret(&'a str),
    /// A client's id, and its token or password.
    Client(String, String),
}

impl<'a> Shown<'a> {
    pub(super) fn of(headers: &'a HeaderMap) -> Self {
        let authorization = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        if let Some((scheme, text)) = authorization.and_then(|it| it.split_once(' ')) {
            if scheme.eq_ignore_ascii_case("bearer") {
                return Shown::Secret(text.trim());
            }
            if scheme.eq_ignore_ascii_case("basic")
                && let Ok(pair) = STANDARD.decode(text.trim())
                && let Ok(pair) = String::from_utf8(pair)
                && let Some((client, secret)) = pair.split_once(':')
            {
                return Shown::Client(client.to_owned(), secret.to_owned());
            }
        }
        let key = headers.get("x-api-key").and_then(|value| value.to_str().ok());
        key.map_or(Shown::Nothing, Shown::Secret)
    }
}

/// Finds a key. All are compared, so that the time taken tells nothing of which was near.
pub(super) fn find_key<'a>(settings: &'a Settings, shown: &str) -> Option<&'a ApiKey> {
    settings.api.keys.iter().fold(None, |found, key| {
        let is_it = bool::from(key.key.expose().as_bytes().ct_eq(shown.as_bytes()));
        if is_it { Some(key) } else { found }
    })
}

/// Returns the ticket in a query.
pub(super) fn ticket(uri: &Uri) -> Option<String> {
    let mut pairs = uri.query()?.split('&').filter_map(|pair| pair.split_once('='));
    let (_, ticket) = pairs.find(|(name, _)| *name == "ticket")?;
    Some(percent_decode_str(ticket).decode_utf8_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_request_shows_is_found_in_its_fields() {
        let shown = |name: &'static str, value: &'static str| {
            let headers = HeaderMap::from_iter([(name.parse().unwrap(), value.parse().unwrap())]);
            format!("{:?}", Shown::of(&headers))
        };
        assert_eq!(shown("authorization", "bearer abc "), "Secret(\"abc\")");
        assert_eq!(shown("x-api-key", "abc"), "Secret(\"abc\")");
        assert_eq!(shown("authorization", "Basic YWRhOmE6Yg=="), "Client(\"ada\", \"a:b\")");
        for wrong in ["Basic !", "Basic YWRh", "Digest a=b", "Basic", "Basic gICA"] {
            assert_eq!(shown("authorization", wrong), "Nothing", "{wrong}");
        }
    }
}
