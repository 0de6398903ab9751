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
        /// "open" gives a token for any client id to anybody who asks for it; "tokens" accepts
        /// only clients with a password, a token, a JWT or a client certificate.
        mode: AccessMode = "open",
        /// How long a token that the broker signs is valid.
        token_lifetime: Period = "30d" in "1s" to "3650d",
        /// Allows mode "open" on an address that other machines can reach. Anybody who can reach
        /// the address can then read and publish everything.
        open_beyond_loopback: bool = "false",
        /// Preset tokens, as a list: [[access.tokens]] with client = "name" and token = "secret"
        /// for each, and groups = ["staff"] if rules ask for a group. A client may have several
        /// tokens.
        tokens: Vec<PresetToken> = "[]",
        /// File with the users and the hashes of their passwords, which "rialto user add" writes;
        /// if it is empty, users.toml in server.data_dir.
        users_file: OptionalPath = "",
        /// Who may do what on which channels, as a list: [[access.rules]] with allow or deny, a
        /// list of "publish", "subscribe", "control", "p2p" and "history", and channels, a list of
        /// patterns in which * stands for any text, ? for one character and {client} for the
        /// client id. A rule with one of the following applies only to matching clients: client (a
        /// pattern), group, claim ("name=value", of a JWT). A name identifies the rule in logs.
        /// The first rule that matches decides.
        rules: Vec<AccessRule> = "[]",
        /// What happens if there are rules and none of them matches: "deny" or "allow". Without
        /// any rule everything is allowed.
        unmatched: Unmatched = "deny",
        /// Channels that clients are subscribed to when their session opens, as a list:
        /// [[access.subscribe]] with channel, in which {client} stands for the client id, and
        /// persistent = true for a persistent subscription. With client (a pattern) or group, an
        /// entry applies only to matching clients.
        subscribe: Vec<ConnectSubscription> = "[]",
        /// Channel on which the server publishes {"online": id} and {"offline": id} for each
        /// client that connects and disconnects; empty publishes nothing. Its name must not begin
        /// with $ or #.
        presence_channel: String = "",
        /// Issuers whose JWTs are accepted as tokens, as a list: [[access.jwt]] with name,
        /// algorithms (a list of the accepted ones; only "RS256" by default) and one of secret
        /// (for HS256, HS384 and HS512), key_file (a public key in PEM), jwks_file and jwks_url
        /// (fetched again after each refresh, "10m" by default). If issuer or audience is given,
        /// the JWT must have the same. client_claim ("sub" by default) is the client id,
        /// groups_claim ("groups") its groups and rights_claim ("rialto") its rights.
        jwt: Vec<JwtIssuer> = "[]",
        /// Origins of the pages from which browsers may connect, such as `https://app.example`;
        /// empty allows any. A client that sends no Origin is no browser, and is accepted.
        websocket_origins: Vec<String> = "[]",
        /// Networks whose proxies are trusted to name the address of the client: on listeners with
        /// proxy_protocol, and in a header of HTTP requests and WebSocket upgrades. Anybody who
        /// can reach the broker from such a network can claim any address.
        trusted_proxies: Vec<Network> = "[]",
        /// The header in which proxies name the address: "x-forwarded-for" or "forwarded". The
        /// proxies must set this header themselves. The other one is ignored, since it may come
        /// from the client.
        forwarded_header: ForwardedHeader = "x-forwarded-for",
        /// Failed logins from one address, or for one client id, after which each further attempt
        /// is delayed.
        failed_attempts_max: usize = "5" in "1" to "1000",
        /// Longest such delay.
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
