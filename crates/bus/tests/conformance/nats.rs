//! The suite on NATS.

use std::cell::RefCell;

use rialto_bus::{BusError, NatsBus, Subjects};
use rialto_testkit::Nats;

#[tokio::test(flavor = "multi_thread")]
async fn the_suite_holds_on_nats() {
    let nats = Nats::start();
    let (address, subjects) = (nats.url(), Subjects::new("rialto"));
    let bus = || NatsBus::new(&[&address]).unwrap();
    super::check_delivery(bus, &subjects).await;
    super::check_many_subjects(bus, &subjects).await;
    super::check_heard(bus, &subjects, false).await;
    let nats = RefCell::new(nats);
    let restart = || {
        nats.borrow_mut().kill();
        nats.borrow_mut().resume();
    };
    super::check_interruption(bus, &subjects, restart).await;
    let (away, back) = (|| nats.borrow_mut().kill(), || nats.borrow_mut().resume());
    super::check_absence(bus, &subjects, away, back).await;
    // It accepts, and never answers.
    let (away, back) = (|| nats.borrow().stand_still(), || nats.borrow().go_on());
    super::check_absence(bus, &subjects, away, back).await;
}

#[test]
fn addresses_are_judged_and_not_shown() {
    for addresses in [&["nats://user:secret@host:port"][..], &[]] {
        let error = NatsBus::new(addresses).err().unwrap();
        assert!(matches!(error, BusError::Settings(_)));
        assert!(!error.to_string().contains("secret"));
    }
}
