//! A question what a client may do, as if it did it now.

use std::{collections::BTreeSet, net::SocketAddr, sync::Arc};

use rialto_access::{DecidedBy, Explanation, Identity, RuleStep};
use rialto_application::{Client, Event, Peer, Protocol, PublishRequest, SubscribeRequest};
use rialto_config::AccessAction;
use rialto_domain::{ClientId, Qos, Reject, Rights};
use serde_json::Map;

use crate::{asked::Asked, settings_map};

/// A client that is asked about.
pub(crate) struct Inquiry<'a> {
    asked: &'a Asked,
    client: &'a str,
    standing: Standing,
    peer: Arc<Peer>,
}

/// What a client may do.
enum Standing {
    /// It is connected, with these rights; without any it may do everything.
    Connected(Option<Arc<dyn Rights>>),
    /// It is not: what its name alone brings.
    Absent(Box<Identity>),
}

/// What an application says.
pub(crate) enum Word {
    /// It is not asked about this.
    None,
    NotAsked,
    Allowed,
    Refused(Reject),
}

impl Word {
    pub(crate) fn as_str(&self) -> &'static str {
        match self {
            Word::None => "none",
            Word::NotAsked => "not-asked",
            Word::Allowed => "allowed",
            Word::Refused(_) => "refused",
        }
    }
}

impl<'a> Inquiry<'a> {
    /// Begins a question about a client, by somebody at that address.
    pub(crate) fn new(asked: &'a Asked, client: &'a str, address: SocketAddr) -> Self {
        let hub = asked.handle.hub();
        let shown = hub.show_client_session(client);
        let (standing, peer) = match shown {
            Some((manners, peer)) => (Standing::Connected(manners.rights), peer),
            None => {
                let access = &hub.authorizer.access;
                let identity = access.identity_for_test(client, &[], Map::new());
                (Standing::Absent(Box::new(identity)), None)
            }
        };
        let peer = peer.unwrap_or_else(|| {
            let protocol = Protocol::Http;
            Arc::new(Peer { address, protocol, is_tls: false, certificate: None })
        });
        Inquiry { asked, client, standing, peer }
    }

    pub(crate) fn is_connected(&self) -> bool {
        matches!(self.standing, Standing::Connected(_))
    }

    pub(crate) fn groups(&self) -> BTreeSet<String> {
        match &self.standing {
            Standing::Connected(rights) => {
                rights.as_ref().map(|rights| rights.groups()).unwrap_or_default()
            }
            Standing::Absent(identity) => identity.groups().clone(),
        }
    }

    /// Returns what a banned client is told.
    pub(crate) fn ban(&self) -> Option<String> {
        self.asked.handle.ban_of(self.client).map(|ban| ban.message())
    }

    /// Says what its rights decide, and why.
    pub(crate) fn explain(
        &self,
        action: AccessAction,
        channel: &str,
    ) -> (Explanation, Vec<RuleStep>) {
        let action = settings_map::action(action);
        let free = || {
            let text = "allowed: its session has all rights".to_owned();
            (Explanation { is_allowed: true, by: DecidedBy::NoRules, text }, Vec::new())
        };
        match &self.standing {
            Standing::Connected(rights) => {
                let explained = rights.as_ref().and_then(|rights| rights.explain(action, channel));
                explained.unwrap_or_else(free)
            }
            Standing::Absent(identity) => {
                let access = &self.asked.handle.hub().authorizer.access;
                access.explain_in_steps(identity, action, channel)
            }
        }
    }

    /// Asks the application, if it decides on such and is to be asked. Leaves no trace of what it refuses.
    pub(crate) async fn ask_application(
        &self,
        explanation: &Explanation,
        (action, channel): (AccessAction, &str),
        is_wanted: bool,
    ) -> Word {
        let event = match action {
            AccessAction::Publish | AccessAction::P2p => Event::Publish,
            AccessAction::Subscribe => Event::Subscribe,
            AccessAction::Control | AccessAction::History => return Word::None,
        };
        let application = self.asked.handle.hub().authorizer.application();
        let Some(slot) = application.filter(|slot| slot.events.has(event)) else {
            return Word::None;
        };
        if !is_wanted || !explanation.is_allowed {
            return Word::NotAsked;
        }
        let (client, channel) = (Arc::new(self.as_client()), channel.to_owned());
        let said = if event == Event::Subscribe {
            slot.application
                .subscribe(SubscribeRequest { client, channel, persistent: false })
                .await
        } else {
            let (payload, qos) = ("null".to_owned(), Qos::AtMostOnce);
            let request = PublishRequest { client, channel, payload, qos, retain: false };
            slot.application.publish(request).await.map(drop)
        };
        said.map_or_else(Word::Refused, |()| Word::Allowed)
    }

    fn as_client(&self) -> Client {
        let account = match &self.standing {
            Standing::Connected(Some(rights)) => rights.account(),
            Standing::Connected(None) => self.client,
            Standing::Absent(identity) => identity.account(),
        };
        Client {
            id: ClientId::from(self.client),
            account: account.to_owned(),
            groups: self.groups(),
            peer: (*self.peer).clone(),
        }
    }
}
