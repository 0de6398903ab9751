//! Everything that the broker knows of one client.

use std::time::Duration;

use serde_json::{Value, json};

use crate::api::ApiArgs;
use crate::exit::{Exit, Failure};
use crate::format::Format;
use crate::listing::number;
use crate::output::{print_json_lines, print_lines};
use crate::table::{Table, moment, or_nothing, span, word};

pub(super) async fn run(args: &ApiArgs, client: &str, format: Format) -> Result<(), Failure> {
    let api = args.open()?;
    let path = ["v1", "clients", client];
    let known: Option<Value> = api.find(&path).await?;
    let ban: Option<Value> = api.find(&[&path[..], &["ban"]].concat()).await?;
    let subscriptions: Option<Value> = match known {
        Some(_) => api.find(&[&path[..], &["subscriptions"]].concat()).await?,
        None => None,
    };
    let mut shown = match (known, &ban) {
        (Some(known), _) => known,
        // One that never came can be banned as well.
        (None, Some(_)) => json!({ "id": client, "online": false, "known": false }),
        (None, None) => {
            let text = format!("the broker knows no client {client:?}, and has no ban of it");
            return Err(Failure::new(Exit::Failed, text));
        }
    };
    if let Some(ban) = ban {
        shown["ban"] = ban;
    }
    if let Some(mut subscriptions) = subscriptions {
        let mut subscribed = subscriptions["subscriptions"].take();
        if let Some(entries) = subscribed.as_array_mut() {
            entries.sort_by(|one, other| one["channel"].as_str().cmp(&other["channel"].as_str()));
        }
        shown["subscribed"] = subscribed;
    }
    match format {
        Format::Json => print_json_lines([shown.to_string()]),
        Format::Text => print_lines(lines(&shown)),
    }
}

fn lines(client: &Value) -> Vec<String> {
    let text = |key: &str| or_nothing(client[key].as_str().map(word));
    let seen = or_nothing(client["last_seen_ms"].as_u64().map(moment));
    let state = if client["known"] == false { "not known" } else { state(client) };
    let connected = client["connected_s"].as_u64().map(Duration::from_secs).map(span);
    let mut table = Table::plain();
    for (what, value) in [
        ("client", text("id")),
        ("state", state.to_owned()),
        ("account", text("account")),
        ("protocol", text("protocol")),
        ("address", text("address")),
        ("connected for", or_nothing(connected)),
        ("last seen", seen),
        ("ban", ban(&client["ban"])),
        ("behind", number(&client["lag"])),
        ("bytes pending", number(&client["pending_bytes"])),
        ("dropped", number(&client["dropped"])),
        ("subscriptions", number(&client["subscriptions"])),
    ] {
        table.push([what.to_owned(), value]);
    }
    let subscribed = client["subscribed"].as_array().into_iter().flatten().map(|subscription| {
        let kept = if subscription["persistent"] == true { " (persistent)" } else { "" };
        format!("  {}{kept}", word(subscription["channel"].as_str().unwrap_or_default()))
    });
    table.into_lines().into_iter().chain(subscribed).collect()
}

fn ban(ban: &Value) -> String {
    let Some(reason) = ban["reason"].as_str() else { return "none".to_owned() };
    match ban["until_ms"].as_u64().map(moment) {
        Some(until) => format!("until {until}: {reason}"),
        None => format!("until it is lifted: {reason}"),
    }
}

/// Returns the word for whether a client is there.
pub(super) fn state(client: &Value) -> &'static str {
    match (client["online"].as_bool(), client["lost"].as_bool()) {
        (Some(true), _) => "online",
        (_, Some(true)) => "lost",
        _ => "offline",
    }
}
