//! How a server lets a client of PubSubX in, in words.

use rialto_client::dialects::Greeting;
use rialto_client::shown::one_word;

/// Says how a server let the client in.
pub(super) fn greeted(greeting: &Greeting) -> String {
    let Greeting::Restored { channels } = greeting else {
        return "Connection successfully established".to_owned();
    };
    let channels: Vec<_> = channels.iter().map(|channel| one_word(channel)).collect();
    match &channels[..] {
        [] => "Connection restored (RESTORED), without topics".to_owned(),
        _ => format!("Connection restored (RESTORED), topics: {}", channels.join(" ")),
    }
}
