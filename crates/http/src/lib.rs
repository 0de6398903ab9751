//! An HTTP client for the few requests that Rialto sends: webhooks, sets of keys, its own API.
//!
//! It keeps connections, checks certificates, and reads no more of an answer than its caller allows.
//! It follows no redirects, keeps no cookies and takes no compressed answers, so that an answer is no
//! larger than its bytes. How long a request may take is the caller's to say.
//!
//! Read [`Client`] first, then [`Settings`]. Tested by those that use it, against real servers on
//! loopback: `crates/webhook/tests` and the tests of the commands that ask a broker's API.

mod answer;
mod client;
mod connector;
mod error;
mod request;
mod settings;
mod trust;

pub use answer::Answer;
pub use client::Client;
pub use error::{Error, SetupError};
pub use hyper::{Method, StatusCode, header};
pub use request::Request;
pub use settings::{Proxy, Settings};
pub use trust::client_config;
pub use url::Url;
