//! How access is decided, as it is configured.

use std::{collections::BTreeSet, time::Duration};

use crate::{Effect, Issuer, Rule, Secret, Users};

/// How clients get tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Whoever names a client gets its token, unless the name has a preset token or a user. For
    /// development, and for loopback.
    Open,
    /// Only who shows a preset token, a password, a JWT, a certificate or a token signed earlier comes in.
    Tokens,
}

/// A token that the configuration gives one client; a client may have several.
#[derive(Debug, Clone)]
pub struct PresetToken {
    /// The client's id.
    pub client: String,
    /// Its token.
    pub token: Secret,
    /// The groups of who comes with it.
    pub groups: BTreeSet<String>,
}

/// A channel that clients are subscribed to when they connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectSubscription {
    /// The channel; `{client}` in it stands for the client id.
    pub channel: String,
    /// Whether the subscription outlives the session.
    pub persistent: bool,
    /// A pattern of the ids of the clients it is for; without, all.
    pub client: Option<String>,
    /// The group it is for; without, all.
    pub group: Option<String>,
}

/// How access is decided.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How clients get tokens.
    pub mode: Mode,
    /// How long a signed token is valid.
    pub token_lifetime: Duration,
    /// Tokens that need no authentication.
    pub presets: Vec<PresetToken>,
    /// Bytes a client id may have.
    pub client_id_bytes_max: usize,
    /// Users with passwords.
    pub users: Users,
    /// What clients may do: the first rule that fits decides.
    pub rules: Vec<Rule>,
    /// What happens where no rule fits; without any rules, everything is allowed.
    pub unmatched: Effect,
    /// What clients are subscribed to when they connect.
    pub subscribe: Vec<ConnectSubscription>,
    /// Whose JWTs open sessions.
    pub issuers: Vec<Issuer>,
    /// Whether the id in a connection's certificate opens that client's session.
    pub accepts_certificates: bool,
    /// Who may have all messages, and publish in the name of others.
    pub replicants: Replicants,
}

/// Who may be a replicant: have the messages of all channels, and publish in the name of others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Replicants {
    /// Ids of the clients that may, once they have shown who they are.
    pub clients: BTreeSet<String>,
    /// Whether the hosts of the cluster may by their addresses alone, whoever their clients are.
    pub by_address: bool,
}
