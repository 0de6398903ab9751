//! Passwords as argon2id hashes.

use std::io;

use argon2::{
    Argon2, PasswordHasher as _, PasswordVerifier as _, password_hash::phc::PasswordHash,
};

const SALT_BYTES: usize = 16;

/// A hash with the usual parameters that no password is known to have.
const NOBODYS_HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$cmlhbHRvIG5vYm9keSBhdA$RAXsGrMdY8cOrr3CbdlxZBmn8aw7K1CfyGx2nJmHPxk";

/// Hashes a password with 19 MiB and two passes, which are argon2's own defaults, and a salt of its own.
///
/// # Errors
/// When the system gives no random bytes.
pub(crate) fn hash(password: &str) -> io::Result<String> {
    let mut salt = [0; SALT_BYTES];
    getrandom::fill(&mut salt).map_err(io::Error::other)?;
    let hash = Argon2::default().hash_password_with_salt(password.as_bytes(), &salt);
    Ok(hash.map_err(|error| io::Error::other(error.to_string()))?.to_string())
}

/// Returns whether this is a hash that [`verify`] can compare with.
pub(crate) fn is_hash(text: &str) -> bool {
    PasswordHash::new(text).is_ok_and(|hash| {
        hash.algorithm.as_str() == "argon2id" && hash.salt.is_some() && hash.hash.is_some()
    })
}

/// Compares a password with a user's hash, or, where there is no such user, for as long with nobody's.
///
/// # Cost
/// Some 20 to 100 ms, and 19 MiB of memory for as long.
pub(crate) fn verify(password: &str, hash: Option<&str>) -> bool {
    let against = hash.unwrap_or(NOBODYS_HASH);
    let is_right = Argon2::default().verify_password(password.as_bytes(), against).is_ok();
    is_right && hash.is_some() && !password.is_empty()
}

#[cfg(test)]
mod tests;
