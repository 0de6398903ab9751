//! The settings in force, ready to be asked.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use rialto_domain::{Certificate, ForcedSubscription, UnixMs};

use crate::{
    AccessError, ConnectSubscription, Identity, Mode, Pattern, Policy, PresetToken, Proof,
    Replicants, Secret, Settings, TokenOrigin, Users,
    identity::Certified,
    jwt::{JwtError, Verifier},
};

/// What [`Access`](crate::Access) goes by until settings change.
pub(crate) struct State {
    pub(crate) mode: Mode,
    pub(crate) token_lifetime: std::time::Duration,
    pub(crate) client_id_bytes_max: usize,
    pub(crate) users: Users,
    pub(crate) policy: Arc<Policy>,
    pub(crate) accepts_certificates: bool,
    replicants: Replicants,
    presets: HashMap<String, Vec<PresetToken>>,
    subscribe: Vec<ConnectSubscription>,
    issuers: Vec<Verifier>,
}

impl State {
    /// Makes ready what is configured. Keys that were fetched for `earlier` settings stay.
    pub(crate) fn new(settings: Settings, earlier: Option<&State>) -> Result<Self, AccessError> {
        let issuers = verifiers(&settings)?;
        for verifier in &issuers {
            if let Some(earlier) = earlier.and_then(|state| state.issuer(verifier.name())) {
                verifier.inherit_keys(earlier);
            }
        }
        Ok(State {
            presets: presets_by_client(settings.presets)?,
            mode: settings.mode,
            token_lifetime: settings.token_lifetime,
            client_id_bytes_max: settings.client_id_bytes_max,
            users: settings.users,
            policy: Arc::new(Policy::new(settings.rules, settings.unmatched)),
            accepts_certificates: settings.accepts_certificates,
            replicants: settings.replicants,
            subscribe: settings.subscribe,
            issuers,
        })
    }

    pub(crate) fn issuers(&self) -> &[Verifier] {
        &self.issuers
    }

    pub(crate) fn issuer(&self, name: &str) -> Option<&Verifier> {
        self.issuers.iter().find(|verifier| verifier.name() == name)
    }

    pub(crate) fn has_preset(&self, client: &str) -> bool {
        self.presets.contains_key(client)
    }

    /// Returns whether somebody has to show something to be that client, even in open mode.
    pub(crate) fn is_protected(&self, client: &str) -> bool {
        self.has_preset(client) || self.users.get(client).is_some()
    }

    /// Finds the client's preset token that this is.
    pub(crate) fn preset(&self, client: &str, token: &str) -> Option<&PresetToken> {
        let presets = self.presets.get(client)?.iter();
        // All are compared, so that the time taken tells nothing of which was near.
        presets.fold(None, |found, preset| match preset.token.is(token) {
            true => Some(preset),
            false => found,
        })
    }

    /// Finds a preset token of the client's by what is true of it.
    pub(crate) fn preset_by(
        &self,
        client: &str,
        is_it: impl Fn(&Secret) -> bool,
    ) -> Option<Secret> {
        let mut presets = self.presets.get(client)?.iter();
        presets.find(|preset| is_it(&preset.token)).map(|preset| preset.token.clone())
    }

    /// Checks a token with each issuer; of several refusals the nearest is told.
    pub(crate) fn verify_jwt(&self, token: &str, now: UnixMs) -> Result<Identity, JwtError> {
        let mut nearest = JwtError::NoJwt;
        for verifier in &self.issuers {
            match verifier.verify(token, self.client_id_bytes_max, now) {
                Ok(identity) => return Ok(identity),
                Err(error) => nearest = nearest.max(error),
            }
        }
        Err(nearest)
    }

    /// Returns the groups that go with the name, where the proof brings none.
    pub(crate) fn groups_of(&self, client: &str) -> BTreeSet<String> {
        self.users.get(client).map(|user| user.groups.clone()).unwrap_or_default()
    }

    /// Returns the groups of the name, of a user and of all preset tokens.
    pub(crate) fn all_groups_of(&self, client: &str) -> BTreeSet<String> {
        let presets = self.presets.get(client).into_iter().flatten();
        let of_presets = presets.flat_map(|preset| preset.groups.iter().cloned());
        of_presets.chain(self.groups_of(client)).collect()
    }

    pub(crate) fn subscriptions(&self, identity: &Identity) -> Vec<ForcedSubscription> {
        let account = identity.account();
        let concerning = self.subscribe.iter().filter(|subscription| {
            let client = subscription.client.as_ref();
            let group = subscription.group.as_ref();
            client.is_none_or(|text| Pattern::new(text, account).fits(account))
                && group.is_none_or(|group| identity.groups().contains(group))
        });
        let fill_in = |subscription: &ConnectSubscription| ForcedSubscription {
            channel: Pattern::fill_in(&subscription.channel, account),
            persistent: subscription.persistent,
        };
        concerning.map(fill_in).collect()
    }

    /// Returns the identity as it is under these settings, or `None` if its proof holds no more.
    pub(crate) fn renewed(&self, identity: &Identity, now: UnixMs) -> Option<Identity> {
        let account = identity.account();
        let (holds, groups) = match identity.proof() {
            Proof::Anybody => {
                let is_open = self.mode == Mode::Open && !self.is_protected(account);
                (is_open, self.groups_of(account))
            }
            Proof::Preset { token } => {
                let preset = self.preset(account, token.expose())?;
                (true, preset.groups.clone())
            }
            Proof::Signed { issued_at, origin } => {
                (self.honours(account, *issued_at, *origin), self.groups_of(account))
            }
            Proof::Password { shown_at } => {
                let user = self.users.get(account)?;
                (user.tokens_valid_from <= *shown_at, user.groups.clone())
            }
            Proof::Jwt { issuer, expires, .. } => {
                let holds = now < *expires && self.issuer(issuer).is_some();
                (holds, identity.groups().clone())
            }
            Proof::Certificate => (self.accepts_certificates, self.groups_of(account)),
            Proof::Application => (true, identity.groups().clone()),
            Proof::Address => (self.lets_hosts_replicate(), identity.groups().clone()),
        };
        let renewed = identity.clone().with_groups(groups);
        let renewed = match identity.certificate() {
            Some(certificate) => renewed.with_certificate(self.certified(Some(certificate), now)?),
            None => renewed,
        };
        holds.then_some(renewed)
    }

    /// Returns a certificate that was shown with the time until which it counts, if it counts now.
    pub(crate) fn certified(
        &self,
        shown: Option<&Arc<dyn Certificate>>,
        now: UnixMs,
    ) -> Option<Certified> {
        let shown = shown.filter(|_| self.accepts_certificates)?;
        Some((Arc::clone(shown), shown.counts_until(now)?))
    }

    /// Returns whether an address of the cluster alone makes a replicant: in open mode, and where
    /// the settings say so.
    pub(crate) fn lets_hosts_replicate(&self) -> bool {
        self.mode == Mode::Open || self.replicants.by_address
    }

    /// Returns whether the settings name the identity among those who may be replicants.
    pub(crate) fn names_replicant(&self, identity: &Identity) -> bool {
        identity.is_shown() && self.replicants.clients.contains(identity.account())
    }

    /// Returns whether a token of ours that is well signed still counts.
    pub(crate) fn honours(&self, client: &str, issued_at: UnixMs, origin: TokenOrigin) -> bool {
        match origin {
            TokenOrigin::Open => !self.is_protected(client),
            TokenOrigin::Password => {
                let user = self.users.get(client);
                user.is_some_and(|user| user.tokens_valid_from <= issued_at)
            }
            TokenOrigin::Certificate => self.accepts_certificates,
            TokenOrigin::Application => true,
        }
    }
}

fn verifiers(settings: &Settings) -> Result<Vec<Verifier>, AccessError> {
    let mut names = BTreeSet::new();
    let issuers = settings.issuers.iter().cloned();
    let ready = issuers.map(|issuer| {
        let name = issuer.name.clone();
        if !names.insert(name.clone()) {
            return Err(AccessError::IssuerTwice(name));
        }
        Verifier::new(issuer).map_err(|reason| AccessError::Issuer { name, reason })
    });
    ready.collect()
}

fn presets_by_client(
    presets: Vec<PresetToken>,
) -> Result<HashMap<String, Vec<PresetToken>>, AccessError> {
    let mut by_client = HashMap::<String, Vec<PresetToken>>::new();
    for preset in presets {
        if preset.token.expose().is_empty() || preset.client.is_empty() {
            return Err(AccessError::EmptyToken(preset.client));
        }
        by_client.entry(preset.client.clone()).or_default().push(preset);
    }
    Ok(by_client)
}
