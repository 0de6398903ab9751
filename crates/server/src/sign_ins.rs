//! Who has signed in to the console, and what that allows.
//!
//! A sign-in is kept by its browser alone, sealed, so that every node with the same key knows it, over restarts
//! too. The server keeps those that were ended before their time.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use parking_lot::Mutex;
use rialto_access::{Access, Shown, SignIn, replace_file};
use rialto_config::{AccessMode, ApiRight, Settings, StoreKind};
use rialto_domain::UnixMs;
use serde::{Deserialize, Serialize};

/// How long a sign-in can be renewed.
const DAYS_MAX: Duration = Duration::from_secs(7 * 24 * 3600);
/// Most sign-ins that are kept as ended. One more ends all that there are.
const ENDED_MAX: usize = 10_000;
/// In the data directory.
const FILE: &str = "ended-sign-ins.json";
/// Whoever can write it could sign people in again, whoever can read it learns nothing.
const PRIVATE: u32 = 0o600;

/// What a sign-in allows now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Allowed {
    pub(crate) rights: BTreeSet<ApiRight>,
    /// The groups that bring them, or what else does.
    pub(crate) role: String,
}

/// The sign-ins that have ended before their time.
#[derive(Debug)]
pub(crate) struct SignIns {
    file: Option<PathBuf>,
    ended: Mutex<Ended>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Ended {
    /// All that were sealed until then.
    #[serde(default)]
    all_until: UnixMs,
    /// Each by its id, with when it would have expired.
    #[serde(default)]
    each: BTreeMap<String, UnixMs>,
}

impl SignIns {
    /// Reads those that have ended. Where that cannot be read, all have: nobody comes back who had left.
    pub(crate) fn open(settings: &Settings, now: UnixMs) -> Self {
        if settings.store.kind == StoreKind::Memory {
            return SignIns { file: None, ended: Mutex::default() };
        }
        let file = settings.server.data_dir.join(FILE);
        let ended = Mutex::new(read(&file).unwrap_or_else(|error| {
            tracing::warn!(
                %error,
                file = %file.display(),
                "the list of ended sign-ins cannot be read: everybody has to sign in to the console again"
            );
            Ended { all_until: now, each: BTreeMap::new() }
        }));
        SignIns { file: Some(file), ended }
    }

    /// Ends a sign-in.
    ///
    /// # Errors
    /// When that cannot be written down; it has ended until the server stops.
    pub(crate) fn end(&self, sign_in: &SignIn, now: UnixMs) -> io::Result<()> {
        let mut ended = self.ended.lock();
        ended.each.retain(|_, until| now < *until);
        if ENDED_MAX <= ended.each.len() {
            *ended = Ended { all_until: now, each: BTreeMap::new() };
        }
        // Another browser window may have had it renewed meanwhile.
        let until = sign_in.until.saturating_add(sign_in.until.saturating_sub(sign_in.sealed));
        ended.each.insert(sign_in.id.clone(), until);
        let Some(file) = &self.file else { return Ok(()) };
        let json = serde_json::to_vec(&*ended).map_err(io::Error::other)?;
        replace_file(file, &json, PRIVATE)
    }

    /// Returns what a sign-in allows; `None` once it has ended.
    pub(crate) fn allowed(
        &self,
        (settings, access): (&Settings, &Access),
        sign_in: &SignIn,
        now: UnixMs,
    ) -> Option<Allowed> {
        let ended = self.ended.lock();
        if sign_in.sealed <= ended.all_until || ended.each.contains_key(&sign_in.id) {
            return None;
        }
        drop(ended);
        allowed(settings, access, sign_in, now).filter(|_| now < sign_in.until)
    }
}

/// Returns what a sign-in allows that was not ended.
pub(crate) fn allowed(
    settings: &Settings,
    access: &Access,
    sign_in: &SignIn,
    now: UnixMs,
) -> Option<Allowed> {
    match &sign_in.shown {
        Shown::Nothing => needs_nothing(settings).then(|| Allowed {
            rights: [ApiRight::Read, ApiRight::Publish, ApiRight::Manage, ApiRight::Inspect].into(),
            role: "open mode".to_owned(),
        }),
        Shown::Key(mark) => {
            let key = settings.api.keys.iter().find(|key| key.name == sign_in.name)?;
            let is_same = access.mark(key.key.expose()).is_some_and(|it| it == *mark);
            let rights = key.allow.iter().copied().collect();
            is_same.then(|| Allowed { rights, role: "API key".to_owned() })
        }
        _ => {
            let groups = access.groups_of(sign_in, now)?;
            let roles = settings.console.roles.iter().filter(|role| groups.contains(&role.group));
            let names: Vec<_> = roles.clone().map(|role| role.group.as_str()).collect();
            let rights = roles.flat_map(|role| role.allow.iter().copied()).collect();
            (!names.is_empty()).then(|| Allowed { rights, role: names.join(", ") })
        }
    }
}

/// Says whether nobody has to sign in who comes from this machine: in open mode, unless somebody set who may
/// what.
pub(crate) fn needs_nothing(settings: &Settings) -> bool {
    settings.access.mode == AccessMode::Open
        && settings.api.keys.is_empty()
        && settings.console.roles.is_empty()
}

/// Returns a sign-in that holds for as long as the settings say from now on.
pub(crate) fn renewed(settings: &Settings, sign_in: &SignIn, now: UnixMs) -> SignIn {
    let [time, most] = [settings.console.session_time.get(), DAYS_MAX]
        .map(|it| UnixMs::try_from(it.as_millis()).unwrap_or(UnixMs::MAX));
    let until = now.saturating_add(time).min(sign_in.began.saturating_add(most));
    let until = match sign_in.shown {
        Shown::Jwt { expires, .. } => until.min(expires),
        _ => until,
    };
    SignIn { sealed: now, until, ..sign_in.clone() }
}

/// Says whether so much of its time has gone that it is to be renewed.
pub(crate) fn is_worn(sign_in: &SignIn, now: UnixMs) -> bool {
    let whole = sign_in.until.saturating_sub(sign_in.sealed);
    whole / 8 < now.saturating_sub(sign_in.sealed)
}

fn read(file: &Path) -> io::Result<Ended> {
    match fs::read(file) {
        Ok(json) => serde_json::from_slice(&json).map_err(io::Error::other),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Ended::default()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMs = 1_800_000_000_000;

    fn sign_in(id: &str) -> SignIn {
        let (shown, groups) = (Shown::Nothing, BTreeSet::new());
        let (id, name) = (id.to_owned(), "anonymous".to_owned());
        let sign_in = SignIn { id, name, shown, groups, began: NOW, sealed: NOW, until: NOW };
        renewed(&Settings::default(), &sign_in, NOW)
    }

    fn in_directory(directory: &Path) -> SignIns {
        let mut settings = Settings::default();
        settings.server.data_dir = directory.to_owned();
        SignIns::open(&settings, NOW + 1)
    }

    fn has_ended(sign_ins: &SignIns, sign_in: &SignIn) -> bool {
        let ended = sign_ins.ended.lock();
        sign_in.sealed <= ended.all_until || ended.each.contains_key(&sign_in.id)
    }

    #[test]
    fn what_has_ended_has_ended_after_a_restart_too() {
        let directory = tempfile::tempdir().unwrap();
        let sign_ins = in_directory(directory.path());
        sign_ins.end(&sign_in("one"), NOW).unwrap();
        let again = in_directory(directory.path());
        for sign_ins in [&sign_ins, &again] {
            assert!(
                has_ended(sign_ins, &sign_in("one")) && !has_ended(sign_ins, &sign_in("other"))
            );
        }
        fs::write(directory.path().join(FILE), "nonsense").unwrap();
        assert!(has_ended(&in_directory(directory.path()), &sign_in("other")));
    }

    #[test]
    fn there_are_only_so_many_ended_ones_and_none_comes_back() {
        let sign_ins = SignIns { file: None, ended: Mutex::default() };
        for number in 0..=ENDED_MAX {
            sign_ins.end(&sign_in(&number.to_string()), NOW).unwrap();
        }
        assert!(sign_ins.ended.lock().each.len() <= ENDED_MAX);
        assert!(has_ended(&sign_ins, &sign_in("0")));
        // Those that would have expired are forgotten.
        let late = NOW + 20 * 3600 * 1000;
        sign_ins.end(&renewed(&Settings::default(), &sign_in("late"), late), late).unwrap();
        assert_eq!(sign_ins.ended.lock().each.len(), 1);
    }

    #[test]
    fn it_is_renewed_while_it_is_used_and_not_for_ever() {
        let (first, hour) = (sign_in("one"), 3600 * 1000);
        assert_eq!(first.until, NOW + 8 * hour);
        assert!(!is_worn(&first, NOW + hour) && is_worn(&first, NOW + hour + 1));
        let later = renewed(&Settings::default(), &first, NOW + 7 * hour);
        assert_eq!((later.until, later.began), (NOW + 15 * hour, NOW));
        let last = renewed(&Settings::default(), &first, NOW + 167 * hour);
        assert_eq!(last.until, NOW + 168 * hour);
        let jwt = Shown::Jwt { issuer: "login".to_owned(), issued: NOW, expires: NOW + 5 };
        let jwt = renewed(&Settings::default(), &SignIn { shown: jwt, ..first }, NOW);
        assert_eq!(jwt.until, NOW + 5);
    }
}
