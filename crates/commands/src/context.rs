//! Contexts: what a command needs to know of a broker, kept under a name.
//!
//! What a command takes stands in this order: a flag, an environment variable, the context, the default. Read
//! [`ContextArgs::load`] first; `commands.rs` is `rialto context`, `content.rs` what a context says, `file.rs` the file.

mod commands;
mod content;
mod file;
mod secret;

use crate::exit::{Exit, Failure};

use file::ContextFile;

pub(crate) use commands::{Command, run};
pub(crate) use content::Context;

/// Which context a command uses.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct ContextArgs {
    /// Context to take from what neither a flag nor the environment says; `rialto context` keeps
    /// them [default: the current one]
    #[arg(long = "context", value_name = "NAME", env = "RIALTO_CONTEXT")]
    name: Option<String>,
}

impl ContextArgs {
    /// Returns the context that was asked for by name, or else the current one; an empty one if there
    /// is none.
    ///
    /// The current one does not count where `is_broker_named`, which is that a flag or the environment
    /// says which broker to talk to: nobody who tries something at a broker of their own should send it
    /// another's token.
    pub(crate) fn load(&self, is_broker_named: bool) -> Result<Context, Failure> {
        let name = self.name.as_deref().filter(|name| !name.is_empty());
        if name.is_none() && is_broker_named {
            return Ok(Context::default());
        }
        match (name, ContextFile::find()) {
            (Some(name), Some(file)) => file.read()?.get(name).cloned(),
            (Some(name), None) => Err(Failure::new(
                Exit::Usage,
                format!("there is no context {name:?}: {}", file::NO_DIRECTORY),
            )),
            (None, Some(file)) => Ok(file.read()?.current().cloned().unwrap_or_default()),
            (None, None) => Ok(Context::default()),
        }
    }
}
