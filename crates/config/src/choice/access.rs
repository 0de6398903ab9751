//! The words about who may connect, and what they may do.

use serde::{Deserialize, Serialize};

choice! {
    /// Who may connect.
    pub enum AccessMode {
        /// Anybody: an `auth` with a name gets a token for that name.
        Open = "open",
        /// Only those with a password, a token that is signed by this broker or preset in
        /// `access.tokens`, a JWT or a client certificate.
        Tokens = "tokens",
    }
}

choice! {
    /// What an access rule is about.
    pub enum AccessAction {
        /// A publish to a channel of its own name.
        Publish = "publish",
        /// A subscription.
        Subscribe = "subscribe",
        /// A question to the server, on a channel that begins with `$`.
        Control = "control",
        /// A message to one client, on a channel that begins with `#`.
        P2p = "p2p",
        /// Reading the history of a channel.
        History = "history",
    }
}

choice! {
    /// What holds where there are access rules and none of them fits.
    pub enum Unmatched {
        /// It is refused.
        Deny = "deny",
        /// It is allowed.
        Allow = "allow",
    }
}

choice! {
    /// Which header of HTTP names the client for whom a proxy sends a request.
    pub enum ForwardedHeader {
        /// `X-Forwarded-For`: addresses, the client's first.
        XForwardedFor = "x-forwarded-for",
        /// `Forwarded`, as RFC 7239 has it.
        Forwarded = "forwarded",
    }
}

choice! {
    /// Whether a client must show a certificate.
    pub enum ClientCertificates {
        /// It may; without one it needs something else to be let in.
        Accept = "accept",
        /// It must; without one its TLS connection does not come about.
        Require = "require",
    }
}

choice! {
    /// Which name in a client's certificate is its client id.
    pub enum CertificateName {
        /// The common name of the subject.
        CommonName = "common-name",
        /// The first DNS name among the alternative names.
        DnsName = "dns-name",
        /// The first e-mail address among the alternative names.
        Email = "email",
        /// The first URI among the alternative names.
        Uri = "uri",
    }
}

choice! {
    /// How a JWT may be signed.
    pub enum JwtAlgorithm {
        /// HMAC with SHA-256.
        Hs256 = "HS256",
        /// HMAC with SHA-384.
        Hs384 = "HS384",
        /// HMAC with SHA-512.
        Hs512 = "HS512",
        /// RSA, PKCS #1 v1.5, with SHA-256.
        Rs256 = "RS256",
        /// RSA, PKCS #1 v1.5, with SHA-384.
        Rs384 = "RS384",
        /// RSA, PKCS #1 v1.5, with SHA-512.
        Rs512 = "RS512",
        /// RSA, PSS, with SHA-256.
        Ps256 = "PS256",
        /// RSA, PSS, with SHA-384.
        Ps384 = "PS384",
        /// RSA, PSS, with SHA-512.
        Ps512 = "PS512",
        /// ECDSA on the curve of 256 bits with SHA-256.
        Es256 = "ES256",
        /// ECDSA on the curve of 384 bits with SHA-384.
        Es384 = "ES384",
        /// Ed25519.
        EdDsa = "EdDSA",
    }
}

impl JwtAlgorithm {
    /// Returns whether one secret both signs and checks; of the others there is a public key.
    pub fn is_symmetric(self) -> bool {
        matches!(self, JwtAlgorithm::Hs256 | JwtAlgorithm::Hs384 | JwtAlgorithm::Hs512)
    }
}
