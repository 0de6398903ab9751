//! Control channels: questions to the server, answered on the publish's acknowledgement (J-94).

use serde_json::{Value, json};

use crate::{ClientKey, ConnectionKey, Encoder, Reject, client::Subscription};

use super::{Broker, publish::Publish};

/// What `$removeRetained` is asked with.
#[derive(Debug, serde::Deserialize)]
struct Removal<'a> {
    /// The channel.
    #[serde(borrow)]
    cn: std::borrow::Cow<'a, str>,
}

impl<E: Encoder> Broker<E> {
    /// Answers a publish to `$name`.
    pub(super) fn answer_control(
        &mut self,
        connection: ConnectionKey,
        client: ClientKey,
        name: &str,
        publish: &Publish<'_>,
    ) {
        let Some(id) = publish.request else {
            self.reply_published(connection, None, Err(&Reject::InvalidPacket));
            return;
        };
        let request = Some(id);
        if name == "removeRetained" {
            return match serde_json::from_slice::<Removal<'_>>(publish.payload) {
                Ok(removal) => self.remove_retained_for(connection, id, &removal.cn),
                Err(_) => self.reply_published(connection, request, Err(&Reject::InvalidPacket)),
            };
        }
        match self.control_answer(connection, client, name) {
            Some(answer) => {
                self.reply_published(connection, request, Ok(Some(&answer.to_string())));
            }
            None => self.reply_published(connection, request, Err(&Reject::InvalidChannel)),
        }
    }

    fn control_answer(
        &self,
        connection: ConnectionKey,
        client: ClientKey,
        name: &str,
    ) -> Option<Value> {
        match name {
            "mySubscriptions" => Some(self.subscriptions_of(client)),
            "whoami" => Some(json!({
                "client": self.clients[client].id.as_str(),
                "connected_s": (self.now.uptime - self.connections[connection].opened).as_secs(),
            })),
            "time" => Some(json!({ "unix_ms": self.now.unix_ms })),
            "stats" => serde_json::to_value(self.stats()).ok(),
            "limits" => Some(self.limits_of(connection)),
            _ => None,
        }
    }

    /// Lists subscriptions by name, and as an object that also has the client's own channel.
    fn subscriptions_of(&self, client: ClientKey) -> Value {
        let client = &self.clients[client];
        let mut names = Vec::new();
        let mut kinds = serde_json::Map::new();
        kinds.insert(client.id.direct_channel().as_str().to_owned(), json!("persistent"));
        for (channel, subscription) in client.subscriptions.iter() {
            if client.direct_channel == Some(channel) {
                continue;
            }
            let name = self.channels[channel].name.as_str();
            let kind = match subscription {
                Subscription::Session => "temp",
                Subscription::Persistent(_) => "persistent",
            };
            kinds.insert(name.to_owned(), json!(kind));
            names.push(name);
        }
        json!({ "channels": names, "subscriptions": kinds })
    }

    fn limits_of(&self, connection: ConnectionKey) -> Value {
        let settings = &self.settings;
        json!({
            "packet_bytes_max": settings.packet_bytes_max,
            "json_depth_max": settings.json_depth_max,
            "heartbeat_timeout_s": settings.heartbeat_timeout.as_secs(),
            "subscriptions_max": settings.subscriptions_max,
            "channel_name_bytes_max": settings.channel_name_bytes_max,
            "unacknowledged_max": self.connections[connection].manners.unacknowledged_max,
        })
    }
}
