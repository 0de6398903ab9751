//! Who decides in tests, with tokens that can be written into a script.

use std::{net::SocketAddr, sync::Arc};

use rialto_application::{AuthorizationRequest, ConnectRequest, Peer, Protocol};
use rialto_broker::{Broker, ConnectionKey, Encoder};
use rialto_domain::{
    Action, Admission, ForcedSubscription, Grant, Permit, Refusal, RefusalStatus, Reject, Rights,
    UnixMs,
};
use serde_json::Value;

use crate::{Dialect, Journal, Requester, Verdict};

/// Seconds a token is valid.
const LIFETIME_S: u64 = 60;

/// Gives `ada` the token `ada until 60` at second 0, and knows `key of ada` as one that was preset
/// and never ends. `root` may not have a token, and signing one for `nobody` fails. It may insist on
/// tokens, and a script can change what it decides.
#[derive(Debug)]
pub(crate) struct TestAuthorizer {
    /// Whether those may come in without a token that need not have one in their dialect.
    pub(crate) admits_anybody: bool,
    /// What sessions that begin from now on may do, as [`RuleRights`]; without, everything.
    pub(crate) rules: Option<String>,
    /// What they are subscribed to.
    given: Vec<String>,
    /// What the application says of the next requests.
    permit: Result<Permit, Reject>,
    /// What it says of credentials, if it takes none.
    failure: Option<String>,
    /// What it says of tokens, if it refuses even good ones.
    refusal: Option<Reject>,
}

impl TestAuthorizer {
    pub(crate) fn new(admits_anybody: bool) -> Self {
        TestAuthorizer {
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
                self.permit = Ok(Permit { payload: Some(rest.to_owned()), ..Permit::default() });
            }
            "answers" => {
                self.permit = Ok(Permit { answer: Some(rest.to_owned()), ..Permit::default() });
            }
            "answers-refusing" => {
                let (status, answer) = rest.split_once(' ').expect("a status and an answer");
                let (status, answer) = (refusal_status(status), Some(answer.to_owned()));
                self.permit = Ok(Permit { answer, status: Some(status), payload: None });
            }
            "denies-with" => {
                let (status, why) = rest.split_once(' ').expect("a status and a reason");
                let status = refusal_status(status);
                self.permit = Err(Reject::WithStatus { status, why: why.into() });
            }
            "may" => self.rules = (!rest.is_empty()).then(|| rest.to_owned()),
            "gives" => self.given = rest.split_whitespace().map(str::to_owned).collect(),
            _ => super::script::bad(order),
        }
    }

    /// Says how a session is opened without a word of its client.
    pub(crate) fn welcome(&self) -> Verdict {
        if self.admits_anybody { Verdict::Admitted(Ok(self.admission())) } else { Verdict::None }
    }

    fn decide(&self, request: &AuthorizationRequest, now: UnixMs) -> Verdict {
        match request {
            AuthorizationRequest::Authenticate(request) => {
                Verdict::Authenticated(self.authenticate(&request.data, now))
            }
            AuthorizationRequest::Connect(request) => Verdict::Admitted(self.admit(request, now)),
            AuthorizationRequest::Subscribe(_)
            | AuthorizationRequest::Unsubscribe(_)
            | AuthorizationRequest::Publish(_)
            | AuthorizationRequest::Control(_) => Verdict::Permitted(self.permit.clone()),
        }
    }

    fn authenticate(&self, data: &str, now: UnixMs) -> Result<Grant, Refusal> {
        let refuse = |reject, message: &str| Err(Refusal { reject, message: message.to_owned() });
        if let Some(why) = &self.failure {
            return refuse(Reject::Failed(why.as_str().into()), why);
        }
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

    fn admit(&self, request: &ConnectRequest, now: UnixMs) -> Result<Admission, Reject> {
        let ConnectRequest { client, token, peer, .. } = request;
        if self.admits_anybody && peer.protocol == Protocol::Pubsubx {
            return Ok(self.admission());
        }
        if let Some(reject) = &self.refusal {
            return Err(reject.clone());
        }
        let end_s = match token.split_once(" until ") {
            Some((name, end_s)) if name == client.as_str() => end_s.parse().unwrap_or(0),
            None if *token == format!("key of {client}") => u64::MAX,
            _ => 0,
        };
        if now / 1000 < end_s { Ok(self.admission()) } else { Err(Reject::InvalidToken) }
    }

    fn admission(&self) -> Admission {
        let rights = self.rules.clone().map(RuleRights);
        let given = self.given.iter().cloned();
        Admission {
            rights: rights.map(|rights| Arc::new(rights) as Arc<dyn Rights>),
            subscriptions: given
                .map(|channel| ForcedSubscription { channel, persistent: false })
                .collect(),
            announcements: Vec::new(),
        }
    }
}

fn refusal_status(text: &str) -> RefusalStatus {
    text.parse().ok().and_then(RefusalStatus::new).expect("a status that refuses")
}

/// Gives a session a packet, decided on as the server has it decided on: only where it needs that.
/// Returns what was asked.
pub(crate) fn take<D: Dialect>(
    session: &mut D,
    packet: D::Packet<'_>,
    connection: ConnectionKey,
    broker: &mut Broker<impl Encoder>,
    (authorizer, journal): (&TestAuthorizer, &dyn Journal),
) -> Option<AuthorizationRequest> {
    let peer = peer(D::protocol(false));
    let request = D::event(&packet).and_then(|event| {
        let request = session.request(&packet, Requester::new(connection, &peer, broker))?;
        assert_eq!(request.event(), event, "what is asked is what was said to be");
        Some(request)
    });
    let now = broker.now().unix_ms;
    let verdict = request.as_ref().map_or(Verdict::None, |it| authorizer.decide(it, now));
    session.on_packet(packet, broker, &verdict, journal);
    request
}

fn peer(protocol: Protocol) -> Peer {
    let address = SocketAddr::from(([127, 0, 0, 1], 1));
    Peer { address, protocol, is_tls: false, certificate: None }
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
