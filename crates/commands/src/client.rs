//! `rialto client`: the clients of a running broker, and what is done about them.

mod show;

use std::time::Duration;

use rialto_config::Period;
use serde_json::{Value, json};

use crate::api::{ApiArgs, List};
use crate::exit::{Exit, Failure};
use crate::format::FormatArgs;
use crate::listing::{ListArgs, number, per_second};
use crate::output::talk;
use crate::remote::block_on;
use crate::table::{moment, or_nothing, span, word};

const EXAMPLES: &str = "\
These commands ask the HTTP API of a running broker. `list` and `show` need a key that allows
\"read\", the others one that allows \"manage\".

Examples:
  export RIALTO_API_KEY=...
  rialto client list --online
  rialto client list --match 'pump-*' --format json
  rialto client show pump-7
  rialto client disconnect pump-7 --reason \"new firmware\"
  rialto client ban pump-7 --for 1h --reason \"publishes too much\"
  rialto client unban pump-7
  rialto client forget pump-7";

const LIST_EXAMPLES: &str = "\
A client is online, or lost (its connection was lost and its session waits for it), or offline. LAG is how many
stored messages it is behind, PENDING the bytes that wait to be written to it, DROPPED the deliveries that were
dropped on this connection. Rates are known from the second list within a minute on, or with --sort by one.

--sort takes a number of the HTTP API: in_rate, out_rate, in_byte_rate, out_byte_rate, lag, pending_bytes, dropped,
subscriptions, connected_s, heard_s, last_seen_ms. Clients that are only stored stand at the end.

Examples:
  rialto client list --online --limit 20
  rialto client list --sort pending_bytes --limit 10
  rialto client list --banned --format json";

/// See and manage the clients of a running broker.
#[derive(Debug, clap::Subcommand)]
#[command(after_help = EXAMPLES)]
pub(crate) enum Command {
    List(ClientsArgs),
    Show(ShowArgs),
    Disconnect(DisconnectArgs),
    Ban(BanArgs),
    Unban(OneArgs),
    Forget(ForgetArgs),
}

/// List the clients that the broker knows, by their ids or by a number
#[derive(Debug, clap::Args)]
#[command(after_help = LIST_EXAMPLES)]
pub(crate) struct ClientsArgs {
    /// Only clients that are online
    #[arg(long)]
    online: bool,
    /// Only clients that speak this protocol: jmqt, coremq or pubsubx
    #[arg(long, value_name = "PROTOCOL")]
    protocol: Option<String>,
    /// List who is banned instead, known or not, with the reason and the end of the ban
    #[arg(long, conflicts_with_all = ["online", "protocol"])]
    banned: bool,
    #[command(flatten)]
    list: ListArgs,
    #[command(flatten)]
    api: ApiArgs,
}

/// Show a client: its connection, its subscriptions, and its ban
#[derive(Debug, clap::Args)]
pub(crate) struct ShowArgs {
    /// Client id
    #[arg(value_name = "ID")]
    client: String,
    #[command(flatten)]
    format: FormatArgs,
    #[command(flatten)]
    api: ApiArgs,
}

/// End a client's connection; the client may connect again at once
#[derive(Debug, clap::Args)]
pub(crate) struct DisconnectArgs {
    #[command(flatten)]
    one: OneArgs,
    /// Why, for the broker's log
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// End a client's connection, and refuse the client from then on
///
/// The ban outlives a restart of the broker. A client that is not known can be banned as well.
#[derive(Debug, clap::Args)]
pub(crate) struct BanArgs {
    #[command(flatten)]
    one: OneArgs,
    /// How long, such as 1h or 30d; without it, until `unban`
    #[arg(long = "for", value_name = "TIME")]
    time: Option<Period>,
    /// Why, in words that the client is told
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// Lift the ban of a client
#[derive(Debug, clap::Args)]
pub(crate) struct OneArgs {
    /// Client id
    #[arg(value_name = "ID")]
    client: String,
    #[command(flatten)]
    api: ApiArgs,
}

/// Forget a client: end its session, and remove its subscriptions and what is stored for it
///
/// Direct messages that wait for it are removed as well. Its tokens stay valid, so that it may come
/// back as a new client.
#[derive(Debug, clap::Args)]
pub(crate) struct ForgetArgs {
    #[command(flatten)]
    one: OneArgs,
}

pub(crate) fn run(command: &Command) -> Result<(), Failure> {
    match command {
        Command::List(args) => block_on(list(args)),
        Command::Show(args) => block_on(show::run(&args.api, &args.client, args.format.get())),
        Command::Disconnect(args) => block_on(disconnect(args)),
        Command::Ban(args) => block_on(ban(args)),
        Command::Unban(args) => block_on(unban(args)),
        Command::Forget(ForgetArgs { one: args }) => block_on(forget(args)),
    }
}

async fn list(args: &ClientsArgs) -> Result<(), Failure> {
    let api = args.api.open()?;
    if args.banned {
        let columns = (Some(["CLIENT", "UNTIL", "REASON"]), ban_row as fn(&Value) -> _);
        return args.list.print(&api, (List::Bans, &[]), |_| true, columns).await;
    }
    let query: &[_] = if args.online { &[("online", "true")] } else { &[] };
    let speaks = |client: &Value| {
        args.protocol.as_ref().is_none_or(|it| client["protocol"].as_str() == Some(it))
    };
    let heading = [
        "CLIENT",
        "STATE",
        "PROTOCOL",
        "ADDRESS",
        "CONNECTED",
        "SUBSCRIPTIONS",
        "LAST SEEN",
        "IN/s",
        "OUT/s",
        "LAG",
        "PENDING",
        "DROPPED",
    ];
    let columns = (Some(heading), client_row as fn(&Value) -> _);
    args.list.print(&api, (List::Clients, query), speaks, columns).await
}

fn client_row(client: &Value) -> [String; 12] {
    let text = |key: &str| client[key].as_str().map(word);
    [
        or_nothing(text("id")),
        show::state(client).to_owned(),
        or_nothing(text("protocol")),
        or_nothing(text("address")),
        or_nothing(client["connected_s"].as_u64().map(Duration::from_secs).map(span)),
        number(&client["subscriptions"]),
        or_nothing(client["last_seen_ms"].as_u64().map(moment)),
        per_second(&client["in_rate"]),
        per_second(&client["out_rate"]),
        number(&client["lag"]),
        number(&client["pending_bytes"]),
        number(&client["dropped"]),
    ]
}

fn ban_row(ban: &Value) -> [String; 3] {
    let until = ban["until_ms"].as_u64().map_or_else(|| "unban".to_owned(), moment);
    let reason = ban["reason"].as_str().unwrap_or_default();
    [or_nothing(ban["client"].as_str().map(word)), until, reason.to_owned()]
}

async fn disconnect(DisconnectArgs { one, reason }: &DisconnectArgs) -> Result<(), Failure> {
    let body = reason.as_ref().map_or_else(|| json!({}), |reason| json!({ "reason": reason }));
    let api = one.api.open()?;
    api.post(&["v1", "clients", &one.client, "disconnect"], &body).await?;
    done(&one.client, "was disconnected");
    Ok(())
}

async fn ban(BanArgs { one, time, reason }: &BanArgs) -> Result<(), Failure> {
    let mut body = json!({});
    if let Some(reason) = reason {
        body["reason"] = json!(reason);
    }
    if let Some(time) = time {
        body["seconds"] = json!(whole_seconds(*time)?);
    }
    let api = one.api.open()?;
    api.post(&["v1", "clients", &one.client, "ban"], &body).await?;
    match time {
        Some(time) => done(&one.client, &format!("is banned for {time}")),
        None => done(&one.client, "is banned until `rialto client unban`"),
    }
    Ok(())
}

fn whole_seconds(time: Period) -> Result<u64, Failure> {
    let time = time.get();
    if time.is_zero() {
        let text = "--for 0s is no ban: give a time, or leave it out for a ban without an end";
        return Err(Failure::new(Exit::Usage, text));
    }
    // A part of a second is one, so that the ban is never shorter than asked for.
    Ok(time.as_secs() + u64::from(0 < time.subsec_nanos()))
}

async fn unban(one: &OneArgs) -> Result<(), Failure> {
    one.api.open()?.delete(&["v1", "clients", &one.client, "ban"]).await?;
    done(&one.client, "is not banned any more");
    Ok(())
}

async fn forget(one: &OneArgs) -> Result<(), Failure> {
    one.api.open()?.delete(&["v1", "clients", &one.client]).await?;
    done(&one.client, "was forgotten");
    Ok(())
}

fn done(client: &str, what: &str) {
    talk(&format!("the client {} {what}", word(client)));
}
