//! The program beside it that uses what a client of a broker usually uses.

use std::error::Error;
use std::time::Duration;

use rialto_client::{Backoff, Client, Credentials, Options, PublishOptions, SubscribeOptions};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1).ok_or("where is the broker?")?;
    let mut options = Options::new(address.parse()?, Credentials::named("ada"));
    options.reconnect = Some(Backoff::default());
    let client = Client::connect(options).await?;
    let mut room = client.subscription("room", SubscribeOptions::persistent()).await?;
    client.publish_json("news", &"hello", PublishOptions::acknowledged()).await?;
    let time: u64 = client.request("$time", &()).await?;
    println!("{time}");
    while let Some(mut message) = room.next().await {
        println!("{}: {}", message.channel, message.payload);
        message.ack();
    }
    client.drain(Duration::from_secs(10)).await?;
    Ok(())
}
