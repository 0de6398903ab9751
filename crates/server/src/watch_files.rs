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

use tokio::time::{MissedTickBehavior, interval};

use crate::{audit::TARGET, reloadable::ReloadableServer};

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What tells one state of a file from another.
type Fingerprint = Option<(Option<SystemTime>, u64)>;

/// Takes files up when they have changed and have been left alone for a moment, until it is aborted.
pub(crate) async fn keep(reloadable: Arc<ReloadableServer>) {
    let mut looks = interval(LOOK_EVERY);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut taken_up = look(&reloadable);
    let mut before = taken_up.clone();
    let mut problem = None;
    loop {
        looks.tick().await;
        let seen = look(&reloadable);
        // Certificate and key change one after the other: half a change is not worth a try.
        if seen == before && seen != taken_up {
            let reloadable = reloadable.clone();
            let reloaded = tokio::task::spawn_blocking(move || {
                let settings = (*reloadable.settings()).clone();
                reloadable.reload(settings)
            });
            let failed = reloaded.await.map_or_else(|error| Some(error.to_string()), Result::err);
            if let Some(error) = failed.as_ref().filter(|_| failed != problem) {
                tracing::error!(
                    target: TARGET,
                    event = "reload-refused",
                    error,
                    "a changed file cannot be used: the previous contents stay in force; retrying"
                );
            }
            // What could not be used may be usable later without another look: a file that is given
            // to its reader is the same as before.
            if failed.is_none() {
                taken_up.clone_from(&seen);
            }
            problem = failed;
        } else if seen == taken_up {
            problem = None;
        }
        before = seen;
    }
}

fn look(reloadable: &ReloadableServer) -> Vec<(PathBuf, Fingerprint)> {
    let files = reloadable.files().into_iter();
    files.map(|path| (path.clone(), fingerprint(&path))).collect()
}

fn fingerprint(path: &Path) -> Fingerprint {
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.modified().ok(), metadata.len()))
}
