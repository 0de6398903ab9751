//! What a program brings to the server that it embeds.

use std::sync::Arc;

use rialto_application::DynApplication;

use crate::{control::Controls, handle::Handle};

/// What a program brings to its server.
#[derive(Default)]
pub(crate) struct ServerParts {
    pub(crate) application: Option<MakeApplication>,
    pub(crate) controls: Controls,
}

/// Makes the application once there is a server for it to use.
pub(crate) type MakeApplication = Box<dyn FnOnce(Handle) -> Arc<dyn DynApplication> + Send>;
