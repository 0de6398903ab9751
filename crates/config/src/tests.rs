//! Tests, by subject; each subject has one `check` that knows the API, the rest is data.

mod access;
mod application;
mod bus;
mod channels;
mod cluster;
mod difference;
mod errors;
mod every;
mod import;
mod jwt;
mod listing;
mod quantity;
mod sources;
mod template;
mod tls;

use crate::{ConfigErrors, Flag, Settings, Sources, load};

/// Loads the settings from `toml` in a file called `rialto.toml`, and `sources` for the rest.
fn load_with_file(toml: &str, sources: Sources) -> Result<Settings, ConfigErrors> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("rialto.toml");
    std::fs::write(&path, toml).unwrap();
    load(&Sources { file: Some(path), ..sources })
}

fn pairs(variables: &[(&str, &str)]) -> Vec<(String, String)> {
    variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn set(flags: &[&str]) -> Vec<Flag> {
    flags.iter().map(|flag| Flag::set(flag)).collect()
}
