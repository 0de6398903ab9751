//! Control channels: questions to the server, answered on the publish's acknowledgement (J-94).

use serde_json::{Value, json};

use rialto_domain::{Action, Reject};

use crate::{ClientKey, ConnectionKey, Encoder, client::Subscription};

use super::{
    Broker,
    message::{CommandOutcome, Publish},
};

/// What `$removeRetained` is asked with.
#[derive(Debug, serde::Deserialize)]
struct Removal<'a> {
    /// The channel.
    #[serde(borrow)]
    cn: std::borrow::Cow<'a, str>,
}

/// What anybody may ask.
#[derive(Debug, Clone, Copy)]
enum Question {
    MySubscriptions,
    Whoami,
    Time,
    Stats,
    Limits,
}

impl Question {
    /// Returns the question that the control channel of a name stands for.
    fn of(name: &str) -> Option<Self> {
        match name {
            "mySubscriptions" => Some(Question::MySubscriptions),
            "whoami" => Some(Question::Whoami),
            "time" => Some(Question::Time),
            "stats" => Some(Question::Stats),
            "limits" => Some(Question::Limits),
            _ => None,
        }
    }
}

impl<E: Encoder> Broker<E> {
    /// Takes a publish to `$name`, if the client's rights allow it.
    ///
    /// # Errors
    /// That they do not; the client has been told.
    pub(super) fn take_question(
        &mut self,
        (connection, client): (ConnectionKey, ClientKey),
        name: &str,
        publish: &Publish<'_>,
        request: Option<&str>,
    ) -> Result<CommandOutcome, Reject> {
        let allowed = self.may(connection, Action::Control, publish.channel);
        match &allowed {
            Ok(()) => self.answer_control((connection, client), name, publish, request),
            Err(reject) => self.refuse_question(connection, request, reject),
        }
        allowed.map(|()| CommandOutcome::Done)
    }

    fn answer_control(
        &mut self,
        (connection, client): (ConnectionKey, ClientKey),
        name: &str,
        publish: &Publish<'_>,
        request: Option<&str>,
    ) {
        let Some(id) = request else {
            return self.refuse_question(connection, None, &Reject::InvalidPacket);
        };
        if name == "removeRetained" {
            return match serde_json::from_slice::<Removal<'_>>(publish.payload) {
                Ok(removal) => {
                    self.note_answered();
                    self.remove_retained_for(connection, id, &removal.cn);
                }
                Err(_) => self.refuse_question(connection, request, &Reject::InvalidPacket),
            };
        }
        let Some(question) = Question::of(name) else {
            return self.refuse_question(connection, request, &Reject::InvalidChannel);
        };
        // Counted first, since what is answered may be what was counted.
        self.note_answered();
        if matches!(question, Question::Stats) {
            self.settle();
        }
        let answer = self.control_answer(connection, client, question).to_string();
        self.answer_publish(connection, request, Ok(Some(&answer)));
    }

    /// Answers a question that is not taken.
    fn refuse_question(
        &mut self,
        connection: ConnectionKey,
        request: Option<&str>,
        reject: &Reject,
    ) {
        self.note_publish_refused();
        self.answer_publish(connection, request, Err(reject));
    }

    fn control_answer(
        &self,
        connection: ConnectionKey,
        client: ClientKey,
        question: Question,
    ) -> Value {
        match question {
            Question::MySubscriptions => self.subscriptions_of(client),
            Question::Whoami => json!({
                "client": self.clients[client].id.as_str(),
                "connected_s": (self.now.uptime - self.connections[connection].opened).as_secs(),
            }),
            Question::Time => json!({ "unix_ms": self.now.unix_ms }),
            Question::Stats => json!(self.stats()),
            Question::Limits => self.limits_of(connection),
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
            "unacknowledged_max": self.connections[connection].profile.unacknowledged_max,
        })
    }
}
