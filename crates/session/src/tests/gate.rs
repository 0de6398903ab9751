//! A gate for tests, whose tokens can be written into a script.

use std::sync::Arc;

use rialto_broker::Gate;
use rialto_domain::{
    Action, Admission, ForcedSubscription, Grant, Permit, Refusal, Reject, Rights, UnixMs,
};
use serde_json::Value;

/// Seconds a token is valid.
const LIFETIME_S: u64 = 60;

/// Gives `ada` the token `ada until 60` at second 0, and knows `key of ada` as one that was preset
/// and never ends. `root` may not have a token, and signing one for `nobody` fails.
pub(crate) struct TestGate;

impl Gate for TestGate {
    fn authenticate(&self, data: &str, now: UnixMs) -> Result<Grant, Refusal> {
        let refuse = |reject, message: &str| Err(Refusal { reject, message: message.to_owned() });
        let data: Value = serde_json::from_str(data).expect("dt is JSON");
        match data["client_name"].as_str() {
            None => refuse(Reject::InvalidPacket, "no client_name"),
            Some("root") => refuse(Reject::NotAllowed, "not this one"),
            Some("nobody") => refuse(Reject::StoreUnavailable, "the key is lost"),
            Some(name) => {
                let token = format!("{name} until {}", now / 1000 + LIFETIME_S);
                Ok(Grant { client: name.into(), token })
            }
        }
    }

    fn admit_anybody(&self, _client: &str) -> Option<Admission> {
        Some(Admission::default())
    }

    fn admit(&self, client: &str, token: &str, now: UnixMs) -> Result<Admission, Reject> {
        let end_s = match token.split_once(" until ") {
            Some((name, end_s)) if name == client => end_s.parse().unwrap_or(0),
            None if token == format!("key of {client}") => u64::MAX,
            _ => 0,
        };
        if now / 1000 < end_s { Ok(Admission::default()) } else { Err(Reject::InvalidToken) }
    }
}

/// The usual gate, which may insist on tokens, and whose decisions a script can change.
#[derive(Debug)]
pub(crate) struct ScriptGate {
    pub(crate) admits_anybody: bool,
    /// What sessions that begin from now on may do, as [`RuleRights`]; without, everything.
    pub(crate) rules: Option<String>,
    /// What they are subscribed to.
    pub(crate) given: Vec<String>,
    /// What the application says of the next requests.
    pub(crate) permit: Result<Permit, Reject>,
    /// What it says of credentials, if it takes none.
    pub(crate) failure: Option<String>,
    /// What it says of tokens, if it refuses even good ones.
    pub(crate) refusal: Option<Reject>,
}

impl ScriptGate {
    pub(crate) fn new(admits_anybody: bool) -> Self {
        ScriptGate {
            admits_anybody,
            rules: None,
            given: Vec::new(),
            permit: Ok(Permit::default()),
            failure: None,
            refusal: None,
        }
    }

    /// Takes a line of a script.
    pub(crate) fn obey(&mut self, order: &str) {
        let (verb, rest) = order.split_once(' ').unwrap_or((order, ""));
        match verb {
            "allows" => (self.permit, self.refusal) = (Ok(Permit::default()), None),
            "denies" => self.permit = Err(Reject::Denied(rest.into())),
            "undecided" => self.permit = Err(Reject::Undecided),
            "fails" => self.failure = Some(rest.to_owned()),
            "refuses" => self.refusal = Some(Reject::Denied(rest.into())),
            "replaces" => {
                self.permit = Ok(Permit { payload: Some(rest.to_owned()), answer: None });
            }
            "answers" => self.permit = Ok(Permit { payload: None, answer: Some(rest.to_owned()) }),
            "may" => self.rules = (!rest.is_empty()).then(|| rest.to_owned()),
            "gives" => self.given = rest.split_whitespace().map(str::to_owned).collect(),
            _ => super::script::bad(order),
        }
    }

    fn admission(&self) -> Admission {
        let rights = self.rules.clone().map(RuleRights);
        let given = self.given.iter().cloned();
        Admission {
            rights: rights.map(|rights| Arc::new(rights) as Arc<dyn Rights>),
            subscriptions: given
                .map(|channel| ForcedSubscription { channel, persistent: false })
                .collect(),
        }
    }
}

impl Gate for ScriptGate {
    fn authenticate(&self, data: &str, now: UnixMs) -> Result<Grant, Refusal> {
        match &self.failure {
            Some(why) => {
                let reject = Reject::Failed(why.as_str().into());
                Err(Refusal { reject, message: why.clone() })
            }
            None => TestGate.authenticate(data, now),
        }
    }

    fn admit_anybody(&self, _client: &str) -> Option<Admission> {
        self.admits_anybody.then(|| self.admission())
    }

    fn admit(&self, client: &str, token: &str, now: UnixMs) -> Result<Admission, Reject> {
        if let Some(reject) = &self.refusal {
            return Err(reject.clone());
        }
        TestGate.admit(client, token, now).map(|_| self.admission())
    }

    fn permit(&self) -> Result<Permit, Reject> {
        self.permit.clone()
    }
}

/// Allows what one of its rules does: `pub:room,sub:*`, where a last `*` stands for anything.
#[derive(Debug)]
struct RuleRights(String);

impl Rights for RuleRights {
    fn decide(&self, action: Action, channel: &str) -> Result<(), Reject> {
        let action = match action {
            Action::Publish => "pub",
            Action::Subscribe => "sub",
            Action::Control => "control",
            Action::Direct => "direct",
            Action::History => "history",
        };
        let wanted = format!("{action}:{channel}");
        let fits = |rule: &str| match rule.strip_suffix('*') {
            Some(start) => wanted.starts_with(start),
            None => wanted == rule,
        };
        if self.0.split(',').any(fits) {
            return Ok(());
        }
        Err(Reject::Denied(format!("no rule for {wanted}").into()))
    }

    fn account(&self) -> &str {
        "account"
    }

    fn may_replicate(&self, _is_listed: bool) -> bool {
        self.0.split(',').any(|rule| rule == "replicate")
    }

    fn renewed(&self, _now: UnixMs) -> Option<Arc<dyn Rights>> {
        None
    }
}
