//! Files that are taken up by themselves when they change: certificates, users, keys.
//!
//! Looked at once a second, which sees through links that are turned to another file and costs less
//! than being told of everything that happens in the directory of the store.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use rialto_config::{JwtKeys, Settings};
use rialto_domain::AUDIT_TARGET;
use tokio::time::{MissedTickBehavior, interval};

use crate::reloadable::ReloadableServer;

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What tells one state of a file from another.
type Fingerprint = Option<(Option<SystemTime>, u64)>;

/// The state of all files at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Look(Vec<(PathBuf, Fingerprint)>);

impl Look {
    /// Looks at the files that these settings name.
    pub(crate) fn at(settings: &Settings) -> Self {
        let files = files(settings).into_iter();
        Look(files.map(|path| (path.clone(), fingerprint(&path))).collect())
    }
}

/// Which looks have led to what, so that it is known when a change is to be taken up.
struct Changes {
    taken_up: Look,
    before: Look,
}

impl Changes {
    /// Says whether what is seen now is to be taken up: it differs from what is in force, and has
    /// been left alone since the look before. Certificate and key change one after the other, and
    /// half a change is not worth a try.
    fn are_due(&mut self, seen: &Look) -> bool {
        let is_left_alone = *seen == self.before;
        self.before = seen.clone();
        is_left_alone && *seen != self.taken_up
    }
}

/// Takes files up when they have changed and have been left alone for a moment, until it is aborted.
///
/// `taken_up` is a look from before the files were read, so that no change is missed which comes
/// while the server starts.
pub(crate) async fn keep(reloadable: Arc<ReloadableServer>, taken_up: Look) {
    let mut looks = interval(LOOK_EVERY);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut changes = Changes { before: taken_up.clone(), taken_up };
    let mut problem = None;
    loop {
        looks.tick().await;
        let seen = Look::at(&reloadable.settings());
        if changes.are_due(&seen) {
            let reloadable = reloadable.clone();
            let reloaded = tokio::task::spawn_blocking(move || {
                let settings = (*reloadable.settings()).clone();
                reloadable.reload(settings)
            });
            let failed = reloaded.await.map_or_else(|error| Some(error.to_string()), Result::err);
            if let Some(error) = failed.as_ref().filter(|_| failed != problem) {
                tracing::error!(
                    target: AUDIT_TARGET,
                    event = "reload-refused",
                    error,
                    "a changed file cannot be used: the previous contents stay in force; retrying"
                );
            }
            // What could not be used may be usable later without another look: a file that is given
            // to its reader is the same as before.
            if failed.is_none() {
                changes.taken_up = seen;
            }
            problem = failed;
        } else if seen == changes.taken_up {
            problem = None;
        }
    }
}

/// Returns the files whose change is taken up by itself.
fn files(settings: &Settings) -> Vec<PathBuf> {
    let tls = &settings.tls;
    let paths = [tls.certificate.get(), tls.key.get(), tls.client_authority.get()];
    let mut files: Vec<PathBuf> = paths.into_iter().flatten().map(PathBuf::from).collect();
    files.push(settings.users_file());
    for issuer in &settings.access.jwt {
        if let Some(JwtKeys::KeyFile(path) | JwtKeys::JwksFile(path)) = issuer.keys() {
            files.push(path.to_owned());
        }
    }
    files
}

fn fingerprint(path: &Path) -> Fingerprint {
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.modified().ok(), metadata.len()))
}

#[cfg(test)]
mod tests;
