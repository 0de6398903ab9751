//! Stores that are made of other stores.

use std::path::{self, Path};

use rialto_store::{
    Copied, LeftOut, OriginalWalk, SqliteTarget, SqliteWalk, Step, StoreError, StoreTarget,
    StoreWalk,
};

use super::StoreAddress;
use crate::database;

/// Copies all that a store holds into one that is empty, or goes on with a copy that was cut off. No broker may use either.
///
/// # Errors
/// As [`rialto_store::copy()`]; and when one of them is in use, or the target is not empty.
pub fn copy(
    from: &StoreAddress,
    to: &StoreAddress,
    told: &mut dyn FnMut(Step),
) -> Result<Copied, StoreError> {
    let mut source = walk(from)?;
    rialto_store::copy(&mut *source, &mut *target(to, &origin(from)?)?, told)
}

/// Makes a store, in a place that is empty, of what the original JMQT server stored: its file `jmqt.db`, or a dump of its MySQL
/// tables. Goes on with an import that was cut off.
///
/// # Errors
/// As [`copy`], and when the file is none of that server's.
pub fn import(
    from: &Path,
    to: &StoreAddress,
    told: &mut dyn FnMut(Step),
) -> Result<(Copied, LeftOut), StoreError> {
    let mut source = OriginalWalk::open(from)?;
    let left_out = source.left_out();
    let copied = rialto_store::copy(&mut source, &mut *target(to, &absolute(from)?)?, told)?;
    Ok((copied, left_out))
}

fn walk(from: &StoreAddress) -> Result<Box<dyn StoreWalk>, StoreError> {
    match from {
        StoreAddress::Files(path) => Ok(Box::new(SqliteWalk::open(path)?)),
        StoreAddress::Database { url, tls_ca } => database::walk(url, tls_ca.as_deref()),
    }
}

fn target(to: &StoreAddress, origin: &str) -> Result<Box<dyn StoreTarget>, StoreError> {
    match to {
        StoreAddress::Files(path) => Ok(Box::new(SqliteTarget::open(path, origin)?)),
        StoreAddress::Database { url, tls_ca } => database::target(url, tls_ca.as_deref(), origin),
    }
}

/// Returns what tells a store from others, wherever the command runs.
fn origin(from: &StoreAddress) -> Result<String, StoreError> {
    match from {
        StoreAddress::Files(path) => absolute(path),
        StoreAddress::Database { .. } => Ok(from.to_string()),
    }
}

fn absolute(path: &Path) -> Result<String, StoreError> {
    let absolute = path::absolute(path);
    let absolute =
        absolute.map_err(|error| StoreError::new("copying", Some(path), error.into()))?;
    Ok(absolute.display().to_string())
}
