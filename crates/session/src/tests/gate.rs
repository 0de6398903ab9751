//! A gate for tests, whose tokens can be written into a script.

use rialto_broker::{Admission, Gate, Grant, Refusal, Reject, UnixMs};
use serde_json::Value;

/// Seconds a token is valid.
const LIFETIME_S: u64 = 60;

/// Gives `ada` the token `ada until 60` at second 0, and knows `key of ada` as one that was preset
/// and never ends. `root` may not have a token, and signing one for `nobody` fails.
pub(crate) struct TestGate;

impl Gate for TestGate {
    fn authenticate(&self, data: &str, now: UnixMs) -> Result<Grant, Refusal> {
        let refuse = |reject, message: &str| Err(Refusal { reject, message: message.to_owned() });
        let data: Value = serde_json::from_str(data).expect("dt is JSON");
        match data["client_name"].as_str() {
            None => refuse(Reject::InvalidPacket, "no client_name"),
            Some("root") => refuse(Reject::NotAllowed, "not this one"),
            Some("nobody") => refuse(Reject::StoreUnavailable, "the key is lost"),
            Some(name) => {
                let token = format!("{name} until {}", now / 1000 + LIFETIME_S);
                Ok(Grant { client: name.into(), token })
            }
        }
    }

    fn admit_anybody(&self, _client: &str) -> Option<Admission> {
        Some(Admission::default())
    }

    fn admit(&self, client: &str, token: &str, now: UnixMs) -> Result<Admission, Reject> {
        let end_s = match token.split_once(" until ") {
            Some((name, end_s)) if name == client => end_s.parse().unwrap_or(0),
            None if token == format!("key of {client}") => u64::MAX,
            _ => 0,
        };
        if now / 1000 < end_s { Ok(Admission::default()) } else { Err(Reject::InvalidToken) }
    }
}
