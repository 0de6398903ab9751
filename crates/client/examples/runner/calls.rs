//! Calls that have an outcome.

use std::time::Duration;

use rialto_client::{Client, PublishOptions, Qos, Reason, RequestError, RequestOptions};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::{spawn, tell, text};

/// Returns how a call failed, as an outcome.
pub fn failure(error: &RequestError) -> Value {
    let is = if error.reason() == Reason::Refused { "refused" } else { "failed" };
    json!({
        "is": is, "reason": error.reason().word(), "status": error.status().map(|it| it.0),
        "temporary": error.is_temporary(), "text": error.to_string(),
    })
}

/// Tells how a call ends.
pub fn outcome(
    who: &str,
    name: &str,
    call: impl Future<Output = Result<Value, Value>> + Send + 'static,
) {
    let (who, name) = (who.to_owned(), name.to_owned());
    spawn(async move {
        let mut event = match call.await {
            Ok(answer) => json!({ "is": "done", "answer": answer }),
            Err(failure) => failure,
        };
        event["outcome"] = name.into();
        tell(&who, &event);
    });
}

/// Starts a call that can be cancelled.
pub fn start(client: &Client, action: &Value) -> oneshot::Sender<()> {
    let (cancel, cancelled) = oneshot::channel();
    let (client, given) = (client.clone(), action.clone());
    outcome(text(action, "who"), text(action, "as"), async move {
        tokio::select! {
            result = call(&client, &given) => result.map_err(|error| failure(&error)),
            Ok(()) = cancelled => Err(json!({ "is": "cancelled" })),
        }
    });
    cancel
}

async fn call(client: &Client, action: &Value) -> Result<Value, RequestError> {
    let options = publish_options(action);
    match text(action, "do") {
        "publish" => publish(client, action, options).await.map(|()| Value::Null),
        "send" => {
            let data = to_raw_value(&action["data"]).unwrap();
            client.send(text(action, "client"), &data, options).await.map(|()| Value::Null)
        }
        _ => {
            let default = RequestOptions::default();
            let timeout = action["timeout_ms"].as_u64().map(Duration::from_millis);
            let options = RequestOptions {
                timeout: timeout.unwrap_or(default.timeout),
                repeat: action["repeat"] == true,
            };
            let data = to_raw_value(&action["data"]).unwrap();
            let answer = client.request_raw(text(action, "channel"), &data, options).await?;
            Ok(answer.map_or(Value::Null, |it| serde_json::from_str(it.get()).unwrap()))
        }
    }
}

async fn publish(
    client: &Client,
    action: &Value,
    options: PublishOptions,
) -> Result<(), RequestError> {
    let channel = text(action, "channel");
    let Some(times) = action["times"].as_u64() else {
        return client.publish(channel, &data(action, 0), options).await.map(drop);
    };
    let mut acks = Vec::new();
    let from = action["from"].as_u64().unwrap_or(0);
    let first = data(action, from);
    let is_same = action["bytes"].is_u64();
    for number in from..from + times {
        let numbered = (!is_same).then(|| data(action, number));
        let payload = numbered.as_deref().unwrap_or(&first);
        acks.push(client.start_publish(channel, payload, options).await?);
    }
    let mut first_failure = Ok(());
    for ack in acks {
        first_failure = first_failure.and(ack.await.map(drop));
    }
    first_failure
}

fn data(action: &Value, number: u64) -> Box<RawValue> {
    if let Some(bytes) = action["bytes"].as_u64() {
        return to_raw_value(&"x".repeat(usize::try_from(bytes).unwrap())).unwrap();
    }
    let data = action["data"].to_string().replace("\"<#>\"", &number.to_string());
    RawValue::from_string(data).unwrap()
}

fn publish_options(action: &Value) -> PublishOptions {
    let qos = if action["qos"] == 1 { Qos::AtLeastOnce } else { Qos::AtMostOnce };
    PublishOptions { qos, retain: action["retain"] == true || action["retain"] == 1 }
}
