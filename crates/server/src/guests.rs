//! Clients that show with each request of HTTP who they are, and publish.
//!
//! What one publishes goes through a connection of the broker's that stays for a moment, so that its limits
//! hold from one request to the next. It carries no session of the client's: who is connected in another
//! dialect stays so.

use std::{collections::HashMap, sync::Arc, time::Duration};

use parking_lot::Mutex;
use rialto_application::{AuthorizationRequest, Client, Event, PublishRequest, SubscribeRequest};
use rialto_broker::{ConnectionKey, Issuer, Publish};
use rialto_domain::{
    Action, Admission, Asked, Cause, ChannelKind, ClientId, Refused, Reject, channel_kind,
};
use rialto_session::{Journal as _, follow::silent_profile};
use rialto_stopwatch::Moment;
use tokio::time::sleep;

use crate::{
    authorizer::Caller,
    http_session::{HttpSession, Terms},
    hub::Hub,
    journal::ConnectionJournal,
};

/// How long a connection stays behind its last request: longer than a limit by the second looks back.
const STAYS: Duration = Duration::from_secs(3);

/// A client that has shown who it is, for one request.
#[derive(Clone)]
pub(crate) struct Guest {
    pub(crate) client: ClientId,
    /// What it may do.
    pub(crate) admission: Admission,
    pub(crate) caller: Arc<Caller>,
}

/// Who publishes or follows by HTTP.
#[derive(Clone)]
pub(crate) enum Asker {
    /// Whoever has a key that is good for it, by the name of the key.
    Key {
        name: String,
        caller: Arc<Caller>,
    },
    Client(Guest),
}

/// The connections on which guests publish.
#[derive(Default)]
pub(crate) struct Guests(Mutex<HashMap<ClientId, Place>>);

struct Place {
    session: HttpSession,
    used: Moment,
}

impl Guest {
    /// Asks the application, if it wants to be asked, and returns the payload that it has put in the place
    /// of the guest's, if it has.
    async fn permitted(&self, hub: &Hub, publish: &Publish<'_>) -> Result<Option<String>, Reject> {
        let action = match channel_kind(publish.channel) {
            ChannelKind::Direct(_) => Action::Direct,
            _ => Action::Publish,
        };
        if let Some(rights) = &self.admission.rights {
            let decided = rights.decide(action, publish.channel);
            decided
                .inspect_err(|reject| self.note_refused(hub, action, publish.channel, reject))?;
        }
        if !hub.authorizer.asked().has(Event::Publish) {
            return Ok(None);
        }
        let payload = String::from_utf8_lossy(publish.payload).into_owned();
        let request = AuthorizationRequest::Publish(PublishRequest {
            client: Arc::new(self.as_client()),
            channel: publish.channel.to_owned(),
            payload,
            qos: publish.qos,
            retain: publish.retain,
        });
        let verdict = hub.authorizer.decide(&self.caller, request).await;
        Ok(verdict.permit().map_err(Clone::clone)?.payload.clone())
    }

    /// Asks the application whether the guest may follow, if it wants to be asked.
    ///
    /// # Errors
    /// What it says.
    pub(crate) async fn permitted_to_follow(
        &self,
        hub: &Hub,
        channels: &[String],
    ) -> Result<(), Reject> {
        if !hub.authorizer.asked().has(Event::Subscribe) {
            return Ok(());
        }
        let client = Arc::new(self.as_client());
        let requests = channels.iter().map(|channel| SubscribeRequest {
            client: client.clone(),
            channel: channel.clone(),
            persistent: false,
        });
        let request = AuthorizationRequest::Subscribe(requests.collect());
        let verdict = hub.authorizer.decide(&self.caller, request).await;
        verdict.permit().map(|_| ()).map_err(Clone::clone)
    }

    /// Leaves a trace of what the guest was refused, as of any client; what an application refuses has one already.
    pub(crate) fn note_refused(&self, hub: &Hub, action: Action, channel: &str, reject: &Reject) {
        let journal = ConnectionJournal { caller: &self.caller, audit: &hub.audit };
        journal.note_refused(&Refused {
            asked: Asked::Act(action),
            client: Some(self.client.as_str()),
            channel: Some(channel),
            reject,
            cause: Cause::Rejected,
            rights: self.admission.rights.as_deref(),
        });
    }

    /// Returns the guest as an application knows clients.
    fn as_client(&self) -> Client {
        let rights = self.admission.rights.as_ref();
        let account = rights.map_or(self.client.as_str(), |rights| rights.account()).to_owned();
        Client {
            id: self.client.clone(),
            account,
            groups: rights.map(|rights| rights.groups()).unwrap_or_default(),
            peer: (*self.caller.peer).clone(),
        }
    }
}

impl Guests {
    /// Publishes messages of a guest, in order; each has a result of its own.
    pub(crate) async fn publish(
        self: &Arc<Self>,
        hub: &Arc<Hub>,
        guest: &Guest,
        messages: &[Publish<'_>],
    ) -> Vec<Result<(), Reject>> {
        let mut permitted = Vec::with_capacity(messages.len());
        for message in messages {
            permitted.push(guest.permitted(hub, message).await);
        }
        let connection = match self.connection(hub, guest).await {
            Ok(connection) => connection,
            Err(reject) => return messages.iter().map(|_| Err(reject.clone())).collect(),
        };
        let good = messages.iter().zip(&permitted).filter_map(|(message, permitted)| {
            let payload = permitted.as_ref().ok()?.as_ref();
            Some(Publish {
                payload: payload.map_or(message.payload, |it| it.as_bytes()),
                ..*message
            })
        });
        let good: Vec<_> = good.collect();
        if good.len() < messages.len() {
            hub.round(|broker| {
                for (message, permitted) in messages.iter().zip(&permitted) {
                    if let Err(reject) = permitted {
                        broker.note_message_refused(Issuer::Client(connection), message, reject);
                        broker.stats_mut().rejected += 1;
                    }
                }
            });
        }
        let mut pushing = hub.push(Issuer::Client(connection), &good).into_iter();
        let mut results = Vec::with_capacity(messages.len());
        for (permitted, message) in permitted.into_iter().zip(messages) {
            results.push(match permitted {
                Ok(_) => {
                    let pushing = pushing.next().expect("each good message was handed in");
                    pushing.done().await.inspect_err(|reject| {
                        guest.note_refused(hub, Action::Publish, message.channel, reject);
                    })
                }
                Err(reject) => Err(reject),
            });
        }
        results
    }

    /// Returns the connection of a guest, with its rights as they are now.
    async fn connection(
        self: &Arc<Self>,
        hub: &Arc<Hub>,
        guest: &Guest,
    ) -> Result<ConnectionKey, Reject> {
        let known = self.0.lock().get_mut(&guest.client).map(|place| {
            place.used = Moment::now();
            place.session.key
        });
        if let Some(connection) = known {
            let is_open = hub.round(|broker| {
                broker.readmit(connection, &guest.admission);
                !broker.is_closing(connection)
            });
            if is_open {
                return Ok(connection);
            }
        }
        let terms = Terms {
            profile: silent_profile(),
            admission: &guest.admission,
            // Nothing is sent to it.
            bytes_max: 0,
            is_told: false,
        };
        let session = HttpSession::open(hub, guest.caller.clone(), terms).await?;
        let connection = session.key;
        hub.round(|broker| broker.speak_as(connection, guest.client.clone()));
        let place = Place { session, used: Moment::now() };
        // The one before ends outside of the lock.
        let before = self.0.lock().insert(guest.client.clone(), place);
        drop(before);
        tokio::spawn(self.clone().let_go(guest.client.clone(), connection));
        Ok(connection)
    }

    /// Ends a connection once it was not used for a while.
    async fn let_go(self: Arc<Self>, client: ClientId, connection: ConnectionKey) {
        loop {
            sleep(STAYS).await;
            let mut places = self.0.lock();
            let Some(place) = places.get(&client).filter(|it| it.session.key == connection) else {
                return;
            };
            if STAYS <= place.used.elapsed() {
                let place = places.remove(&client);
                drop(places);
                return drop(place);
            }
        }
    }
}
