//! How the application can tell that a request is the server's, unchanged and fresh.

use std::fmt::Write as _;

use aws_lc_rs::hmac;

/// Signs requests. Cheap to keep, never printed.
pub(crate) struct Signer(hmac::Key);

impl Signer {
    pub(crate) fn new(secret: &[u8]) -> Self {
        Signer(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }

    /// Returns the value of `Rialto-Signature`: that of `timestamp`, a dot and `body`.
    pub(crate) fn sign(&self, timestamp: &str, body: &str) -> String {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(timestamp.as_bytes());
        context.update(b".");
        context.update(body.as_bytes());
        let mut text = "sha256=".to_owned();
        for byte in context.sign().as_ref() {
            let _ = write!(text, "{byte:02x}"); // Writing to a String cannot fail.
        }
        text
    }
}

#[cfg(test)]
mod tests;
