//! What a JMQT client tells of itself.

use rialto_client::shown::one_word;
use rialto_client::{Connection, Event, SubscriptionChange, SubscriptionEnd, SubscriptionState};
use tokio::sync::{broadcast, watch::Receiver};

use super::super::feed::Feed;

/// The two ways by which a client tells.
pub(super) struct Told {
    pub(super) connection: Receiver<Connection>,
    pub(super) events: broadcast::Receiver<Event>,
}

/// Shows what happens to a session, until it has ended.
pub(super) async fn watch(mut told: Told, feed: Feed) {
    let mut was_lost = false;
    loop {
        tokio::select! {
            // An event may be about the connection that is told of.
            biased;
            changed = told.connection.changed() => {
                if changed.is_err() {
                    return;
                }
                let connection = told.connection.borrow_and_update().clone();
                match connection {
                    Connection::Lost(reason) => {
                        was_lost = true;
                        feed.notice(format!("{reason}; connecting again")).await;
                    }
                    Connection::Online if was_lost => feed.notice("connected again").await,
                    Connection::Ended(rialto_client::Disconnected::Closed) => return,
                    Connection::Ended(reason) => {
                        feed.notice(format!("the session has ended: {reason}")).await;
                        return;
                    }
                    _ => {}
                }
            }
            event = told.events.recv() => match event {
                Ok(event) => {
                    if let Some(text) = text_of(&event) {
                        feed.notice(text).await;
                    }
                }
                Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(broadcast::error::RecvError::Closed) => return,
            },
        }
    }
}

/// Says what an event means to people, if it is not told elsewhere.
fn text_of(event: &Event) -> Option<String> {
    match event {
        Event::Subscription(change) => of_subscription(change),
        Event::Publish { id: Some(_), channel, error } => {
            Some(format!("a message to {} was lost: {error}", one_word(channel)))
        }
        Event::Slow { channel, dropped: Some(count) } => {
            Some(format!("{count} messages of {} were dropped", one_word(channel)))
        }
        _ => None,
    }
}

fn of_subscription(change: &SubscriptionChange) -> Option<String> {
    let channel = one_word(&change.channel);
    match change.state {
        SubscriptionState::Active if change.gap => {
            Some(format!("subscribed to {channel} again; messages may be missing"))
        }
        SubscriptionState::Active if change.restored => {
            Some(format!("subscribed to {channel} again"))
        }
        SubscriptionState::Ended(SubscriptionEnd::Refused) => {
            let why = change.text.as_deref().unwrap_or("the broker refuses it");
            Some(format!("the subscription to {channel} has ended: {why}"))
        }
        _ => None,
    }
}
