//! Where a context has a secret: in its file, in another, or in an environment variable.

use std::fmt;
use std::fs;
use std::io::{self, IsTerminal};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::exit::{Exit, Failure};

/// A secret, or where it is.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected a text, { file = \"PATH\" } or { env = \"NAME\" }")]
pub(crate) enum SecretSource {
    /// The secret itself.
    Here(String),
    /// A reference to it.
    Elsewhere(Reference),
}

/// Where a secret is that the context file does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Reference {
    /// In the first line of a file.
    File(PathBuf),
    /// In an environment variable.
    Env(String),
}

impl SecretSource {
    /// Returns the secret; it is not empty.
    pub(crate) fn read(&self) -> Result<String, Failure> {
        let (secret, place) = match self {
            SecretSource::Here(secret) => (secret.clone(), "the context".to_owned()),
            SecretSource::Elsewhere(Reference::File(path)) => {
                let place = path.display().to_string();
                let text = fs::read_to_string(path)
                    .map_err(|error| Failure::file(format!("read {place}"), &error))?;
                (text.lines().next().unwrap_or_default().to_owned(), place)
            }
            SecretSource::Elsewhere(Reference::Env(name)) => {
                let place = format!("the environment variable {name}, which the context names,");
                (std::env::var(name).unwrap_or_default(), place)
            }
        };
        if secret.is_empty() {
            return Err(Failure::new(Exit::Usage, format!("{place} holds no secret")));
        }
        Ok(secret)
    }

    /// Returns whether it is the secret itself.
    pub(super) fn is_here(&self) -> bool {
        matches!(self, SecretSource::Here(_))
    }
}

impl fmt::Debug for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SecretSource::Here(_) => f.write_str("********"),
            SecretSource::Elsewhere(reference) => reference.fmt(f),
        }
    }
}

/// What a flag says of a secret: how to come by it. Never the secret, because others can see arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum SecretFlag {
    Ask,
    Refer(Reference),
}

impl SecretFlag {
    /// Reads `ask`, `file:PATH` or `env:NAME`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let reference = match text.split_once(':') {
            Some(("file", path)) if !path.is_empty() => {
                // The context is used from other directories too.
                let path = std::path::absolute(path).map_err(|error| error.to_string())?;
                Reference::File(path)
            }
            Some(("env", name)) if !name.is_empty() => Reference::Env(name.to_owned()),
            None if text == "ask" => return Ok(SecretFlag::Ask),
            _ => {
                return Err(
                    "write ask to be asked for it, file:PATH or env:NAME for where it is; \
                            others can see what stands on a command line"
                        .to_owned(),
                );
            }
        };
        Ok(SecretFlag::Refer(reference))
    }

    /// Returns what the context is to hold; asks for `what` if so told, on the terminal or else on
    /// standard input.
    pub(super) fn resolve(&self, what: &str) -> Result<SecretSource, Failure> {
        let secret = match self {
            SecretFlag::Refer(reference) => return Ok(SecretSource::Elsewhere(reference.clone())),
            SecretFlag::Ask if io::stdin().is_terminal() => {
                rpassword::prompt_password(format!("{what}: "))
            }
            SecretFlag::Ask => line_of_stdin(),
        };
        let secret = secret.map_err(|error| Failure::file(format!("read the {what}"), &error))?;
        if secret.is_empty() {
            return Err(Failure::new(Exit::Usage, format!("the {what} is empty")));
        }
        Ok(SecretSource::Here(secret))
    }
}

fn line_of_stdin() -> io::Result<String> {
    let mut line = String::new();
    io::stdin().read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
