//! What the HTTP API answers, or what is wrong with what answers in its place.

use std::error::Error;

use rialto_http::{
    Client, Request, StatusCode, Url,
    header::{CONTENT_TYPE, RETRY_AFTER},
};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::exit::{Exit, Failure};

/// How the API marks an error (RFC 9457).
const PROBLEM: &str = "application/problem+json";
/// Twice what a broker has room for, for all its large answers at once.
const BYTES_MAX: usize = 64 * 1024 * 1024;
/// Longest wait that a server may ask for and is repeated, in characters: a date has 29.
const RETRY_AFTER_CHARS_MAX: usize = 40;

const WRONG_PORT: &str = "the API is on the listener whose dialect is http, port 8080 by default; \
                          --api names it, with https:// if the listener speaks TLS only";
const NO_TLS: &str = "if the listener does not speak TLS, write http:// in --api; the API is on the \
                      listener whose dialect is http, port 8080 by default";
const NOBODY: &str = "is a broker running there with an http listener? --api names another address";
const UNTRUSTED: &str = "--ca names the authority to trust; the certificate must be valid for the \
                         host in --api";

/// An answer to a request.
#[derive(Debug)]
pub(super) struct Answer {
    url: Url,
    status: StatusCode,
    content_type: String,
    retry_after: Option<String>,
    body: Vec<u8>,
}

impl Answer {
    /// Sends a request to `url`, and waits for all of the answer.
    pub(super) async fn to(client: &Client, request: Request, url: &Url) -> Result<Self, Failure> {
        let answer = client.send(request).await.map_err(|error| unreachable(url, &error))?;
        Answer::of(answer, url).await
    }

    async fn of(answer: rialto_http::Answer, url: &Url) -> Result<Self, Failure> {
        let status = answer.status();
        let content_type = answer.header(&CONTENT_TYPE).unwrap_or_default().to_owned();
        let retry_after = answer.header(&RETRY_AFTER).map(str::to_owned);
        let body = answer.read(BYTES_MAX).await.map_err(|error| unreachable(url, &error))?;
        Ok(Answer { url: url.clone(), status, content_type, retry_after, body })
    }

    /// Sends a request to `url`, and waits until an answer begins that goes on and on.
    pub(super) async fn begin(
        client: &Client,
        request: Request,
        url: &Url,
    ) -> Result<rialto_http::Answer, Failure> {
        let answer = client.send(request).await.map_err(|error| unreachable(url, &error))?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        let refused = Answer::of(answer, url).await?;
        Err(refused.check().map_or_else(|failure| failure, |it| it.foreign()))
    }

    /// Says whether the API knows nothing of what was asked for.
    pub(super) fn is_not_found(&self) -> bool {
        self.status == StatusCode::NOT_FOUND && self.problem().is_some()
    }

    /// Returns the answer if what was asked for was done, or says why not, in the broker's words.
    pub(super) fn check(self) -> Result<Self, Failure> {
        if self.status.is_success() {
            return Ok(self);
        }
        let later = self.later();
        let text = match self.problem() {
            Some(detail) if self.status == StatusCode::UNAUTHORIZED => format!(
                "the broker refuses the key: {detail}\n  --api-key or RIALTO_API_KEY must be an \
                 entry of api.keys in the broker's settings"
            ),
            Some(detail) => format!("{detail}{later}"),
            // A proxy before a broker says so in its own way.
            None if self.may_pass() => {
                format!("{} answers {}{later}", self.url, self.status)
            }
            None => return Err(self.foreign()),
        };
        Err(Failure::new(Exit::Failed, text))
    }

    /// Reads the answer.
    pub(super) fn read<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        serde_json::from_slice(&self.body).map_err(|_| self.foreign())
    }

    /// Returns the answer as it is, if it is a text.
    pub(super) fn text(self) -> Result<String, Failure> {
        if !self.content_type.starts_with("text/plain") {
            return Err(self.foreign());
        }
        Ok(String::from_utf8_lossy(&self.body).into_owned())
    }

    /// Reads the answer to the question how the broker is: whether it is well, and its words.
    pub(super) fn health(self) -> Result<(bool, String), Failure> {
        let is_told = self.content_type.starts_with("text/plain");
        let is_well = match self.status {
            StatusCode::OK if is_told => true,
            StatusCode::SERVICE_UNAVAILABLE if is_told => false,
            status if status.is_success() => return Err(self.foreign()),
            _ => return Err(self.check().map_or_else(|refused| refused, |it| it.foreign())),
        };
        Ok((is_well, String::from_utf8_lossy(&self.body).trim_end().to_owned()))
    }

    /// Says that what answers is not the API of a broker.
    pub(super) fn foreign(&self) -> Failure {
        let kind = match self.content_type.as_str() {
            "" => "without a content type".to_owned(),
            kind => format!("with {kind}"),
        };
        let text = format!(
            "what is at {} is not the HTTP API of a Rialto broker: it answers {} {kind}\n  \
             {WRONG_PORT}",
            self.url, self.status
        );
        Failure::new(Exit::Failed, text)
    }

    /// Returns what the API says is wrong, if this is an answer of the API.
    fn problem(&self) -> Option<String> {
        if !self.content_type.starts_with(PROBLEM) {
            return None;
        }
        let problem: Value = serde_json::from_slice(&self.body).ok()?;
        problem["detail"].as_str().map(str::to_owned)
    }

    fn may_pass(&self) -> bool {
        matches!(self.status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE)
    }

    /// Returns when to try again, ready to stand behind a reason.
    fn later(&self) -> String {
        let wait = self.retry_after.as_deref().filter(|it| it.len() <= RETRY_AFTER_CHARS_MAX);
        match wait {
            Some(wait) if wait.bytes().all(|it| it.is_ascii_digit()) => {
                format!("; try again in {wait} s")
            }
            Some(date) => format!("; try again after {date}"),
            None if self.may_pass() && self.problem().is_none() => "; try again later".to_owned(),
            None => String::new(),
        }
    }
}

/// Says why no answer came.
fn unreachable(url: &Url, error: &rialto_http::Error) -> Failure {
    let mut why = String::new();
    let mut source = Error::source(error);
    while let Some(error) = source {
        why = format!(": {error}");
        source = error.source();
    }
    let has_certificate_trouble = why.contains("certificate");
    let advice = match error {
        _ if has_certificate_trouble => UNTRUSTED,
        error if error.is_connect() && url.scheme() == "http" => NOBODY,
        _ if why.contains("refused") => NOBODY,
        _ if url.scheme() == "https" => NO_TLS,
        _ => WRONG_PORT,
    };
    Failure::new(Exit::Unreachable, format!("no answer from {url}{why}\n  {advice}"))
}
