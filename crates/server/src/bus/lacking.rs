//! What stands for a bus in a program that was built without one.

use std::{convert::Infallible, sync::Arc};

use rialto_broker::BusEffect;
use rialto_config::{BusKind, Settings};

use super::{BusState, BusTimes};
use crate::error::ServeError;

/// There is none.
pub(crate) struct BusLink(pub(super) Infallible);

impl BusLink {
    pub(crate) fn open(settings: &Settings, _: u64) -> Result<Option<Arc<Self>>, ServeError> {
        match settings.bus.kind {
            BusKind::None => Ok(None),
            BusKind::Redis | BusKind::Nats => Err(lacking()),
        }
    }

    pub(crate) fn perform(&self, _: BusEffect) {
        match self.0 {}
    }

    pub(crate) fn call_look(&self) {
        match self.0 {}
    }

    pub(crate) fn state(&self) -> BusState {
        match self.0 {}
    }

    pub(crate) fn times(&self) -> &Arc<BusTimes> {
        match self.0 {}
    }

    pub(crate) async fn finish(&self) {
        match self.0 {}
    }
}

/// Looks whether the bus of the settings can be used.
pub(crate) async fn check(_: &Settings) -> Result<String, ServeError> {
    Err(lacking())
}

fn lacking() -> ServeError {
    ServeError::Bus(
        "this program was built without one: use one with the feature \"bus\"".to_owned(),
    )
}
