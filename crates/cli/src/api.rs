//! What commands that manage a running broker have in common: its HTTP API.

use std::path::PathBuf;

use reqwest::{Certificate, Client, Method, StatusCode, Url, redirect::Policy};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::exit::{Exit, Failure};

/// Which broker to manage, and with which key.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "HTTP API")]
pub(crate) struct ApiArgs {
    /// Address of the broker's HTTP listener
    #[arg(long, value_name = "URL", env = "RIALTO_API", default_value = "http://127.0.0.1:8080")]
    api: Url,
    /// A key of the broker's settings (api.keys) that allows it. Better given in the environment
    /// than on the command line, which others can see
    #[arg(long, value_name = "KEY", env = "RIALTO_API_KEY", hide_env_values = true)]
    api_key: String,
    /// PEM file with the authority to trust with TLS, besides those the machine trusts
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
}

/// The HTTP API of a running broker.
pub(crate) struct Api<'a> {
    client: Client,
    args: &'a ApiArgs,
}

impl ApiArgs {
    /// Makes ready to ask; nothing is sent yet.
    pub(crate) fn open(&self) -> Result<Api<'_>, Failure> {
        let builder = Client::builder().redirect(Policy::none()).referer(false);
        let builder = match &self.ca {
            Some(path) => builder.tls_certs_merge(authorities(path)?),
            // Without TLS the machine's authorities are not looked for: there may be none.
            None if self.api.scheme() == "http" => builder.no_proxy().tls_certs_only([]),
            None => builder,
        };
        let client = builder.build().map_err(|error| {
            Failure::new(Exit::Failed, format!("cannot make ready for HTTP: {error}"))
        })?;
        Ok(Api { client, args: self })
    }
}

impl Api<'_> {
    /// Gets what is at a path, given as its parts.
    pub(crate) async fn get<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<T, Failure> {
        let body = self.ask(Method::GET, path, query).await?;
        serde_json::from_slice(&body).map_err(|_| {
            let text = format!("what is at {} does not answer as a broker does", self.args.api);
            Failure::new(Exit::Failed, text)
        })
    }

    /// Deletes what is at a path, given as its parts.
    pub(crate) async fn delete(&self, path: &[&str]) -> Result<(), Failure> {
        self.ask(Method::DELETE, path, &[]).await.map(|_| ())
    }

    async fn ask(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<Vec<u8>, Failure> {
        let url = self.url(path, query)?;
        let request = self.client.request(method, url).bearer_auth(&self.args.api_key);
        let response = request.send().await.map_err(|error| self.unreachable(&error))?;
        let status = response.status();
        let body = response.bytes().await.map_err(|error| self.unreachable(&error))?;
        if status.is_success() { Ok(body.into()) } else { Err(refused(status, &body)) }
    }

    fn url(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Url, Failure> {
        if let Some(name) = path.iter().find(|part| matches!(**part, "." | "..")) {
            let text = format!("the name {name:?} cannot stand in an address of HTTP");
            return Err(Failure::new(Exit::Usage, text));
        }
        let mut url = self.args.api.clone();
        let parts = url.path_segments_mut().map(|mut parts| {
            parts.pop_if_empty().extend(path);
        });
        parts.map_err(|()| Failure::new(Exit::Usage, "--api must be http:// or https://"))?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Ok(url)
    }

    fn unreachable(&self, error: &reqwest::Error) -> Failure {
        let mut why = String::new();
        let mut source = std::error::Error::source(error);
        while let Some(error) = source {
            why = format!(": {error}");
            source = error.source();
        }
        let text = format!(
            "no answer from {}{why}\n  is a broker running there with an http listener? --api names \
             another",
            self.args.api
        );
        Failure::new(Exit::Unreachable, text)
    }
}

/// Says why the broker refused, in its own words if it gave any.
fn refused(status: StatusCode, body: &[u8]) -> Failure {
    let problem = serde_json::from_slice::<Value>(body).ok();
    let detail = problem.as_ref().and_then(|problem| problem["detail"].as_str());
    let text = detail.map_or_else(|| format!("the broker answers {status}"), str::to_owned);
    Failure::new(Exit::Failed, text)
}

fn authorities(path: &PathBuf) -> Result<Vec<Certificate>, Failure> {
    let what = format!("read {}", path.display());
    let pem = std::fs::read(path).map_err(|error| Failure::file(&what, &error))?;
    match Certificate::from_pem_bundle(&pem) {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        _ => Err(Failure::new(Exit::Usage, format!("{} has no certificate", path.display()))),
    }
}
