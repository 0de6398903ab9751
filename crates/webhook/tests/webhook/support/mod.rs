//! An application that the tests play themselves, servers that get HTTP wrong, and requests.

mod app;
mod requests;
mod wrong;

pub(crate) use app::{App, Received};
pub(crate) use requests::{authenticate, client, connect, control, departure, publish, subscribe};
pub(crate) use wrong::{nobody, speaks};

use std::time::Duration;

use rialto_application::Events;
use rialto_webhook::{Deliveries, Settings, Webhook, WhenDown};

pub(crate) const SECRET: &str = "the secret of the tests";

/// Settings under which nothing is lost and nothing takes too long.
pub(crate) fn settings(url: &str) -> Settings {
    Settings {
        url: url.to_owned(),
        secret: SECRET.into(),
        events: Events::ALL,
        timeout: Duration::from_secs(30),
        concurrency_max: 8,
        when_down: WhenDown::Deny,
        retry_for: Duration::from_secs(600),
        queue_max: 100,
        cache_max: 100,
        authority: None,
    }
}

/// A webhook whose notifications are not delivered.
pub(crate) fn webhook(url: &str) -> Webhook {
    start(settings(url)).0
}

pub(crate) fn start(settings: Settings) -> (Webhook, Deliveries) {
    Webhook::new(settings).unwrap()
}
