//! Who may connect, and what they may do.

use serde::{Deserialize, Serialize};

use crate::choice::{AccessAction, AccessMode, ForwardedHeader, Unmatched};
use crate::network::Network;
use crate::quantity::Period;
use crate::secret::{OptionalPath, Secret};
use crate::section::section;
use crate::settings::jwt::JwtIssuer;

section! {
    /// Who may connect, and what they may do.
    pub struct Access {
        /// "open" gives a token to anybody who asks, for the name they ask for; "tokens" serves
        /// only those with a password, a token, a JWT or a client certificate.
        mode: AccessMode = "open",
        /// How long a token that the broker signs is valid.
        token_lifetime: Period = "30d" in "1s" to "3650d",
        /// Allows mode "open" on an address that other machines can reach. Anybody who can reach
        /// it can then read and publish everything.
        open_beyond_loopback: bool = "false",
        /// Tokens known in advance, as a list: [[access.tokens]] with client = "name" and
        /// token = "secret" for each, and groups = ["staff"] where rules ask for one. A client may
        /// have several.
        tokens: Vec<PresetToken> = "[]",
        /// File with users and the hashes of their passwords, which "rialto user add" makes; empty
        /// is users.toml in server.data_dir.
        users_file: OptionalPath = "",
        /// Who may do what on which channels, as a list: [[access.rules]] with allow or deny, a
        /// list of "publish", "subscribe", "control", "p2p" and "history", and channels, a list of
        /// patterns, in which * stands for anything, ? for one character and {client} for the
        /// client's id. Where one of these is given the rule is only for such clients: client (a
        /// pattern), group, claim ("name=value", of a JWT). A name tells rules apart in logs. The
        /// first rule that fits decides.
        rules: Vec<AccessRule> = "[]",
        /// What holds where there are rules and none of them fits: "deny" or "allow". Without any
        /// rule everything is allowed.
        unmatched: Unmatched = "deny",
        /// Channels that clients are subscribed to when their session opens, as a list:
        /// [[access.subscribe]] with channel, which may hold {client}, and persistent = true where
        /// that is wanted. Given client (a pattern) or group, it is only for such clients.
        subscribe: Vec<ConnectSubscription> = "[]",
        /// Channel on which the server publishes {"online": id} and {"offline": id} for each client
        /// that comes and goes; empty is none. Its name must not begin with $ or #.
        presence_channel: String = "",
        /// Whose JWTs are taken as tokens, as a list: [[access.jwt]] with name, algorithms (a list
        /// of those taken; "RS256" alone if it is left out) and one of secret (for HS256, HS384 and
        /// HS512), key_file (a public key in PEM), jwks_file and jwks_url (fetched again after each
        /// refresh, "10m" by default). Where issuer or audience is given, the JWT must have the
        /// same. client_claim ("sub" by default) is the client id, groups_claim ("groups") its
        /// groups and rights_claim ("rialto") what it may do.
        jwt: Vec<JwtIssuer> = "[]",
        /// Origins of the pages from which browsers may connect, such as `https://app.example`;
        /// empty is any. What sends no Origin is no browser, and is let in.
        websocket_origins: Vec<String> = "[]",
        /// Networks whose proxies are believed when they say for whom they connect: on listeners with
        /// proxy_protocol, and by a header of HTTP and of WebSocket upgrades. Anybody who can reach
        /// the broker from there can come as from any address.
        trusted_proxies: Vec<Network> = "[]",
        /// The header in which they say it: "x-forwarded-for" or "forwarded". They must set it
        /// themselves; the other one is not read, as it may be the client's.
        forwarded_header: ForwardedHeader = "x-forwarded-for",
        /// Failed attempts from one address, or for one client id, before each further one has to
        /// wait.
        failed_attempts_max: usize = "5" in "1" to "1000",
        /// Longest such wait.
        attempt_delay_max: Period = "10s" in "0s" to "5m",
    }
}

/// A token known in advance, for one client.
#[derive(Debug, Clone, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PresetToken {
    /// The client id the token is good for.
    pub client: String,
    /// The token as the client sends it.
    pub token: Secret,
    /// The groups of whoever comes with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
}

/// Who may, or may not, do what on which channels.
///
/// [`load()`](crate::load()) sees to it that either `allow` or `deny` has entries.
#[derive(Debug, Clone, PartialEq, PartialOrd, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AccessRule {
    /// What logs and `rialto access test` call the rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Only for clients whose id fits this pattern.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// Only for clients of this group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Only for clients whose JWT has this claim: `name=value`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claim: Option<String>,
    /// What is allowed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allow: Vec<AccessAction>,
    /// What is refused.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub deny: Vec<AccessAction>,
    /// On which channels: patterns in which `{client}` stands for the client's id.
    pub channels: Vec<String>,
}

impl AccessRule {
    /// Returns whether the rule allows or refuses, and which actions.
    pub fn verdict(&self) -> (bool, &[AccessAction]) {
        if self.allow.is_empty() { (false, &self.deny) } else { (true, &self.allow) }
    }

    /// Returns name and value of the claim that clients must have, if there is one.
    pub fn claim(&self) -> Option<(&str, &str)> {
        self.claim.as_deref()?.split_once('=')
    }
}

/// A channel that clients are subscribed to when their session opens.
#[derive(Debug, Clone, PartialEq, PartialOrd, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConnectSubscription {
    /// The channel; `{client}` in it stands for the client's id.
    pub channel: String,
    /// Whether messages are kept for the client while it is away.
    pub persistent: bool,
    /// Only for clients whose id fits this pattern.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// Only for clients of this group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
}
