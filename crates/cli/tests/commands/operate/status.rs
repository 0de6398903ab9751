//! `rialto status`: for people, for programs, and for monitoring.

use rialto_testkit::Port;
use serde_json::Value;

use super::{Operated, until};

fn code(operated: &Operated, args: &[&str]) -> (i32, String) {
    let outcome = operated.run_with_key("", args);
    (outcome.code, outcome.stdout)
}

#[test]
fn a_broker_that_is_well_says_so_on_one_screen_without_a_key() {
    let operated = Operated::start();
    let mut ada = operated.online("ada");
    ada.subscribe("room");
    ada.ask(r#"{"pub":{"cn":"room","dt":1,"q":1,"id":"1"}}"#);
    let (exit, screen) = code(&operated, &["status"]);
    assert_eq!(exit, 0, "{screen}");
    let head = format!("Rialto {}, ready, up ", env!("CARGO_PKG_VERSION"));
    assert!(screen.starts_with(&head), "{screen}");
    assert!(screen.contains("checks        broker ok, stopping ok, store ok\n"), "{screen}");
    assert!(screen.contains("published     1, 0 refused\n"), "{screen}");
    assert!(
        screen.lines().count() <= 24 && screen.lines().all(|line| line.len() <= 80),
        "{screen}"
    );

    let json: Value = serde_json::from_str(&code(&operated, &["status", "--json"]).1).unwrap();
    assert_eq!((&json["ready"], &json["checks"]["store"]), (&true.into(), &true.into()));
    assert_eq!(json["counters"]["published"], 1);
    assert_eq!(json["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(json["settings_digest"].as_str().map(str::len), Some(16));
}

#[test]
fn monitoring_gets_a_line_with_data_and_the_code_that_it_expects() {
    let operated = Operated::start();
    let (exit, line) = code(&operated, &["status", "--nagios"]);
    assert_eq!((exit, line.lines().count()), (0, 1), "{line}");
    assert!(line.starts_with("RIALTO OK: Rialto ") && line.contains(" | connections="), "{line}");

    std::fs::remove_file(operated.broker.data_dir().join("rialto.db")).unwrap();
    let mut ada = operated.online("ada");
    ada.ask(r#"{"sub":{"cn":"room","pr":1}}"#);
    let (exit, line) = until("the store is known to fail", || {
        Some(code(&operated, &["status", "--nagios"])).filter(|(exit, _)| *exit == 2)
    });
    assert_eq!(exit, 2);
    assert!(line.starts_with("RIALTO CRITICAL: the check store of /readyz fails"), "{line}");
    assert_eq!(code(&operated, &["status"]).0, 1);

    let nobody = format!("http://{}", Port::reserve().unwrap().address);
    let (exit, line) = code(&operated, &["status", "--nagios", "--api", &nobody]);
    assert_eq!(exit, 2, "{line}");
    assert!(line.starts_with("RIALTO CRITICAL: no answer from "), "{line}");
    assert_eq!(code(&operated, &["status", "--api", &nobody]).0, 3);
    let elsewhere = format!("http://{}", operated.broker.address());
    assert_ne!(code(&operated, &["status", "--nagios", "--api", &elsewhere]).0, 0);
}
