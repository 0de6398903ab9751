//! `rialto top`, on a terminal of its own.

use super::{KEY, Operated, until};

use crate::terminal::Terminal;

const CTRL_C: &str = "\u{3}";

fn open(operated: &Operated, variables: &[(&str, &str)]) -> Terminal {
    let url = operated.url();
    let variables = [&[("RIALTO_API", url.as_str())], variables].concat();
    Terminal::open(80, "top --interval 100ms", &variables)
}

#[test]
fn three_screens_show_the_broker_its_clients_and_its_channels() {
    let operated = Operated::start();
    let mut ada = operated.online("ada");
    ada.subscribe("room");
    let mut bob = operated.online("bob");
    bob.subscribe("room");
    bob.subscribe("roof");
    let mut terminal = open(&operated, &[("RIALTO_API_KEY", KEY)]);
    terminal.wait_for("the overview", |screen| screen.contains("Conn          2"));
    let head = format!(" Rialto {}   up ", env!("CARGO_PKG_VERSION"));
    assert!(terminal.screen().starts_with(&head), "{}", terminal.screen());

    terminal.press("2");
    terminal.wait_for("the clients", |screen| screen.contains(" 2 of 2"));
    let screen = terminal.screen();
    assert!(screen.find("ada ").unwrap() < screen.find("bob ").unwrap(), "{screen}");
    assert!(screen.contains("CLIENT↑") && !screen.contains("ADDRESS"), "{screen}");
    // Time and subscriptions, of which the most come first.
    terminal.press(">>");
    terminal.wait_for("another order", |screen| {
        screen.contains("by SUBS↓") && screen.find("bob ") < screen.find("ada ")
    });
    terminal.resize(30, 132);
    terminal.wait_for("a wider list", |screen| screen.contains("ADDRESS"));

    terminal.press("3");
    terminal
        .wait_for("the channels", |screen| screen.contains(" 2 of 2") && screen.contains("roof"));
    terminal.press("/room\r");
    terminal.wait_for("what is looked for", |screen| {
        screen.contains(" 1 of 1   by CHANNEL↑   contains: room") && !screen.contains("roof")
    });
    terminal.press("q");
    terminal.expect_restored(0);
}

#[test]
fn the_screen_of_problems_says_who_is_behind_and_what_was_refused() {
    let operated = Operated::start();
    let mut ada = operated.online("ada");
    ada.subscribe_for_good("jobs");
    let mut bob = operated.online("bob");
    let mut terminal = open(&operated, &[("RIALTO_API_KEY", KEY)]);
    terminal.press("4");
    terminal.wait_for("nothing", |screen| screen.contains(" Nothing needs a look."));
    bob.ask(r#"{"pub":{"cn":"jobs","dt":1,"q":1,"id":"1"}}"#);
    let refused = operated.run_with_key("nobody's key", &["client", "list"]);
    assert_ne!(refused.code, 0);
    terminal.wait_for("who is behind", |screen| {
        let is_behind = |line: &str| line.contains("ada ") && line.contains(" 1 behind   online");
        screen.contains(" BEHIND") && screen.lines().any(is_behind)
    });
    terminal.wait_for("what was refused", |screen| {
        screen.contains(" REFUSED SINCE THE START") && screen.contains("api-refused  wrong-key")
    });
    terminal.press("q");
    terminal.expect_restored(0);
}

#[test]
fn a_broker_that_goes_and_comes_back_is_shown_again_without_colours_where_none_are_wanted() {
    let mut operated = Operated::start();
    let mut terminal = open(&operated, &[("NO_COLOR", "1")]);
    terminal.wait_for("the overview", |screen| screen.contains("live"));
    operated.broker.kill();
    terminal.wait_for("the loss", |screen| {
        screen.contains("lost") && screen.contains("trying again: no answer from")
    });
    assert!(terminal.screen().contains("Conn  "), "what was there stays: {}", terminal.screen());
    operated.broker.restart();
    terminal.wait_for("the broker", |screen| screen.contains("live"));
    terminal.press("2");
    terminal.wait_for("what is missing", |screen| screen.contains(" ! the "));
    assert!(!terminal.has_colours());
    terminal.press(CTRL_C);
    terminal.expect_restored(0);
}

#[test]
fn without_a_terminal_it_says_what_prints_the_same() {
    let operated = Operated::start();
    let outcome = operated.run(&["top"]);
    assert!(outcome.failed(2).contains("rialto status prints once what top shows"));
    until("the broker still answers", || {
        Some(operated.run(&["status"]).code).filter(|it| *it == 0)
    });
}
