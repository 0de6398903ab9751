//! Keys of JWT issuers that are fetched from an address, and fetched again.

use std::{collections::HashMap, sync::Arc, time::Duration};

use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::reloadable::ReloadableServer;

/// How often it is looked at whether something is due.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Shortest time between two fetches because of a key that is not known, or of a failure.
const AGAIN_AFTER: Duration = Duration::from_secs(10);
/// How long a fetch may take, and how many bytes it may bring.
const FETCH_TIMEOUT: Duration = Duration::from_secs(5);
const FETCH_BYTES_MAX: usize = 1 << 20;

/// Keeps the keys fetched, until it is aborted.
pub(crate) async fn keep(reloadable: Arc<ReloadableServer>) {
    let mut looks = interval(LOOK_EVERY);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // When each issuer's keys were fetched last, and what went wrong then.
    let mut fetched: HashMap<(String, String), (Instant, Option<String>)> = HashMap::new();
    loop {
        looks.tick().await;
        let unknown = reloadable.access().issuers_with_unknown_keys();
        let issuers = reloadable.access().issuers_with_urls();
        fetched.retain(|issuer, _| issuers.contains(issuer));
        for issuer in issuers {
            let is_wanted = unknown.contains(&issuer.0);
            let is_due = match fetched.get(&issuer) {
                None => true,
                Some((at, None)) if !is_wanted => {
                    refresh_of(&reloadable, &issuer.0) <= at.elapsed()
                }
                Some((at, _)) => AGAIN_AFTER <= at.elapsed(),
            };
            if is_due {
                let problem = fetch(&reloadable, &issuer.0, &issuer.1).await.err();
                let (_, before) = fetched.remove(&issuer).unzip();
                log(&issuer.0, before.flatten().as_deref(), problem.as_deref());
                fetched.insert(issuer, (Instant::now(), problem));
            }
        }
    }
}

fn refresh_of(reloadable: &ReloadableServer, issuer: &str) -> Duration {
    let settings = reloadable.settings();
    let known = settings.access.jwt.iter().find(|known| known.name == issuer);
    known.map_or(AGAIN_AFTER, |issuer| issuer.refresh.get())
}

async fn fetch(reloadable: &ReloadableServer, issuer: &str, url: &str) -> Result<(), String> {
    match rialto_webhook::fetch(url, None, FETCH_TIMEOUT, FETCH_BYTES_MAX).await {
        Ok(keys) => {
            // Not while settings are replaced, which would be lost.
            let _changing = reloadable.changing.lock();
            reloadable.access().replace_jwks(issuer, &keys)
        }
        Err(error) => Err(error.to_string()),
    }
}

/// Tells the operator what is different from the fetch before.
fn log(issuer: &str, before: Option<&str>, problem: Option<&str>) {
    match problem {
        Some(error) if before != problem => tracing::warn!(
            issuer,
            error,
            "the keys of a JWT issuer cannot be fetched: retrying; keys fetched before stay valid"
        ),
        None if before.is_some() => {
            tracing::info!(issuer, "the keys of a JWT issuer can be fetched again");
        }
        _ => {}
    }
}
