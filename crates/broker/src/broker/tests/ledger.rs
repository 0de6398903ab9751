//! Rights for tests, written into a script, and a ledger of what was asked of them.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use wildmatch::WildMatch;

use rialto_domain::{
    Action, Admission, Announcement, ForcedSubscription, Qos, Reject, Rights, UnixMs,
};

/// What was asked of all rights of a script, and what they are to become.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    asked: Mutex<Vec<String>>,
    /// By account; `None` for one that may have no session any more.
    renewed: Mutex<BTreeMap<String, Option<String>>>,
}

/// Allows what one of its rules does: `pub:room,sub:*`.
#[derive(Debug)]
struct TestRights {
    account: String,
    rules: String,
    until: Option<UnixMs>,
    ledger: Arc<Ledger>,
}

impl Ledger {
    /// Returns what was asked since this was last called.
    pub(super) fn take_asked(&self) -> String {
        std::mem::take(&mut *self.asked.lock().unwrap()).join(", ")
    }

    /// Sets what the rights of an account are renewed to.
    pub(super) fn set_renewed(&self, account: &str, rules: Option<&str>) {
        self.renewed.lock().unwrap().insert(account.to_owned(), rules.map(str::to_owned));
    }
}

/// Makes an admission of what a script's line says: `may=pub:room give=news,vault!`, where `!` stands
/// for persistent. `say=news,vault!` announces the account there, with QoS 1 at `!`. Without `may=` there are
/// no rights to ask. `until=2000`
/// says when they end, in milliseconds of the wall clock.
pub(super) fn admission(account: &str, options: &[&str], ledger: &Arc<Ledger>) -> Admission {
    let find = |name| options.iter().find_map(|option| option.strip_prefix(name));
    let rights = find("may=").map(|rules: &str| TestRights {
        account: account.to_owned(),
        rules: rules.to_owned(),
        until: find("until=").map(|until| until.parse().unwrap()),
        ledger: ledger.clone(),
    });
    let given = find("give=").into_iter().flat_map(|channels| channels.split(','));
    let subscriptions = given.map(|channel| ForcedSubscription {
        channel: channel.trim_end_matches('!').to_owned(),
        persistent: channel.ends_with('!'),
    });
    let announced = find("say=").into_iter().flat_map(|channels| channels.split(','));
    let announcements = announced.map(|channel| Announcement {
        channel: channel.trim_end_matches('!').to_owned(),
        payload: format!(r#""{account} is here""#),
        qos: if channel.ends_with('!') { Qos::AtLeastOnce } else { Qos::AtMostOnce },
        retain: false,
    });
    Admission {
        rights: rights.map(|rights| Arc::new(rights) as Arc<dyn Rights>),
        subscriptions: subscriptions.collect(),
        announcements: announcements.collect(),
    }
}

impl Rights for TestRights {
    fn decide(&self, action: Action, channel: &str) -> Result<(), Reject> {
        let action = match action {
            Action::Publish => "pub",
            Action::Subscribe => "sub",
            Action::Control => "control",
            Action::Direct => "direct",
            Action::History => "history",
        };
        self.ledger.asked.lock().unwrap().push(format!("{action}:{channel}"));
        let fits = |(for_action, pattern): (&str, &str)| {
            for_action == action && WildMatch::new(pattern).matches(channel)
        };
        let mut rules = self.rules.split(',').filter_map(|rule| rule.split_once(':'));
        if rules.any(fits) {
            return Ok(());
        }
        Err(Reject::Denied(format!("no rule for {action}:{channel}").into()))
    }

    fn account(&self) -> &str {
        &self.account
    }

    fn may_replicate(&self, is_listed: bool) -> bool {
        is_listed || self.rules.split(',').any(|rule| rule == "replicate")
    }

    fn until(&self) -> Option<UnixMs> {
        self.until
    }

    fn renewed(&self, now: UnixMs) -> Option<Arc<dyn Rights>> {
        if self.until.is_some_and(|until| until <= now) {
            return None;
        }
        let renewed = self.ledger.renewed.lock().unwrap();
        let rules = renewed.get(&self.account).cloned().unwrap_or_else(|| Some(self.rules.clone()));
        let (account, until, ledger) = (self.account.clone(), self.until, self.ledger.clone());
        rules.map(|rules| Arc::new(TestRights { account, rules, until, ledger }) as Arc<dyn Rights>)
    }
}
