//! What can be wrong with settings of access.

/// Why settings are refused; nothing of them is used then.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// An issuer cannot be used.
    #[error("issuer \"{name}\": {reason}")]
    Issuer {
        /// Its name.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Two issuers have one name.
    #[error("there are two issuers called \"{0}\"; rename one of them")]
    IssuerTwice(String),
    /// A preset token that nobody could use, or anybody.
    #[error("the preset token of client \"{0}\" is empty, or its client id is")]
    EmptyToken(String),
}
