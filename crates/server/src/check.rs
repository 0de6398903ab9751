//! What can be said of settings before a server is started with them.

use rialto_config::Settings;

use crate::{addresses, certificates, cluster, error::ServeError, settings_map};

/// Returns what would keep a server from starting with these settings on this machine, as far as that
/// can be known without starting one: certificates, keys and users that cannot be read, and host names of
/// listeners that have no address, or one that is open to more than it should be. Opens no socket,
/// and writes nothing.
#[must_use]
pub fn check(settings: &Settings) -> Vec<String> {
    let certificate = |error: String| ServeError::Certificate(error).to_string();
    let mut obstacles = Vec::new();
    obstacles.extend(certificates::load(&settings.tls).err().map(certificate));
    obstacles.extend(cluster::check_certificates(&settings.cluster).err().map(certificate));
    let access = settings_map::access(settings).err();
    obstacles.extend(access.map(|error| ServeError::Access(error).to_string()));
    for (name, listener) in settings.open_listeners() {
        let resolved = addresses::resolve(settings, name, listener);
        obstacles.extend(resolved.err().map(|error| error.to_string()));
    }
    obstacles
}
