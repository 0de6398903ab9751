//! What an operator did: by the settings and the files they name, over the HTTP API, or by the program that
//! runs the server.

use std::net::IpAddr;

use rialto_domain::AUDIT_TARGET;

use super::line::shortened;

/// The words for what is done to clients and channels, which stay the same.
pub(crate) mod word {
    pub(crate) const CLIENT_SUBSCRIBED: &str = "client-subscribed";
    pub(crate) const CLIENT_UNSUBSCRIBED: &str = "client-unsubscribed";
    pub(crate) const CLIENT_DISCONNECTED: &str = "client-disconnected";
    pub(crate) const CLIENT_BANNED: &str = "client-banned";
    pub(crate) const CLIENT_UNBANNED: &str = "client-unbanned";
    pub(crate) const CLIENT_FORGOTTEN: &str = "client-forgotten";
    pub(crate) const TOKENS_REVOKED: &str = "tokens-revoked";
    pub(crate) const TOKEN_SIGNED: &str = "token-signed";
    pub(crate) const TAIL_OPENED: &str = "tail-opened";
    pub(crate) const PAYLOADS_INSPECTED: &str = "payloads-inspected";
    pub(crate) const RETAINED_REMOVED: &str = "retained-removed";
}

/// One act.
#[derive(Debug, Default)]
pub(crate) struct Act<'a> {
    /// A word that stays the same.
    pub(crate) event: &'static str,
    /// The API key that asked for it, by its name, and from where.
    pub(crate) key: Option<&'a str>,
    pub(crate) address: Option<IpAddr>,
    /// Which setting, section or file.
    pub(crate) setting: Option<&'a str>,
    /// Which issuer of JWTs.
    pub(crate) issuer: Option<&'a str>,
    /// The client or user it was done to.
    pub(crate) client: Option<&'a str>,
    pub(crate) channel: Option<&'a str>,
    /// Why, in the operator's words.
    pub(crate) reason: Option<&'a str>,
    /// For how many seconds; none for what has no end, or needs none.
    pub(crate) seconds: Option<u64>,
    /// The request that asked for it.
    pub(crate) request: Option<&'a str>,
}

/// Writes the line of an act.
pub(crate) fn act(act: &Act<'_>) {
    let Act { event, key, address, setting, issuer, client, channel, reason, seconds, request } =
        act;
    let [client, channel, reason, request] =
        [client, channel, reason, request].map(|text| text.map(shortened));
    tracing::info!(
        target: AUDIT_TARGET,
        event,
        key,
        address = address.map(tracing::field::display),
        setting,
        issuer,
        request = request.as_deref(),
        client = client.as_deref(),
        channel = channel.as_deref(),
        reason = reason.as_deref(),
        seconds,
        "done by an operator"
    );
}

/// Writes, at `debug`, that messages were published on the server's own account: with the API key of that
/// name, from that address, or by the program that runs the server.
pub(crate) fn published(by: Option<(&str, IpAddr)>) {
    let (key, address) = by.unzip();
    let address = address.map(tracing::field::display);
    tracing::debug!(target: AUDIT_TARGET, event = "published", key, address, "done by an operator");
}
