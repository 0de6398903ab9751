//! NATS as a bus: its core, without JetStream.
//!
//! As with Redis, a connection that was lost is thrown away, although the library would connect again by itself; so is one whose
//! subscriber was too slow, since messages were lost then.

use std::{collections::HashMap, time::Duration};

use async_nats::{
    Client, ConnectOptions, Event, Message, RequestErrorKind, ServerAddr, Subscriber,
};
use bytes::Bytes;
use futures_util::{
    StreamExt as _,
    stream::{AbortHandle, Abortable, SelectAll, abortable},
};
use tokio::sync::mpsc;

use crate::{Bus, BusError, BusReceiver, BusSender, Heard, Outgoing, Subject};

/// Time to connect to one address.
const CONNECT_WITHIN: Duration = Duration::from_secs(2);
/// How often the library looks whether the server answers.
const PING_EVERY: Duration = Duration::from_secs(1);
/// Messages of one subject that wait to be taken; beyond it something is lost, and the connection given up.
const WAITING_COUNT_MAX: usize = 4096;

/// NATS as a bus.
pub struct NatsBus {
    servers: Vec<ServerAddr>,
}

impl NatsBus {
    /// Takes addresses as in `nats://user:password@host:4222` or, for TLS, `tls://…`; of a cluster any.
    ///
    /// # Errors
    /// When one of them is no such address, or there is none.
    pub fn new(addresses: &[&str]) -> Result<Self, BusError> {
        let parse = |address: &&str| {
            let wrong = |_| BusError::Settings("no address of a NATS server".to_owned());
            address.parse::<ServerAddr>().map_err(wrong)
        };
        let servers = addresses.iter().map(parse).collect::<Result<Vec<_>, BusError>>()?;
        if servers.is_empty() {
            return Err(BusError::Settings("there is no address of a NATS server".to_owned()));
        }
        Ok(NatsBus { servers })
    }
}

/// What a connection tells of itself.
#[derive(Debug, Clone, Copy)]
enum Ended {
    Lost,
    Slow,
}

type Messages = Abortable<Subscriber>;

/// The sending half of a connection to NATS.
pub struct NatsSender {
    client: Client,
    subscribed: HashMap<Subject, AbortHandle>,
    new: mpsc::Sender<Messages>,
}

/// The receiving half.
pub struct NatsReceiver {
    messages: SelectAll<Messages>,
    new: mpsc::Receiver<Messages>,
    ended: mpsc::Receiver<Ended>,
}

impl Bus for NatsBus {
    type Sender = NatsSender;
    type Receiver = NatsReceiver;

    async fn connect(&mut self) -> Result<(NatsSender, NatsReceiver), BusError> {
        let (tell, ended) = mpsc::channel(1);
        let options = ConnectOptions::new()
            .name("rialto")
            .no_echo()
            .connection_timeout(CONNECT_WITHIN)
            .ping_interval(PING_EVERY)
            .subscription_capacity(WAITING_COUNT_MAX)
            .event_callback(move |event| {
                let ended = match event {
                    Event::SlowConsumer(_) => Some(Ended::Slow),
                    Event::Disconnected | Event::Closed => Some(Ended::Lost),
                    _ => None,
                };
                // One is enough: nothing of it is of use any more.
                ended.map(|ended| tell.try_send(ended));
                async {}
            });
        let connecting = options.connect(&self.servers[..]);
        let client = connecting.await.map_err(failed("connecting to NATS"))?;
        let (new, added) = mpsc::channel(64);
        let sender = NatsSender { client, subscribed: HashMap::new(), new };
        Ok((sender, NatsReceiver { messages: SelectAll::new(), new: added, ended }))
    }
}

impl BusSender for NatsSender {
    async fn subscribe(&mut self, subjects: &[Subject]) -> Result<(), BusError> {
        for subject in subjects {
            if self.subscribed.contains_key(subject) {
                continue;
            }
            let subscribing = self.client.subscribe(subject.as_str().to_owned());
            let subscriber = subscribing.await.map_err(failed("subscribing at NATS"))?;
            let (messages, handle) = abortable(subscriber);
            self.subscribed.insert(subject.clone(), handle);
            self.new.send(messages).await.map_err(|_| BusError::Closed)?;
        }
        self.confirm().await
    }

    async fn unsubscribe(&mut self, subjects: &[Subject]) -> Result<(), BusError> {
        for subject in subjects {
            // Its receiver drops it then, which tells the server.
            self.subscribed.remove(subject).iter().for_each(AbortHandle::abort);
        }
        Ok(())
    }

    async fn publish(&mut self, batch: &[Outgoing]) -> Result<Vec<Heard>, BusError> {
        for Outgoing { subject, bytes, .. } in batch {
            let publishing = self.client.publish(subject.as_str().to_owned(), bytes.clone());
            publishing.await.map_err(failed("publishing at NATS"))?;
        }
        self.client.flush().await.map_err(failed("publishing at NATS"))?;
        Ok(vec![Heard::Unknown; batch.len()])
    }

    async fn check(&mut self) -> Result<(), BusError> {
        self.confirm().await
    }
}

impl NatsSender {
    /// Returns once the server has taken all that was sent before: it answers at once what nobody hears.
    async fn confirm(&self) -> Result<(), BusError> {
        let unheard = self.client.new_inbox();
        match self.client.request(unheard, Bytes::new()).await {
            Err(error) if error.kind() != RequestErrorKind::NoResponders => {
                Err(BusError::engine("waiting for NATS", error))
            }
            _ => Ok(()),
        }
    }
}

impl BusReceiver for NatsReceiver {
    async fn next(&mut self) -> Result<(Subject, Bytes), BusError> {
        loop {
            tokio::select! {
                biased;
                ended = self.ended.recv() => return Err(match ended {
                    Some(Ended::Slow) => BusError::Overrun,
                    Some(Ended::Lost) | None => BusError::Closed,
                }),
                Some(messages) = self.new.recv() => self.messages.push(messages),
                Some(message) = self.messages.next(), if !self.messages.is_empty() => {
                    let Message { subject, payload, .. } = message;
                    return Ok((Subject::from(subject.as_str()), payload));
                }
            }
        }
    }
}

fn failed<E>(during: &'static str) -> impl FnOnce(E) -> BusError
where
    E: std::error::Error + Send + Sync + 'static,
{
    move |error| BusError::engine(during, error)
}
