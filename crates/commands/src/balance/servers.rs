//! What is asked of a balancer that runs on this machine.

use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use rialto_config::Period;
use rialto_http::{Client, Method, Proxy, Request, Settings, StatusCode, Url};
use serde::Deserialize;
use tokio::time::timeout;

use crate::exit::{Exit, Failure};
use crate::format::FormatArgs;
use crate::output::{print_json_lines, print_lines, talk};
use crate::remote::block_on;
use crate::table::{Table, word};

/// Bytes of an answer that are read.
const ANSWER_BYTES_MAX: usize = 16 << 20;

/// Which balancer to ask.
#[derive(Debug, clap::Args)]
struct AdminArgs {
    /// Address of the balancer's administration, balancer.admin in its settings
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8090")]
    admin: Url,
    /// How long the balancer may take to answer
    #[arg(long, value_name = "TIME", default_value = "10s")]
    timeout: Period,
}

/// How to print the servers.
#[derive(Debug, clap::Args)]
pub(super) struct ListArgs {
    #[command(flatten)]
    admin: AdminArgs,
    #[command(flatten)]
    format: FormatArgs,
}

/// Which server.
#[derive(Debug, clap::Args)]
pub(super) struct ServerArgs {
    /// The server, as the settings name it or by its address: host:port, or a host for all its ports
    server: String,
    #[command(flatten)]
    admin: AdminArgs,
}

/// A server as the balancer tells of it.
#[derive(Debug, Deserialize)]
struct Server {
    route: String,
    server: String,
    host: String,
    state: String,
    weight: u32,
    backup: bool,
    connections: u32,
}

pub(super) fn list(args: &ListArgs) -> Result<(), Failure> {
    let text = block_on(args.admin.ask(Method::GET, "v1/servers"))?;
    let malformed = |error| Failure::new(Exit::Failed, format!("the answer is no list: {error}"));
    if args.format.is_json() {
        let servers: Vec<serde_json::Value> = serde_json::from_str(&text).map_err(malformed)?;
        return print_json_lines(servers.iter().map(ToString::to_string));
    }
    let servers: Vec<Server> = serde_json::from_str(&text).map_err(malformed)?;
    let mut table =
        Table::under(["ROUTE", "SERVER", "HOST", "STATE", "WEIGHT", "BACKUP", "CONNECTIONS"]);
    for Server { route, server, host, state, weight, backup, connections } in servers {
        let backup = if backup { "yes" } else { "no" };
        table.push([
            word(&route),
            word(&server),
            word(&host),
            word(&state),
            weight.to_string(),
            backup.to_owned(),
            connections.to_string(),
        ]);
    }
    print_lines(table.into_lines())
}

pub(super) fn drain(args: &ServerArgs) -> Result<(), Failure> {
    args.change("drain")?;
    talk(&format!("{} gets no new connections; those that it has go on", args.server));
    Ok(())
}

pub(super) fn resume(args: &ServerArgs) -> Result<(), Failure> {
    args.change("resume")?;
    talk(&format!("{} gets new connections again", args.server));
    Ok(())
}

impl ServerArgs {
    fn change(&self, change: &str) -> Result<(), Failure> {
        let server = utf8_percent_encode(&self.server, NON_ALPHANUMERIC);
        let path = format!("v1/servers/{server}/{change}");
        block_on(self.admin.ask(Method::POST, &path)).map(drop)
    }
}

impl AdminArgs {
    /// Asks, and returns the answer's text.
    async fn ask(&self, method: Method, path: &str) -> Result<String, Failure> {
        let unusable = |error: &dyn std::fmt::Display| {
            Failure::new(Exit::Usage, format!("--admin {}: {error}", self.admin))
        };
        let url = self.admin.join(path).map_err(|error| unusable(&error))?;
        let settings = Settings {
            authority: None,
            connect_timeout: None,
            idle_timeout: Duration::ZERO,
            proxy: Proxy::None,
            user_agent: None,
        };
        let client = Client::new(&url, &settings).map_err(|error| unusable(&error))?;
        let asking = async {
            let answer = client.send(Request::new(method, &url)).await?;
            let status = answer.status();
            answer.read(ANSWER_BYTES_MAX).await.map(|body| (status, body))
        };
        let answered = timeout(self.timeout.get(), asking).await;
        let late = |_| Failure::new(Exit::TimedOut, "the balancer did not answer in time");
        let (status, body) = answered.map_err(late)?.map_err(|error| {
            let text = format!(
                "no balancer answers at {}: {error}\n  is one running? --admin names another address",
                self.admin
            );
            Failure::new(Exit::Unreachable, text)
        })?;
        let text = String::from_utf8_lossy(&body).trim().to_owned();
        match status {
            StatusCode::OK => Ok(text),
            _ => Err(Failure::new(Exit::Failed, text)),
        }
    }
}
