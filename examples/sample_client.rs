//! The sample client of the JMQT guide: subscribes for good, publishes the time, and prints what it is pushed.
//!
//!     cargo run --release -p rialto-client --example sample_client -- [ADDRESS [NAME]]
#![allow(clippy::print_stdout, reason = "printing is what it is for")]

use std::time::{Duration, SystemTime};

use rialto_client::{
    Backoff, Client, Credentials, Event, Message, Options, PublishOptions, Qos, SubscribeOptions,
};
use tokio::time::interval;

const CHANNEL: &str = "mychannel";
const PUBLISH_EVERY: Duration = Duration::from_secs(10);

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().unwrap_or_else(|| "jmqt://127.0.0.1:8010".to_owned());
    let name = arguments.next().unwrap_or_else(|| "rsclient1".to_owned());

    let mut options = Options::new(address.parse()?, Credentials::named(&name));
    options.reconnect = Some(Backoff::default());
    options.retry_first = true;
    let client = Client::start(options);
    let mut events = client.events(); // Connecting again is the library's work: here it is only told.
    client.online().await?;

    let mut update = client.listen("update"); // The guide's server subscribes every client to it.
    let mut direct = client.direct();
    let mut messages = client.subscription(CHANNEL, SubscribeOptions::persistent()).await?;
    let mut ticks = interval(PUBLISH_EVERY);
    loop {
        tokio::select! {
            Some(message) = update.next() => show(&message),
            Some(message) = direct.next() => show(&message),
            Some(message) = messages.next() => show(&message),
            event = events.recv() => if let Event::State(change) = event? {
                println!("{:?}", change.state);
            },
            _ = ticks.tick() => {
                let time = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_secs();
                let options = PublishOptions { retain: true, ..PublishOptions::acknowledged() };
                client.publish_json(CHANNEL, &time, options).await?;
                println!("published on '{CHANNEL}'");
            }
            interrupted = tokio::signal::ctrl_c() => {
                client.close().await;
                return Ok(interrupted?);
            }
        }
    }
}

fn show(message: &Message) {
    let from = if message.publisher.is_empty() { "the server" } else { &message.publisher };
    let qos = u8::from(message.qos == Qos::AtLeastOnce);
    println!("data on '{}' from {from}: {} (QoS {qos})", message.channel, message.payload);
}
