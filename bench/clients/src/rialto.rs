//! The tasks with `rialto-client`, as its documentation says.

use anyhow::{Context, Result};
use rialto_bench::payload::{Checker, Template, payload};
use rialto_client::{Client, Credentials, Options, PublishOptions, SubscribeOptions};
use serde_json::value::RawValue;

use crate::job::Job;
use crate::meter::{Figures, Meter};
use crate::task::{CHANNEL, Task};
use crate::window::Window;

/// Unacknowledged messages while the store is filled.
const FILL_WINDOW: usize = 1_000;

pub async fn work(job: &Job) -> Result<Figures> {
    let name = match job.task {
        Task::Deliver | Task::DeliverStored => "taker",
        Task::Publish | Task::Acknowledged { .. } | Task::Fill => "giver",
    };
    let client = connect(job, name).await?;
    let meter = Meter::new(job.messages);
    let figures = match job.task {
        Task::Publish => publish(&client, meter, job.messages).await?,
        Task::Acknowledged { window } => {
            leave_a_subscription(job).await?;
            acknowledged(&client, meter, (job.messages, window)).await?
        }
        Task::Fill => {
            leave_a_subscription(job).await?;
            acknowledged(&client, meter, (job.messages, FILL_WINDOW)).await?
        }
        Task::Deliver => {
            let options = SubscribeOptions::default();
            take(&client, meter.with_notes(), (job.messages, options)).await?
        }
        Task::DeliverStored => {
            let options = SubscribeOptions::persistent();
            take(&client, meter, (job.messages, options)).await?
        }
    };
    client.close().await;
    Ok(figures)
}

async fn connect(job: &Job, name: &str) -> Result<Client> {
    let endpoint = format!("jmqt://{}", job.address).parse()?;
    Ok(Client::connect(Options::new(endpoint, Credentials::named(name))).await?)
}

/// Has the broker store what is published, for somebody who is not there.
async fn leave_a_subscription(job: &Job) -> Result<()> {
    let client = connect(job, "taker").await?;
    client.subscription(CHANNEL, SubscribeOptions::persistent()).await?.stop();
    client.close().await;
    Ok(())
}

async fn publish(client: &Client, mut meter: Meter, messages: u64) -> Result<Figures> {
    let mut payloads = Template::new(payload(0));
    for _ in 0..messages {
        client.publish(CHANNEL, &next(&mut payloads)?, PublishOptions::default()).await?;
        meter.count()?;
    }
    client.ping().await?;
    Ok(meter.figures())
}

async fn acknowledged(
    client: &Client,
    meter: Meter,
    (messages, count_max): (u64, usize),
) -> Result<Figures> {
    let mut payloads = Template::new(payload(0));
    let mut window = Window::new(count_max, meter);
    let options = PublishOptions::acknowledged();
    for _ in 0..messages {
        window.room().await?;
        window.push(client.start_publish(CHANNEL, &next(&mut payloads)?, options).await?);
    }
    window.finish().await
}

async fn take(
    client: &Client,
    mut meter: Meter,
    (messages, options): (u64, SubscribeOptions),
) -> Result<Figures> {
    let mut checker = Checker::new(0..1);
    let mut subscription = client.subscription(CHANNEL, options).await?;
    crate::meter::say("ready")?;
    for _ in 0..messages {
        let message = subscription.next().await.context("the subscription ended")?;
        checker.check(message.payload.get().as_bytes())?;
        meter.count()?;
    }
    Ok(meter.figures())
}

fn next(payloads: &mut Template) -> Result<Box<RawValue>> {
    let mut text = Vec::with_capacity(128);
    payloads.write_next(&mut text);
    Ok(RawValue::from_string(String::from_utf8(text)?)?)
}
