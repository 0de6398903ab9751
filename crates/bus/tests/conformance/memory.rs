//! The suite on the bus in memory.

use rialto_bus::{MemoryExchange, Subjects};

#[tokio::test]
async fn the_suite_holds_in_memory() {
    let subjects = Subjects::new("rialto");
    let exchange = MemoryExchange::default();
    super::check_delivery(|| exchange.bus(), &subjects).await;
    super::check_many_subjects(|| exchange.bus(), &subjects).await;
    super::check_heard(|| exchange.bus(), &subjects, true).await;
    super::check_interruption(|| exchange.bus(), &subjects, || exchange.cut()).await;
    let (away, back) = (|| exchange.set_away(true), || exchange.set_away(false));
    super::check_absence(|| exchange.bus(), &subjects, away, back).await;
}
