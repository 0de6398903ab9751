//! Options of a client, from those of a scenario.

use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rialto_client::{Backoff, Credentials, Options, ProvideError, WhenFull};
use serde_json::value::to_raw_value;
use serde_json::{Value, json};

use super::{tell, text};

pub fn read(who: &str, action: &Value) -> Options {
    let addresses = action["addresses"].as_array().unwrap();
    let mut endpoints = addresses.iter().map(|it| it.as_str().unwrap().parse().unwrap());
    let given = &action["options"];
    let credentials = credentials_or_function(who, &given["credentials"]);
    let mut options = Options::new(endpoints.next().unwrap(), credentials);
    options.more_endpoints = endpoints.collect();
    options.in_order = given["in_order"] == true;
    options.retry_first = given["retry_first"] == true;
    let give_up_after = given["give_up_after_ms"].as_u64().map(Duration::from_millis);
    options.reconnect = Some(Backoff { give_up_after, ..Backoff::default() });
    options.tls.authority = action["ca"].as_str().map(Into::into);
    let number =
        |value: &Value, default| value.as_u64().map_or(default, |it| usize::try_from(it).unwrap());
    options.outbox.count_max = number(&given["outbox"]["count"], options.outbox.count_max);
    options.outbox.bytes_max = number(&given["outbox"]["bytes"], options.outbox.bytes_max);
    options.outbox.full = match text(&given["outbox"], "full") {
        "reject" => WhenFull::Reject,
        "drop-oldest" => WhenFull::DropOldest,
        _ => WhenFull::Wait,
    };
    options.inbox_count_max = number(&given["inbox"]["count"], options.inbox_count_max);
    options.inbox_bytes_max = number(&given["inbox"]["bytes"], options.inbox_bytes_max);
    options
}

fn credentials_or_function(who: &str, given: &Value) -> Credentials {
    let Some(results) = given["function"].as_array() else { return credentials(given) };
    let results = Arc::new(Mutex::new(results.clone()));
    let who = who.to_owned();
    Credentials::provider(move |why| {
        tell(
            &who,
            &json!({
                "credentials": why.attempt, "reason": why.reason.map(rialto_client::Reason::word),
                "status": why.status.map(|status| status.0),
            }),
        );
        let mut results = results.lock().unwrap();
        let result = if results.len() > 1 { results.remove(0) } else { results[0].clone() };
        async move {
            if let Some(why) = result["throws"].as_str() {
                return Err(ProvideError::Unavailable(why.to_owned()));
            }
            if result["unauthorized"] == true {
                return Err(ProvideError::Unauthorized("the scenario says so".to_owned()));
            }
            if result["hangs"] == true {
                pending::<()>().await;
            }
            Ok(credentials(&result))
        }
    })
}

fn credentials(given: &Value) -> Credentials {
    match given.get("auth") {
        Some(data) => Credentials::Auth(to_raw_value(data).unwrap()),
        None => Credentials::token(text(given, "client"), text(given, "token")),
    }
}
