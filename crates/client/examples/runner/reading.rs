//! A subscription of a scenario, and what reads it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use rialto_client::{
    Acknowledge, Client, Message, Persistence, SubscribeOptions, Subscription, SubscriptionRemote,
};
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};

use super::{calls, spawn, text, write};

pub struct Reading {
    remote: SubscriptionRemote,
    handler: Arc<Mutex<Handler>>,
    /// For an iterator.
    commands: mpsc::Sender<String>,
}

/// What a handler does with its messages, and which of them it holds.
struct Handler {
    who: String,
    name: String,
    does: String,
    decodes: bool,
    held: VecDeque<oneshot::Sender<()>>,
    messages: Vec<Message>,
}

impl Reading {
    pub fn start(client: &Client, action: &Value, decodes: bool) -> Result<Self, String> {
        let options = SubscribeOptions {
            persistence: match action["persistent"] == true {
                true => Persistence::Persistent,
                false => Persistence::Session,
            },
            acknowledge: match text(action, "ack") {
                "manual" => Acknowledge::Manual,
                "received" => Acknowledge::Received,
                "" | "handled" => Acknowledge::Handled,
                other => return Err(format!("there is no way to acknowledge called {other}")),
            },
        };
        let channel = text(action, "channel");
        let subscription = match text(action, "do") {
            "subscribe" => client.subscribe(channel, options),
            "listen" => client.listen_with(channel, options),
            _ => client.direct(),
        };
        let (who, name) = (text(action, "who").to_owned(), text(action, "as").to_owned());
        let does = text(action, "handler").to_owned();
        let handler = Handler {
            who: who.clone(),
            name: name.clone(),
            does: if does.is_empty() { "takes".to_owned() } else { does },
            decodes,
            held: VecDeque::new(),
            messages: Vec::new(),
        };
        let is_iterator = handler.does == "iterator";
        let handler = Arc::new(Mutex::new(handler));
        let (commands, received) = mpsc::channel(16);
        let remote = subscription.remote();
        let (consented, consent) = oneshot::channel();
        calls::outcome(&who, &name, async move {
            match consent.await {
                Ok(Ok(())) => Ok(Value::Null),
                Ok(Err(error)) => Err(calls::failure(&error)),
                // Its reader was dropped, or it panicked, before the broker had decided.
                Err(_) => Err(json!({ "is": "cancelled" })),
            }
        });
        let parallel = action["parallel"].as_u64().unwrap_or(1);
        let taken = Arc::clone(&handler);
        spawn(async move {
            let mut subscription = subscription;
            let active = subscription.active().await;
            let is_active = active.is_ok();
            let _ = consented.send(active);
            if is_iterator {
                iterate(subscription, received, &taken).await;
            } else if is_active {
                let parallel = usize::try_from(parallel).unwrap();
                subscription.handle(parallel, |message| handle(&taken, message)).await;
            }
        });
        Ok(Reading { remote, handler, commands })
    }

    pub fn does(&self, what: &str) {
        what.clone_into(&mut self.handler.lock().unwrap().does);
    }

    pub fn release(&self, count: Option<u64>) {
        let mut handler = self.handler.lock().unwrap();
        let count = count.map_or(usize::MAX, |count| usize::try_from(count).unwrap());
        let count = count.min(handler.held.len());
        handler.held.drain(..count).for_each(|held| _ = held.send(()));
    }

    pub fn acknowledge(&self, number: Option<u64>) {
        let number = usize::try_from(number.unwrap()).unwrap();
        self.handler.lock().unwrap().messages[number].ack();
    }

    pub fn command(&self, what: &str) {
        match what {
            "stop" => self.remote.stop(),
            _ => self.commands.try_send(what.to_owned()).unwrap(),
        }
    }

    pub fn remote(&self) -> SubscriptionRemote {
        self.remote.clone()
    }
}

async fn iterate(
    mut subscription: Subscription,
    mut commands: mpsc::Receiver<String>,
    handler: &Mutex<Handler>,
) {
    while let Some(command) = commands.recv().await {
        if command == "leave" {
            return;
        }
        if let Some(message) = subscription.next().await {
            handler.lock().unwrap().take(message);
        }
    }
}

fn handle(
    handler: &Mutex<Handler>,
    message: Message,
) -> impl Future<Output = Result<(), String>> + use<> {
    let mut handler = handler.lock().unwrap();
    let is_bad = handler.decodes && message.payload.get() == "\"bad\"";
    let mut outcome = Ok(());
    let mut held = None;
    if is_bad {
        outcome = Err("bad data".to_owned());
    } else {
        handler.take(message);
        match handler.does.as_str() {
            "fails" => outcome = Err("the handler fails".to_owned()),
            "holds" => {
                let (release, released) = oneshot::channel();
                handler.held.push_back(release);
                held = Some(released);
            }
            _ => {}
        }
    }
    async move {
        if let Some(released) = held {
            let _ = released.await;
        }
        outcome
    }
}

impl Handler {
    fn take(&mut self, message: Message) {
        // By hand, because there can be a hundred thousand.
        let [who, of, channel, from] =
            [&self.who, &self.name, &message.channel, &message.publisher].map(|it| json!(it));
        let (data, qos) = (message.payload.get(), message.qos.level());
        let (id, retained) = (json!(message.id), message.retained);
        write(&format_args!(
            r#"{{"who":{who},"event":{{"message":{data},"of":{of},"channel":{channel},"from":{from},"qos":{qos},"id":{id},"retained":{retained}}}}}"#
        ));
        self.messages.push(message);
    }
}
