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
    pub(crate) const PUBLISHED: &str = "published";
    pub(crate) const SIGNED_IN: &str = "signed-in";
    pub(crate) const SIGNED_OUT: &str = "signed-out";
    pub(crate) const BACKLOG_PURGED: &str = "backlog-purged";
}

/// One act.
#[derive(Debug, Default)]
pub(crate) struct Act<'a> {
    /// A word that stays the same.
    pub(crate) event: &'static str,
    /// The API key that asked for it, by its name, and from where.
    pub(crate) key: Option<&'a str>,
    /// Who asked for it in the console, and in which role.
    pub(crate) user: Option<&'a str>,
    pub(crate) role: Option<&'a str>,
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
    /// How it was answered, where that is told.
    pub(crate) status: Option<u16>,
}

/// Writes the line of an act.
pub(crate) fn act(act: &Act<'_>) {
    let &Act { event, key, role, address, setting, issuer, seconds, status, .. } = act;
    let [user, client, channel, reason, request] =
        [act.user, act.client, act.channel, act.reason, act.request].map(|it| it.map(shortened));
    let has_failed = status.is_some_and(|status| 400 <= status);
    let said =
        if has_failed { "asked for by an operator, and not done" } else { "done by an operator" };
    tracing::info!(
        target: AUDIT_TARGET,
        event,
        key,
        user = user.as_deref(),
        role,
        status,
        address = address.map(tracing::field::display),
        setting,
        issuer,
        request = request.as_deref(),
        client = client.as_deref(),
        channel = channel.as_deref(),
        reason = reason.as_deref(),
        seconds,
        "{said}"
    );
}

/// Writes, at `debug`, that messages were published on the server's own account: with the API key of that
/// name, from that address, or by the program that runs the server.
pub(crate) fn published(by: Option<(&str, IpAddr)>) {
    let (key, address) = by.unzip();
    let address = address.map(tracing::field::display);
    tracing::debug!(target: AUDIT_TARGET, event = "published", key, address, "done by an operator");
}
