//! Requests of browsers in which somebody has signed in to the console, by their cookie.
//!
//! A browser sends its cookie with whatever any page has it send. So a request counts only under a name of the
//! console's, from a page of its own, and, if it changes something, with a word that no other page can know.

use std::net::IpAddr;

use axum::http::{
    HeaderMap, HeaderName, HeaderValue, Method, Uri,
    header::{CONTENT_LENGTH, CONTENT_TYPE, COOKIE, FORWARDED, ORIGIN, TRANSFER_ENCODING},
    request::Parts,
};
use rialto_access::SignIn;
use rialto_config::Settings;
use rialto_domain::UnixMs;
use subtle::ConstantTimeEq as _;

use super::{refusal::Refusal, shown::Shown, take};
use crate::{
    asked::Asked,
    entrance::IsSecure,
    http_host::Host,
    sign_ins::{self, Allowed},
};

/// The cookie, with the port behind it where the address has one: browsers know no ports of cookies, and
/// several brokers may be on a machine. The prefix has browsers see to it that only this host sets it.
const COOKIE_NAME: &str = "__Host-rialto";
/// Longest value that is looked at, which is what browsers keep.
pub(super) const COOKIE_BYTES_MAX: usize = 4096;
/// What pages show with whatever changes something.
const WORD: HeaderName = HeaderName::from_static("x-rialto-csrf");
/// How the page that asks stands to the server, as browsers say.
pub(super) const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
/// Fields of proxies.
const PROXIED: [HeaderName; 2] = [FORWARDED, HeaderName::from_static("x-forwarded-for")];

/// A request, as far as it says whose browser sends it.
#[derive(Clone, Copy)]
pub(super) struct Browser<'a> {
    pub(super) asked: &'a Asked,
    pub(super) settings: &'a Settings,
    pub(super) address: IpAddr,
    pub(super) is_secure: bool,
    pub(super) method: &'a Method,
    pub(super) uri: &'a Uri,
    pub(super) headers: &'a HeaderMap,
}

/// Who has signed in, and what that allows now.
#[derive(Debug, Clone)]
pub(super) struct Visitor {
    pub(super) sign_in: SignIn,
    pub(super) allowed: Allowed,
}

impl<'a> Browser<'a> {
    pub(super) fn of_parts(
        (asked, settings): (&'a Asked, &'a Settings),
        address: IpAddr,
        parts: &'a Parts,
    ) -> Self {
        let is_secure = parts.extensions.get::<IsSecure>().is_some_and(|it| it.0);
        let Parts { method, uri, headers, .. } = parts;
        Browser { asked, settings, address, is_secure, method, uri, headers }
    }

    pub(super) fn now(&self) -> UnixMs {
        self.asked.handle.hub().now().unix_ms
    }

    pub(super) fn host(&self) -> Host<'a> {
        Host::of(self.headers, self.uri)
    }

    /// Returns who asks, by the cookie; `None` if there is none, or the request shows something else.
    ///
    /// # Errors
    /// When the cookie does not count, or not for this request.
    pub(super) fn visitor(&self) -> Result<Option<Visitor>, Refusal> {
        if Shown::of(self.headers) != Shown::Nothing {
            return Ok(None);
        }
        let Some(cookie) = self.cookie() else { return Ok(None) };
        let visitor = self.signed_in(cookie).ok_or(Refusal::EndedSignIn)?;
        self.check_page()?;
        if *self.method != Method::GET && *self.method != Method::HEAD {
            self.check_word(&visitor.sign_in)?;
        }
        Ok(Some(visitor))
    }

    /// Refuses a request that comes under a name that is none of the console's, or from a page that is not its own,
    /// as far as browsers say.
    pub(super) fn check_page(&self) -> Result<(), Refusal> {
        let host = self.host();
        if !host.is_of_the_console(self.settings) {
            return Err(Refusal::ForeignHost(host.is_unknown()));
        }
        let text = |name: HeaderName| self.headers.get(name).map(|it| it.to_str().unwrap_or("?"));
        let is_own_origin = text(ORIGIN).is_none_or(|origin| host.is_of_origin(origin));
        let is_own_site = match text(SITE) {
            None | Some("same-origin") => true,
            // Somebody has written the address.
            Some("none") => *self.method == Method::GET || *self.method == Method::HEAD,
            Some(_) => false,
        };
        if is_own_origin && is_own_site { Ok(()) } else { Err(Refusal::ForgedRequest) }
    }

    /// Refuses a body that a form of any page could have a browser send.
    pub(super) fn check_body(&self) -> Result<(), Refusal> {
        let length = self.headers.get(CONTENT_LENGTH).map(HeaderValue::as_bytes);
        let is_empty = matches!(length, None | Some(b"0"))
            && !self.headers.contains_key(TRANSFER_ENCODING)
            && !self.headers.contains_key(CONTENT_TYPE);
        let essence = take::essence(self.headers);
        let is_good = |it: &str| take::is_json(it) || it == "application/x-ndjson";
        match is_empty || essence.as_deref().is_some_and(is_good) {
            true => Ok(()),
            false => Err(Refusal::FormBody),
        }
    }

    /// Says whether nobody but this browser and the server sees what passes between them.
    pub(super) fn is_private(&self) -> bool {
        self.is_secure || self.is_here()
    }

    /// Says whether the browser is on this machine, with no proxy in between.
    pub(super) fn is_here(&self) -> bool {
        self.address.to_canonical().is_loopback()
            && self.host().is_of_this_machine()
            && !PROXIED.iter().any(|name| self.headers.contains_key(name))
    }

    /// Returns the value of the cookie's field that has browsers keep a text, or forget it.
    pub(super) fn set_cookie(&self, value: &str, seconds: u64) -> Option<HeaderValue> {
        let name = self.cookie_name();
        let rest = "Path=/; Secure; HttpOnly; SameSite=Strict";
        HeaderValue::try_from(format!("{name}={value}; Max-Age={seconds}; {rest}")).ok()
    }

    /// Returns the value of the field that renews a cookie, if it is time to.
    pub(super) fn renewal(&self, sign_in: &SignIn) -> Option<HeaderValue> {
        let now = self.now();
        sign_ins::is_worn(sign_in, now).then_some(())?;
        let sign_in = sign_ins::renewed(self.settings, sign_in, now);
        let sealed = self.asked.handle.hub().authorizer.access.seal(&sign_in)?;
        self.set_cookie(&sealed, sign_in.until.saturating_sub(now) / 1000)
    }

    fn cookie_name(&self) -> String {
        let port = self.host().port().map(|port| format!("-{port}"));
        format!("{COOKIE_NAME}{}", port.unwrap_or_default())
    }

    fn cookie(&self) -> Option<&'a str> {
        let name = self.cookie_name();
        let values = self.headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut pairs =
            values.flat_map(|value| value.split(';')).filter_map(|it| it.split_once('='));
        pairs.find(|(it, _)| it.trim() == name).map(|(_, value)| value.trim())
    }

    fn signed_in(&self, cookie: &str) -> Option<Visitor> {
        if COOKIE_BYTES_MAX < cookie.len() {
            return None;
        }
        let access = &self.asked.handle.hub().authorizer.access;
        let now = self.now();
        let sign_in = access.unseal(cookie, now)?;
        let allowed = self.asked.sign_ins.allowed((self.settings, access), &sign_in, now)?;
        // What nobody had to show is good on this machine only.
        let is_good = sign_in.shown != rialto_access::Shown::Nothing || self.is_here();
        is_good.then_some(Visitor { sign_in, allowed })
    }

    fn check_word(&self, sign_in: &SignIn) -> Result<(), Refusal> {
        let word = self.asked.handle.hub().authorizer.access.word_against_forgery(sign_in);
        let shown = self.headers.get(WORD).map(HeaderValue::as_bytes);
        let is_it = |(word, shown): (String, &[u8])| bool::from(word.as_bytes().ct_eq(shown));
        if !word.zip(shown).is_some_and(is_it) {
            return Err(Refusal::ForgedRequest);
        }
        self.check_body()
    }
}
