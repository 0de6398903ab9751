//! What connections may do and take, by the settings.

use std::time::Duration;

use rialto_session::DialectSettings;

/// What holds for every connection of a server.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ConnectionLimits {
    pub(crate) json_depth_max: usize,
    pub(crate) publisher_stall_max: Duration,
    /// How long one may read nothing of what it asked for.
    pub(crate) unread_max: Duration,
    /// How long one may take to say what it speaks.
    pub(crate) greeting_timeout: Duration,
    /// What is said of each dialect, and of all.
    pub(crate) dialects: DialectSettings,
}
