//! What commands that operate a running broker have in common: its HTTP API.

mod answer;
mod follow;
mod place;

use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use rialto_config::Period;
use rialto_http::{
    Client, Method, Request, Url,
    header::{AUTHORIZATION, CONTENT_TYPE},
};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::timeout;

use crate::exit::{Exit, Failure};

use answer::Answer;

pub(crate) use place::{ApiArgs, ApiPlace};

/// Entries of a list that are asked for at a time, the most that the API gives.
const PAGE_COUNT: usize = 1000;

/// The HTTP API of a running broker.
pub(crate) struct Api {
    client: Client,
    url: Url,
    key: Option<String>,
    timeout: Duration,
}

/// A list that the API gives page by page.
#[derive(Debug, Clone, Copy)]
pub(crate) enum List {
    Clients,
    Channels,
    /// Given in one page.
    Bans,
}

impl Api {
    /// Says whether a key is sent.
    pub(crate) fn has_key(&self) -> bool {
        self.key.is_some()
    }

    /// Gets what is at a path, given as its parts.
    pub(crate) async fn get<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<T, Failure> {
        let mut url = self.path(path)?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        self.ask(Request::new(Method::GET, &url)).await?.read()
    }

    /// Asks how the broker is; returns whether it is well, and its words.
    pub(crate) async fn health(
        &self,
        probe: &str,
        is_verbose: bool,
    ) -> Result<(bool, String), Failure> {
        let mut url = self.path(&[probe])?;
        if is_verbose {
            url.set_query(Some("verbose"));
        }
        self.send(Request::new(Method::GET, &url)).await?.health()
    }

    /// Gets the text at a path.
    pub(crate) async fn text(&self, path: &[&str]) -> Result<String, Failure> {
        let url = self.path(path)?;
        self.ask(Request::new(Method::GET, &url)).await?.text()
    }

    /// Gets what is at a path; `None` if there is nothing.
    pub(crate) async fn find<T: DeserializeOwned>(
        &self,
        path: &[&str],
    ) -> Result<Option<T>, Failure> {
        let url = self.path(path)?;
        let answer = self.send(Request::new(Method::GET, &url)).await?;
        if answer.is_not_found() { Ok(None) } else { answer.check()?.read().map(Some) }
    }

    /// Posts an object to a path.
    pub(crate) async fn post(&self, path: &[&str], body: &Value) -> Result<(), Failure> {
        let request = Request::new(Method::POST, &self.path(path)?);
        let request = request.header(CONTENT_TYPE, "application/json").body(body.to_string());
        self.ask(request).await.map(drop)
    }

    /// Deletes what is at a path.
    pub(crate) async fn delete(&self, path: &[&str]) -> Result<(), Failure> {
        let url = self.path(path)?;
        self.ask(Request::new(Method::DELETE, &url)).await.map(drop)
    }

    /// Gets the entries of a list, page by page, and gives each to `take` until that says that it
    /// has enough.
    ///
    /// A page begins behind what stood last on the one before, so that no entry is told twice or left
    /// out because others come and go meanwhile.
    pub(crate) async fn list(
        &self,
        list: List,
        query: &[(&str, &str)],
        mut take: impl FnMut(Value) -> Result<bool, Failure>,
    ) -> Result<(), Failure> {
        let (mut after, count) = (String::new(), PAGE_COUNT.to_string());
        loop {
            let mut url = self.path(&["v1", list.name()])?;
            if list.has_pages() {
                let page = [("after", &*after), ("limit", &*count)];
                url.query_pairs_mut().extend_pairs(query).extend_pairs(page);
            }
            let answer = self.ask(Request::new(Method::GET, &url)).await?;
            let mut page: Value = answer.read()?;
            let Value::Array(entries) = page[list.name()].take() else {
                return Err(answer.foreign());
            };
            for entry in entries {
                if !take(entry)? {
                    return Ok(());
                }
            }
            match page["next"].as_str() {
                // Where the list is not by name it is no name that tells where the next page begins.
                Some(next) if *after != *next => next.clone_into(&mut after),
                Some(_) => return Err(answer.foreign()),
                None => return Ok(()),
            }
        }
    }

    async fn ask(&self, request: Request) -> Result<Answer, Failure> {
        self.send(request).await?.check()
    }

    async fn send(&self, request: Request) -> Result<Answer, Failure> {
        let request = self.with_key(request);
        self.in_time(Answer::to(&self.client, request, &self.url)).await
    }

    fn with_key(&self, request: Request) -> Request {
        match &self.key {
            Some(key) => request.secret(AUTHORIZATION, &format!("Bearer {key}")),
            None => request,
        }
    }

    async fn in_time<T>(
        &self,
        answer: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        timeout(self.timeout, answer).await.unwrap_or_else(|_| {
            let text = format!(
                "no answer from {} within {}\n  --timeout allows for more",
                self.url,
                Period::from(self.timeout)
            );
            Err(Failure::new(Exit::TimedOut, text))
        })
    }

    fn path(&self, path: &[&str]) -> Result<Url, Failure> {
        let cannot_stand = |part: &&&str| part.is_empty() || matches!(**part, "." | "..");
        if let Some(name) = path.iter().find(cannot_stand) {
            let text = format!("the name {name:?} cannot stand in an address of HTTP");
            return Err(Failure::new(Exit::Usage, text));
        }
        // Encoded here, because the address would drop line feeds and tabs from a name.
        let mut whole = self.url.path().trim_end_matches('/').to_owned();
        for part in path {
            whole.push('/');
            whole.extend(utf8_percent_encode(part, ENCODED));
        }
        let mut url = self.url.clone();
        url.set_path(&whole);
        Ok(url)
    }
}

impl List {
    /// Returns what the API calls the list, in its path and in the page.
    fn name(self) -> &'static str {
        match self {
            List::Clients => "clients",
            List::Channels => "channels",
            List::Bans => "bans",
        }
    }

    /// Returns what the API calls the name of an entry.
    pub(crate) fn key(self) -> &'static str {
        match self {
            List::Clients => "id",
            List::Channels => "name",
            List::Bans => "client",
        }
    }

    pub(crate) fn has_pages(self) -> bool {
        matches!(self, List::Clients | List::Channels)
    }
}

/// What of a name is encoded in an address: all but what RFC 3986 calls unreserved.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
