//! The line at the start.

use super::start;

#[test]
fn one_line_tells_of_the_start_with_everything_that_was_chosen() {
    let broker = start("");
    let line = broker.wait_for_log("line of the start", |line| line["message"] == "ready");
    assert_eq!(line["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(line["store"], "sqlite");
    assert_eq!(line["mode"], "tokens");
    assert_eq!(line["data_dir"], broker.data_dir().display().to_string());
    let listeners = line["listeners"].as_str().unwrap();
    let http = format!("http={}", broker.address_of("http"));
    assert!(listeners.split(' ').any(|listener| listener == http), "{listeners}");
    assert_eq!(listeners.split(' ').count(), 7, "{listeners}");
    let infos = broker.log_lines();
    let infos = infos.iter().filter(|line| line.contains(r#""level":"INFO""#));
    assert_eq!(infos.count(), 1, "it is the only one");
}
