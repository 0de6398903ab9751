//! The file with the contexts: `rialto/contexts.toml` below the user's configuration directory.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use rialto_access::{make_private_directory, replace_file};
use serde::{Deserialize, Serialize};

use crate::exit::{Exit, Failure};
use crate::output::talk;

use super::content::Context;

/// Why there may be no file.
pub(super) const NO_DIRECTORY: &str =
    "neither XDG_CONFIG_HOME nor HOME says where a user's configuration is";

/// The permissions of a file with secrets.
const PRIVATE: u32 = 0o600;

/// All contexts of a user.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Contexts {
    /// The one that is used unless another is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) current: Option<String>,
    #[serde(default)]
    pub(super) contexts: BTreeMap<String, Context>,
}

/// Where the contexts are, be there any or not.
#[derive(Debug)]
pub(super) struct ContextFile {
    path: PathBuf,
}

impl ContextFile {
    /// Returns where the environment puts it, by the XDG base directory specification.
    pub(super) fn find() -> Option<Self> {
        let absolute = |name| {
            // The specification has relative paths passed over.
            std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute())
        };
        let directory = absolute("XDG_CONFIG_HOME")
            .or_else(|| absolute("HOME").map(|home| home.join(".config")))?;
        Some(ContextFile { path: directory.join("rialto/contexts.toml") })
    }

    /// Returns it, for a command that cannot do without.
    pub(super) fn require() -> Result<Self, Failure> {
        Self::find().ok_or_else(|| {
            Failure::new(Exit::Usage, format!("there is no place for contexts: {NO_DIRECTORY}"))
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the contexts; none if there is no file.
    pub(super) fn read(&self) -> Result<Contexts, Failure> {
        let text = match fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if is_absent(&error) => return Ok(Contexts::default()),
            Err(error) => return Err(self.cannot("read", &error)),
        };
        let contexts: Contexts = toml::from_str(&text).map_err(|error| {
            Failure::new(Exit::Usage, format!("{}: {error}", self.path.display()))
        })?;
        self.warn_if_open(&contexts);
        Ok(contexts)
    }

    /// Changes the contexts, which no other command does meanwhile, and writes them if `change`
    /// succeeds.
    pub(super) fn change<T>(
        &self,
        change: impl FnOnce(&mut Contexts) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let directory = self.path.parent().expect("the path has a directory");
        make_private_directory(directory).map_err(|error| self.cannot("write", &error))?;
        // The lock of the directory itself, which ends with the process.
        let lock = File::open(directory).and_then(|lock| lock.lock().map(|()| lock));
        let _lock = lock.map_err(|error| self.cannot("lock", &error))?;

        let mut contexts = self.read()?;
        let result = change(&mut contexts)?;
        let text = toml::to_string(&contexts).expect("contexts can be written as TOML");
        replace_file(&self.path, text.as_bytes(), PRIVATE)
            .map_err(|error| self.cannot("write", &error))?;
        Ok(result)
    }

    fn cannot(&self, what: &str, error: &io::Error) -> Failure {
        Failure::file(format!("{what} {}", self.path.display()), error)
    }

    /// Says that others can read the secrets, which they cannot in a file that we wrote.
    fn warn_if_open(&self, contexts: &Contexts) {
        use std::os::unix::fs::PermissionsExt as _;

        let is_open =
            || fs::metadata(&self.path).is_ok_and(|it| it.permissions().mode() & 0o77 != 0);
        if contexts.contexts.values().any(Context::holds_secret) && is_open() {
            let path = self.path.display();
            talk(&format!("rialto: other users may read the secrets in {path}: chmod 600 it"));
        }
    }
}

impl Contexts {
    /// Returns the context of that name.
    pub(super) fn get(&self, name: &str) -> Result<&Context, Failure> {
        self.contexts.get(name).ok_or_else(|| self.unknown(name))
    }

    /// Returns the current one, if there is one.
    pub(super) fn current(&self) -> Option<&Context> {
        self.contexts.get(self.current.as_ref()?)
    }

    /// Says that there is no such context, and which there are.
    pub(super) fn unknown(&self, name: &str) -> Failure {
        let names: Vec<&str> = self.contexts.keys().map(String::as_str).collect();
        let known = match names[..] {
            [] => "there are none; `rialto context add` makes one".to_owned(),
            _ => format!("the contexts are {}", names.join(", ")),
        };
        Failure::new(Exit::Usage, format!("there is no context {name:?}; {known}"))
    }
}

/// Says whether there is no file, or no directory that could hold it.
fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}
