//! What is in the artefacts: the program, what it makes of itself, and files of the sources.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Context;

use super::{
    layout::{Layout, Place},
    licences, settings,
};
use crate::process::output;

/// The word in a template that stands for where the program is.
const PROGRAM: &str = "@BINARY@";
/// Files and directories of the sources that users read.
const DOCUMENTATION: [&str; 5] = ["README.md", "ARCHITECTURE.md", "LICENSE", "docs", "spec"];

/// One file.
pub(super) struct Item {
    pub(super) place: Place,
    /// Its path below the place.
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
    pub(super) is_program: bool,
}

impl Item {
    fn new(place: Place, name: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Item { place, name: name.into(), bytes: bytes.into(), is_program: false }
    }

    /// Returns its bytes in a layout: a unit says where the program is.
    pub(super) fn bytes_in(&self, layout: Layout) -> Vec<u8> {
        match self.place {
            Place::Unit => {
                let text = String::from_utf8_lossy(&self.bytes);
                text.replace(PROGRAM, layout.program()).into_bytes()
            }
            _ => self.bytes.clone(),
        }
    }
}

/// Returns all files; `documents` is a directory for those that the program makes.
pub(super) fn gather(program: &Path, documents: &Path) -> anyhow::Result<Vec<Item>> {
    let ask = |arguments: &[&str]| output(asked(program).args(arguments));
    let defaults = String::from_utf8(ask(&["config", "default"])?)?;
    let mut items = vec![
        Item { is_program: true, ..Item::new(Place::Program, "rialto", fs::read(program)?) },
        Item::new(Place::Settings, "rialto.toml", settings::installed(&defaults)?),
        Item::new(Place::Unit, "rialto.service", fs::read("packaging/rialto.service")?),
        Item::new(Place::Account, "rialto.conf", fs::read("packaging/rialto.sysusers")?),
        Item::new(Place::Bash, "rialto", ask(&["completions", "bash"])?),
        Item::new(Place::Zsh, "_rialto", ask(&["completions", "zsh"])?),
        Item::new(Place::Fish, "rialto.fish", ask(&["completions", "fish"])?),
        Item::new(Place::Documentation, "changelog", fs::read("CHANGELOG.md")?),
        Item::new(Place::Documentation, "third-party-licences.txt", licences::of_others()?),
    ];
    output(asked(program).arg("man").arg("--dir").arg(documents))?;
    for path in files_below(documents)? {
        items.push(Item::new(Place::ManualPages, name_below(documents, &path)?, fs::read(&path)?));
    }
    for source in DOCUMENTATION.map(Path::new) {
        for path in files_below(source)? {
            let name = name_below(Path::new(""), &path)?;
            items.push(Item::new(Place::Documentation, name, fs::read(&path)?));
        }
    }
    Ok(items)
}

/// Returns the program, to be asked what it says by itself and not in this environment.
fn asked(program: &Path) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("RIALTO_") {
            command.env_remove(name);
        }
    }
    command
}

/// Returns the file, or those in the directory and below it, in order.
fn files_below(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    let entries = fs::read_dir(path).with_context(|| format!("{} is missing", path.display()))?;
    for entry in entries {
        files.extend(files_below(&entry?.path())?);
    }
    files.sort();
    Ok(files)
}

fn name_below(directory: &Path, path: &Path) -> anyhow::Result<String> {
    Ok(path.strip_prefix(directory)?.to_string_lossy().into_owned())
}
