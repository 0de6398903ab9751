//! Webhooks, in the words of their crate.

use std::fs;

use rialto_application::Event;
use rialto_config::{WebhookEvent, WhenDown};
use rialto_webhook::Settings;

/// # Errors
/// When the file with authorities cannot be read.
pub(crate) fn webhook(settings: &rialto_config::Webhook) -> Result<Settings, String> {
    let read = |path: &std::path::Path| {
        fs::read(path).map_err(|error| format!("webhook.authority {}: {error}", path.display()))
    };
    Ok(Settings {
        url: settings.url.clone(),
        secret: settings.secret.expose().as_bytes().to_vec(),
        events: settings.events.iter().map(|&it| event(it)).collect(),
        timeout: settings.timeout.get(),
        concurrency_max: settings.concurrency_max,
        when_down: match settings.when_down {
            WhenDown::Deny => rialto_webhook::WhenDown::Deny,
            WhenDown::Allow => rialto_webhook::WhenDown::Allow,
        },
        retry_for: settings.retry_for.get(),
        queue_max: settings.queue_max,
        cache_max: settings.cache_max,
        authority: settings.authority.get().map(read).transpose()?,
    })
}

fn event(event: WebhookEvent) -> Event {
    match event {
        WebhookEvent::Auth => Event::Authenticate,
        WebhookEvent::Connect => Event::Connect,
        WebhookEvent::Subscribe => Event::Subscribe,
        WebhookEvent::Unsubscribe => Event::Unsubscribe,
        WebhookEvent::Publish => Event::Publish,
        WebhookEvent::Control => Event::Control,
        WebhookEvent::Disconnect => Event::Disconnect,
        WebhookEvent::Close => Event::Close,
    }
}
