//! The key tokens are signed with, kept in a file only the broker may read.

use std::{fmt, fs, io, path::Path};

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, crypto};

use crate::atomic_file;

/// Bytes of a key: as many as HS256 has use for.
const KEY_BYTES: usize = 32;

/// Signs and checks tokens.
pub struct SigningKey {
    encoding: EncodingKey,
    decoding: DecodingKey,
}

impl SigningKey {
    /// Makes a key of these secret bytes.
    #[must_use]
    pub fn from_bytes(secret: &[u8]) -> Self {
        SigningKey {
            encoding: EncodingKey::from_secret(secret),
            decoding: DecodingKey::from_secret(secret),
        }
    }

    /// Reads the key in `file`, or makes one and writes it there, readable by its owner only.
    ///
    /// # Errors
    /// When the file cannot be read or made, or does not hold a key.
    pub fn load_or_create(file: &Path) -> io::Result<Self> {
        match fs::read(file) {
            Ok(secret) if secret.len() == KEY_BYTES => Ok(SigningKey::from_bytes(&secret)),
            Ok(_) => Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "not a signing key; remove the file to have a new one made, which ends all tokens",
            )),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::create(file),
            Err(error) => Err(error),
        }
    }

    /// Makes a key that ends with the process.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn random() -> io::Result<Self> {
        Ok(SigningKey::from_bytes(&random_secret()?))
    }

    /// Returns a code that only who has the key can make of a text (HMAC-SHA-256, as base64url). No token is
    /// one, since no token has a line's end in it.
    pub(crate) fn code(&self, purpose: &str, text: &str) -> Option<String> {
        let message = format!("{purpose}\n{text}");
        crypto::sign(message.as_bytes(), &self.encoding, Algorithm::HS256).ok()
    }

    /// Returns the key for another purpose: what it signs is nothing to this one, and the other way round.
    pub(crate) fn for_purpose(&self, purpose: &str) -> Option<Self> {
        Some(SigningKey::from_bytes(self.code(purpose, "")?.as_bytes()))
    }

    fn create(file: &Path) -> io::Result<Self> {
        let secret = random_secret()?;
        atomic_file::replace_file(file, &secret, atomic_file::PRIVATE)?;
        Ok(SigningKey::from_bytes(&secret))
    }

    pub(crate) fn encoding(&self) -> &EncodingKey {
        &self.encoding
    }

    pub(crate) fn decoding(&self) -> &DecodingKey {
        &self.decoding
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(********)")
    }
}

fn random_secret() -> io::Result<[u8; KEY_BYTES]> {
    let mut secret = [0; KEY_BYTES];
    getrandom::fill(&mut secret).map_err(io::Error::other)?;
    Ok(secret)
}

#[cfg(test)]
mod tests;
