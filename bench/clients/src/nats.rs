//! The same tasks with `async-nats`, as its documentation says.

use anyhow::{Context, Result, anyhow};
use async_nats::jetstream::consumer::{PullConsumer, pull};
use async_nats::jetstream::{self, stream};
use async_nats::{Client, Error};
use bytes::Bytes;
use futures_util::StreamExt;
use rialto_bench::payload::{Checker, Template, payload};

use crate::job::Job;
use crate::meter::{Figures, Meter, say};
use crate::task::{CHANNEL, Task};
use crate::window::Window;

const STREAM: &str = "BENCH";
const CONSUMER: &str = "taker";
/// Unacknowledged messages while the store is filled.
const FILL_WINDOW: usize = 1_000;

pub async fn work(job: &Job) -> Result<Figures> {
    let client = async_nats::connect(job.address.to_string()).await?;
    let meter = Meter::new(job.messages);
    let figures = match job.task {
        Task::Publish => publish(&client, meter, job.messages).await?,
        Task::Acknowledged { window } => {
            acknowledged(&client, meter, (job.messages, window)).await?
        }
        Task::Fill => acknowledged(&client, meter, (job.messages, FILL_WINDOW)).await?,
        Task::Deliver => take(&client, meter.with_notes(), job.messages).await?,
        Task::DeliverStored => take_stored(&client, meter, job.messages).await.map_err(plain)?,
    };
    Ok(figures)
}

async fn publish(client: &Client, mut meter: Meter, messages: u64) -> Result<Figures> {
    let mut payloads = Template::new(payload(0));
    let mut end = client.subscribe("bench.end").await?;
    for _ in 0..messages {
        client.publish(CHANNEL, next(&mut payloads)).await?;
        meter.count()?;
    }
    // A flush says that all is written; an echo, that the server has taken it.
    client.publish("bench.end", Bytes::new()).await?;
    client.flush().await?;
    end.next().await.context("the subscription ended")?;
    Ok(meter.figures())
}

async fn acknowledged(
    client: &Client,
    meter: Meter,
    (messages, count_max): (u64, usize),
) -> Result<Figures> {
    let context = jetstream::new(client.clone());
    store(&context).await.map_err(plain)?;
    let mut payloads = Template::new(payload(0));
    let mut window = Window::new(count_max, meter);
    for _ in 0..messages {
        window.room().await?;
        window.push(context.publish(CHANNEL, next(&mut payloads)).await?);
    }
    window.finish().await
}

/// Makes the stream and the consumer, with files and explicit acknowledgement.
async fn store(context: &jetstream::Context) -> Result<PullConsumer, Error> {
    let stream = stream::Config {
        name: STREAM.to_owned(),
        subjects: vec![CHANNEL.to_owned()],
        storage: stream::StorageType::File,
        ..Default::default()
    };
    let stream = context.get_or_create_stream(stream).await?;
    let consumer = pull::Config { durable_name: Some(CONSUMER.to_owned()), ..Default::default() };
    Ok(stream.get_or_create_consumer(CONSUMER, consumer).await?)
}

async fn take(client: &Client, mut meter: Meter, messages: u64) -> Result<Figures> {
    let mut checker = Checker::new(0..1);
    let mut subscription = client.subscribe(CHANNEL).await?;
    client.flush().await?;
    say("ready")?;
    for _ in 0..messages {
        let message = subscription.next().await.context("the subscription ended")?;
        checker.check(&message.payload)?;
        meter.count()?;
    }
    Ok(meter.figures())
}

async fn take_stored(client: &Client, mut meter: Meter, messages: u64) -> Result<Figures, Error> {
    let mut checker = Checker::new(0..1);
    let consumer = store(&jetstream::new(client.clone())).await?;
    let mut stored = consumer.messages().await?;
    say("ready")?;
    for _ in 0..messages {
        let message = stored.next().await.context("the stream of messages ended")??;
        checker.check(&message.payload)?;
        message.ack().await?;
        meter.count()?;
    }
    client.flush().await?;
    Ok(meter.figures())
}

fn next(payloads: &mut Template) -> Bytes {
    let mut text = Vec::with_capacity(128);
    payloads.write_next(&mut text);
    text.into()
}

fn plain(error: Error) -> anyhow::Error {
    anyhow!("{error}")
}
