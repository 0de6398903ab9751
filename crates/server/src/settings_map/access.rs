//! Who may connect and what they may do, in the words of the access crate; the files that the
//! configuration names are read here.

use std::{collections::BTreeSet, fs, path::Path};

use rialto_access::{
    ConnectSubscription, Effect, Issuer, IssuerKeys, Mode, PresetToken, Replicants, Rule, Secret,
    Settings as Access, ThrottleSettings, UsersFile, Who,
};
use rialto_config::{
    AccessAction, AccessMode, AccessRule, JwtIssuer, JwtKeys, Settings, Unmatched,
};
use rialto_domain::Action;

/// # Errors
/// What is wrong with a file, in words for the operator.
pub(crate) fn access(settings: &Settings) -> Result<Access, String> {
    let access = &settings.access;
    let users =
        UsersFile::read_or_new(&settings.users_file()).map_err(|error| error.to_string())?;
    Ok(Access {
        mode: match access.mode {
            AccessMode::Open => Mode::Open,
            AccessMode::Tokens => Mode::Tokens,
        },
        token_lifetime: access.token_lifetime.get(),
        presets: access.tokens.iter().map(preset).collect(),
        // Its direct channel is the id behind a mark.
        client_id_bytes_max: settings.limits.channel_name_bytes_max - 1,
        users: users.users().clone(),
        rules: access.rules.iter().map(rule).collect(),
        unmatched: match access.unmatched {
            Unmatched::Deny => Effect::Deny,
            Unmatched::Allow => Effect::Allow,
        },
        subscribe: access.subscribe.iter().map(subscription).collect(),
        issuers: access.jwt.iter().map(issuer).collect::<Result<_, _>>()?,
        accepts_certificates: settings.tls.client_authority.get().is_some(),
        replicants: Replicants {
            clients: settings.cluster.replicants.iter().cloned().collect(),
            by_address: settings.cluster.replicants_by_address,
        },
    })
}

pub(crate) fn throttle(settings: &Settings) -> ThrottleSettings {
    let failed_attempts_max = settings.access.failed_attempts_max;
    ThrottleSettings {
        failed_attempts_max: u32::try_from(failed_attempts_max).unwrap_or(u32::MAX),
        attempt_delay_max: settings.access.attempt_delay_max.get(),
    }
}

fn preset(preset: &rialto_config::PresetToken) -> PresetToken {
    PresetToken {
        client: preset.client.clone(),
        token: Secret::from(preset.token.expose()),
        groups: preset.groups.iter().cloned().collect(),
    }
}

fn rule(rule: &AccessRule) -> Rule {
    let (is_allowed, actions) = rule.verdict();
    Rule {
        name: rule.name.clone(),
        who: Who {
            client: rule.client.clone(),
            group: rule.group.clone(),
            claim: rule.claim().map(|(name, value)| (name.to_owned(), value.to_owned())),
        },
        effect: if is_allowed { Effect::Allow } else { Effect::Deny },
        actions: actions.iter().map(|&it| action(it)).collect::<BTreeSet<_>>(),
        channels: rule.channels.clone(),
    }
}

pub(crate) fn action(action: AccessAction) -> Action {
    match action {
        AccessAction::Publish => Action::Publish,
        AccessAction::Subscribe => Action::Subscribe,
        AccessAction::Control => Action::Control,
        AccessAction::P2p => Action::Direct,
        AccessAction::History => Action::History,
    }
}

fn subscription(subscription: &rialto_config::ConnectSubscription) -> ConnectSubscription {
    ConnectSubscription {
        channel: subscription.channel.clone(),
        persistent: subscription.persistent,
        client: subscription.client.clone(),
        group: subscription.group.clone(),
    }
}

fn issuer(issuer: &JwtIssuer) -> Result<Issuer, String> {
    let name = &issuer.name;
    let read = |path: &Path| {
        fs::read_to_string(path).map_err(|error| {
            format!("access.jwt {name}: {} cannot be read: {error}", path.display())
        })
    };
    let keys = match issuer.keys() {
        Some(JwtKeys::Secret(secret)) => IssuerKeys::Secret(secret.expose().as_bytes().to_vec()),
        Some(JwtKeys::KeyFile(path)) => IssuerKeys::Pem(read(path)?),
        Some(JwtKeys::JwksFile(path)) => IssuerKeys::JwkSet(read(path)?),
        Some(JwtKeys::JwksUrl(url)) => IssuerKeys::Url(url.to_owned()),
        None => return Err(format!("access.jwt {name}: it must have keys in exactly one place")),
    };
    let algorithm = |word: &rialto_config::JwtAlgorithm| {
        let word = word.as_str();
        word.parse().map_err(|_| format!("access.jwt {name}: {word} is not supported"))
    };
    Ok(Issuer {
        name: name.clone(),
        algorithms: issuer.algorithms.iter().map(algorithm).collect::<Result<_, _>>()?,
        keys,
        issuer: issuer.issuer.clone(),
        audience: issuer.audience.iter().cloned().collect(),
        client_claim: issuer.client_claim.clone(),
        groups_claim: issuer.groups_claim.clone(),
        rights_claim: issuer.rights_claim.clone(),
    })
}
