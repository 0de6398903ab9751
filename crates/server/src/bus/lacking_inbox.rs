//! What stands for the incoming side of a bus in a program that was built without one.

use std::sync::Arc;

use super::link::BusLink;
use crate::hub::Hub;

pub(crate) async fn keep(link: Arc<BusLink>, _: Arc<Hub>) {
    match link.0 {}
}
