//! Issuers of JWTs whose keys and algorithms go together.

use crate::choice::JwtAlgorithm;
use crate::rules::violation::{self, Fault, Violation};
use crate::settings::{JwtIssuer, JwtKeys, Settings};

pub(super) fn issuers_can_be_used(settings: &Settings) -> Vec<Violation> {
    let issuers = &settings.access.jwt;
    let names = issuers.iter().map(|issuer| issuer.name.as_str());
    let twice = violation::names_used_twice(names).into_iter().map(|(index, name)| {
        let problem = format!("two entries of `access.jwt` have the name `{name}`");
        Violation::new("access.jwt", problem, "give each a name of its own").of_entry(index)
    });
    let faults = issuers.iter().enumerate().filter_map(|(index, issuer)| {
        let (problem, hint) = issuer_can_be_used(issuer).err()?;
        let entry = violation::entry("access.jwt", index, &issuer.name);
        Some(Violation::new("access.jwt", format!("{entry} {problem}"), hint).of_entry(index))
    });
    twice.chain(faults).collect()
}

/// Checks an issuer, and returns what is wrong with it and what to do.
fn issuer_can_be_used(issuer: &JwtIssuer) -> Result<(), Fault> {
    if issuer.name.is_empty() {
        return Err(("has no name".to_owned(), "set name; logs call it by that"));
    }
    let Some(keys) = issuer.keys() else {
        return Err((
            "must say in one way where its keys are".to_owned(),
            "set exactly one of secret, key_file, jwks_file and jwks_url",
        ));
    };
    algorithms_fit(&issuer.algorithms, keys)?;
    if let JwtKeys::JwksUrl(url) = keys {
        violation::url_can_be_asked(url)
            .map_err(|(problem, hint)| (format!("has a jwks_url that {problem}"), hint))?;
        if issuer.refresh.get().as_secs() == 0 {
            return Err((
                format!("has refresh = \"{}\"", issuer.refresh),
                "give at least 1s; 10m is usual",
            ));
        }
    }
    let claims = [&issuer.client_claim, &issuer.groups_claim, &issuer.rights_claim];
    if claims.iter().any(|claim| claim.is_empty()) {
        return Err((
            "has an empty client_claim, groups_claim or rights_claim".to_owned(),
            "leave it out, and it has its default",
        ));
    }
    Ok(())
}

/// Sees to it that a public key is never taken for a secret: everybody knows it, and could sign.
fn algorithms_fit(algorithms: &[JwtAlgorithm], keys: JwtKeys<'_>) -> Result<(), Fault> {
    if algorithms.is_empty() {
        return Err(("takes no algorithms".to_owned(), "leave them out, and it takes RS256"));
    }
    let has_secret = matches!(keys, JwtKeys::Secret(_));
    match algorithms.iter().find(|algorithm| algorithm.is_symmetric() != has_secret) {
        None => Ok(()),
        Some(algorithm) if has_secret => Err((
            format!("has a secret, and takes {algorithm}, which needs a public key"),
            "set algorithms = [\"HS256\"], or a key_file in place of the secret",
        )),
        Some(algorithm) => Err((
            format!("has public keys, and takes {algorithm}, which needs a secret"),
            "set algorithms to those of its keys, such as [\"RS256\"] or [\"ES256\"]",
        )),
    }
}
