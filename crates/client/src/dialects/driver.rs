//! The task that keeps a connection: one at a time, made again when it is lost.

use std::collections::{BTreeSet, VecDeque};
use std::io;
use std::time::Duration;

use serde_json::value::RawValue;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use crate::dice::Dice;

use super::carrier::Writer;
use super::codec::Encode;
use super::connection::{Connection, Incoming};
use super::demand::{Answer, Demand, DemandError, Event, Greeting, Order, Received};
use super::options::Options;
use super::pick::encoder;

/// How long a goodbye may take.
const LEAVING_TIMEOUT: Duration = Duration::from_secs(2);

pub(super) struct Driver {
    options: Options,
    encoder: Box<dyn Encode>,
    orders: mpsc::Receiver<Order>,
    events: mpsc::Sender<Event>,
    subscribed: BTreeSet<String>,
    dice: Dice,
}

/// How a connection ended.
enum End {
    /// The program has gone, or took its leave.
    Asked,
    Lost(io::Error),
}

/// What is under way on one connection.
struct Link {
    incoming: Incoming,
    outgoing: mpsc::UnboundedSender<Written>,
    writing: JoinHandle<io::Result<()>>,
    /// Who waits for answers, in the order of the demands; nobody does for what the driver asks.
    unanswered: VecDeque<Option<Answer>>,
}

/// Bytes to write, and who is told when they are.
struct Written {
    bytes: Vec<u8>,
    answer: Option<Answer>,
}

impl Driver {
    pub(super) fn new(
        options: Options,
        orders: mpsc::Receiver<Order>,
        events: mpsc::Sender<Event>,
    ) -> Self {
        let encoder = encoder(&options.address);
        let subscribed = BTreeSet::new();
        Driver { options, encoder, orders, events, subscribed, dice: Dice::unseeded() }
    }

    /// Keeps the connection until the program ends it, or until it is lost for good.
    pub(super) async fn run(mut self, first: Connection) {
        let mut connection = first;
        loop {
            let error = match self.serve(connection).await {
                End::Asked => return,
                End::Lost(error) => error,
            };
            let text = format!("lost the connection to the server: {error}");
            if self.options.reconnect.is_none() {
                self.tell(Event::Ended(text)).await;
                return;
            }
            self.tell(Event::Lost(text)).await;
            let Some(again) = self.connect_again().await else { return };
            connection = again;
            self.tell(Event::Back(connection.greeting.clone())).await;
        }
    }

    async fn tell(&self, event: Event) {
        // Who reads no events does not want to know.
        let _ = self.events.send(event).await;
    }

    /// Tries until there is a connection again; `None` if the program ends meanwhile, or gives up.
    async fn connect_again(&mut self) -> Option<Connection> {
        let backoff = self.options.reconnect?;
        let lost = Instant::now();
        for futile_count in 0.. {
            let wait = sleep(backoff.wait(futile_count, &mut self.dice));
            let options = self.options.clone();
            let attempt = async {
                wait.await;
                Connection::open(&options).await
            };
            let mut attempt = std::pin::pin!(attempt);
            let opened = loop {
                tokio::select! {
                    opened = &mut attempt => break opened,
                    order = self.orders.recv() => match order {
                        Some(Order { demand: Demand::Leave | Demand::Close, .. }) | None => return None,
                        Some(order) => _ = order.answer.send(Err(DemandError::Offline)),
                    },
                }
            };
            match opened {
                Ok(connection) => return Some(connection),
                Err(error) if backoff.give_up_after.is_some_and(|it| it <= lost.elapsed()) => {
                    self.tell(Event::Ended(error.to_string())).await;
                    return None;
                }
                Err(_) => {}
            }
        }
        None
    }

    async fn serve(&mut self, connection: Connection) -> End {
        let Connection { incoming, writer, greeting } = connection;
        if let Greeting::Restored { channels } = greeting {
            self.subscribed.extend(channels);
        }
        let (outgoing, taken) = mpsc::unbounded_channel();
        let writing = tokio::spawn(write_all(writer, taken));
        let mut link = Link { incoming, outgoing, writing, unanswered: VecDeque::new() };
        self.subscribe_again(&mut link);
        let end = loop {
            tokio::select! {
                order = self.orders.recv() => match order {
                    None => break End::Asked,
                    Some(order) => {
                        if self.put(order, &mut link) {
                            break End::Asked;
                        }
                    }
                },
                received = link.incoming.next() => match received {
                    // Nothing more is read before it has found its room.
                    Ok(Received::Message(push)) => self.tell(Event::Message(push)).await,
                    Ok(Received::Answer(answer)) => link.answer(answer),
                    Ok(Received::Greeting(_)) => {}
                    Err(error) => break End::Lost(error),
                },
                written = &mut link.writing => break End::Lost(failure(written)),
            }
        };
        link.end(matches!(end, End::Asked)).await;
        end
    }

    /// Asks for the subscriptions of before, be they known to the server or not.
    fn subscribe_again(&self, link: &mut Link) {
        for channel in &self.subscribed {
            let demand = Demand::Subscribe(channel.clone());
            let mut bytes = Vec::new();
            if self.encoder.put(&demand, &mut bytes).is_ok() {
                if self.encoder.is_answered(&demand) {
                    link.unanswered.push_back(None);
                }
                let _ = link.outgoing.send(Written { bytes, answer: None });
            }
        }
    }

    /// Sends what is asked for; returns whether it is the last thing.
    fn put(&mut self, Order { demand, answer }: Order, link: &mut Link) -> bool {
        let mut bytes = Vec::new();
        if let Err(problem) = self.encoder.put(&demand, &mut bytes) {
            let _ = answer.send(Err(DemandError::Unsayable(problem)));
            return false;
        }
        match &demand {
            Demand::Subscribe(channel) => _ = self.subscribed.insert(channel.clone()),
            Demand::Unsubscribe(channel) => _ = self.subscribed.remove(channel),
            Demand::Publish { .. } | Demand::Ask(_) | Demand::Leave | Demand::Close => {}
        }
        let mut when_written = Some(answer);
        if self.encoder.is_answered(&demand) {
            link.unanswered.push_back(when_written.take());
        }
        // One that cannot be written any more is answered by the end of the connection.
        let _ = link.outgoing.send(Written { bytes, answer: when_written });
        matches!(demand, Demand::Leave | Demand::Close)
    }
}

impl Link {
    /// Gives an answer to whoever asked first.
    fn answer(&mut self, answer: Result<Option<Box<RawValue>>, String>) {
        if let Some(Some(asked)) = self.unanswered.pop_front() {
            let _ = asked.send(answer.map_err(DemandError::Refused));
        }
    }

    /// Ends the connection, in good order if there is time for that; who still waits is told by the end
    /// of what they wait for.
    async fn end(self, is_orderly: bool) {
        let Link { outgoing, mut writing, .. } = self;
        drop(outgoing);
        if !is_orderly || timeout(LEAVING_TIMEOUT, &mut writing).await.is_err() {
            writing.abort();
        }
    }
}

/// Writes one thing after the other, and says at the end that nothing follows.
async fn write_all(
    mut writer: Writer,
    mut taken: mpsc::UnboundedReceiver<Written>,
) -> io::Result<()> {
    while let Some(Written { bytes, answer }) = taken.recv().await {
        if !bytes.is_empty() {
            writer.write(bytes).await?;
        }
        if let Some(answer) = answer {
            let _ = answer.send(Ok(None));
        }
    }
    writer.shut().await
}

fn failure(written: Result<io::Result<()>, tokio::task::JoinError>) -> io::Error {
    match written {
        Ok(Err(error)) => error,
        _ => io::ErrorKind::BrokenPipe.into(),
    }
}
