//! Clients: seen, sent away, banned and forgotten.

use serde_json::json;

use super::{HARMLESS, HOSTILE, Operated, members, until};

#[test]
fn clients_are_listed_as_a_table_and_as_json() {
    let operated = Operated::start();
    let mut pump = operated.online("pump-7");
    pump.subscribe("pumps");
    operated.online("lamp-1").leave();
    until("the lamp is gone", || {
        let listed = operated.json(&["client", "list", "--online"]);
        (members(&listed, "id") == ["pump-7"]).then_some(())
    });

    let printed = operated.run(&["client", "list"]).printed();
    let rows: Vec<Vec<&str>> =
        printed.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(&rows[0][..4], ["CLIENT", "STATE", "PROTOCOL", "ADDRESS"]);
    assert_eq!(rows[1][..3], ["lamp-1", "offline", "-"]);
    assert_eq!(rows[2][..3], ["pump-7", "online", "jmqt"]);
    let column = printed.find("STATE").unwrap();
    assert!(printed.lines().all(|line| line.as_bytes()[column - 1] == b' '), "{printed}");

    let listed = operated.json(&["client", "list"]);
    assert_eq!(members(&listed, "id"), ["lamp-1", "pump-7"]);
    assert_eq!((&listed[1]["online"], &listed[1]["subscriptions"]), (&json!(true), &json!(1)));
    let matched = operated.json(&["client", "list", "--match", "p?mp-*"]);
    assert_eq!(members(&matched, "id"), ["pump-7"]);
    assert_eq!(operated.json(&["client", "list", "--protocol", "jmqt"]).len(), 1);
    assert_eq!(operated.json(&["client", "list", "--limit", "1"]).len(), 1);
    let none = operated.run(&["client", "list", "--match", "nobody"]);
    assert_eq!((none.stdout.as_str(), none.stderr.as_str()), ("", "there are none\n"));
}

#[test]
fn a_client_is_shown_with_its_subscriptions_and_its_ban() {
    let operated = Operated::start();
    let mut pump = operated.online("pump-7");
    pump.subscribe("pumps");
    pump.subscribe_for_good("jobs");
    let shown = operated.run(&["client", "show", "pump-7"]).printed();
    for line in ["client         pump-7", "state          online", "ban            none"] {
        assert!(shown.contains(&format!("{line}\n")), "{line} is missing in {shown}");
    }
    assert!(shown.contains("subscriptions  2\n  jobs (persistent)\n  pumps\n"), "{shown}");

    operated.run(&["client", "ban", "pump-7", "--reason", "too loud"]).printed();
    let shown = until("it is gone", || {
        let shown = operated.json(&["client", "show", "pump-7"]).remove(0);
        (shown["online"] == false).then_some(shown)
    });
    assert_eq!(shown["ban"], json!({"client": "pump-7", "reason": "too loud"}));
    let subscribed = shown["subscribed"].as_array().unwrap();
    let first = (&subscribed[0]["channel"], &subscribed[0]["persistent"]);
    assert_eq!((subscribed.len(), first), (1, (&json!("jobs"), &json!(true))));
    let unknown = operated.run(&["client", "show", "nobody"]).failed(1);
    assert_eq!(unknown, "rialto: the broker knows no client \"nobody\", and has no ban of it\n");
}

#[test]
fn a_client_is_disconnected_banned_let_in_and_forgotten() {
    let operated = Operated::start();
    let mut pump = operated.online("pump-7");
    let outcome = operated.run(&["client", "disconnect", "pump-7", "--reason", "new firmware"]);
    assert_eq!(
        (outcome.code, outcome.stderr.as_str()),
        (0, "the client pump-7 was disconnected\n")
    );
    pump.expect_last_word(1008, 7);
    operated.broker.wait_for_log("the reason", |entry| entry["reason"] == "new firmware");
    let again = operated.run(&["client", "disconnect", "pump-7"]).failed(1);
    assert!(again.contains("is not connected"), "{again}");

    let mut pump = operated.online("pump-7");
    let outcome = operated.run(&["client", "ban", "pump-7", "--for", "1h", "--reason", "too loud"]);
    assert_eq!(outcome.stderr, "the client pump-7 is banned for 1h\n");
    pump.expect_last_word(1008, 7);
    let banned = operated.json(&["client", "list", "--banned"]).remove(0);
    assert_eq!((&banned["client"], &banned["reason"]), (&json!("pump-7"), &json!("too loud")));
    assert!(banned["until_ms"].as_u64().unwrap() > 1_700_000_000_000, "{banned}");
    let table = operated.run(&["client", "list", "--banned"]).printed();
    assert!(table.starts_with("CLIENT  UNTIL") && table.contains("Z  too loud\n"), "{table}");
    let unbanned = operated.run(&["client", "unban", "pump-7"]);
    assert_eq!(unbanned.stderr, "the client pump-7 is not banned any more\n");
    assert!(operated.run(&["client", "unban", "pump-7"]).failed(1).contains("is not banned"));

    operated.online("pump-7").subscribe_for_good("jobs");
    let forgotten = operated.run(&["client", "forget", "pump-7"]);
    assert_eq!(forgotten.stderr, "the client pump-7 was forgotten\n");
    assert!(operated.json(&["client", "list"]).is_empty());
    assert!(operated.run(&["client", "forget", "pump-7"]).failed(1).contains("pump-7"));
}

#[test]
fn a_ban_that_is_none_and_an_odd_time_are_refused() {
    let operated = Operated::start();
    for (time, what) in [("0s", "--for 0s is no ban"), ("soon", "--for <TIME>")] {
        let said = operated.run(&["client", "ban", "ada", "--for", time]).failed(2);
        assert!(said.contains(what), "{said}");
    }
    // A ban is never shorter than asked for.
    operated.run(&["client", "ban", "ada", "--for", "1500ms"]).printed();
    assert_eq!(operated.json(&["client", "list", "--banned"]).len(), 1);
    let long = operated.run(&["client", "ban", "ada", "--for", "40000d"]).failed(1);
    assert!(long.contains("a hundred years"), "{long}");
}

#[test]
fn hostile_names_and_reasons_stay_in_their_place() {
    let operated = Operated::start();
    let _online = operated.online(HOSTILE);
    let printed = operated.run(&["client", "list"]).printed();
    assert_eq!(printed.lines().count(), 2, "{printed}");
    assert!(printed.contains(HARMLESS), "{printed}");
    for shown in [printed, operated.run(&["client", "show", HOSTILE]).printed()] {
        assert!(!shown.contains(|c: char| c != '\n' && c.is_control()), "{shown:?}");
        assert!(!shown.contains('\u{202e}'), "{shown:?}");
    }
    assert_eq!(operated.json(&["client", "list"])[0]["id"], HOSTILE);
    operated.run(&["client", "ban", "eve", "--reason", HOSTILE]).printed();
    let banned = operated.run(&["client", "list", "--banned"]).printed();
    assert_eq!(banned.lines().count(), 2, "{banned}");
    assert!(!banned.contains('\u{1b}'), "{banned:?}");
    // What is said of it, too.
    let said = operated.run(&["client", "disconnect", HOSTILE]).stderr;
    assert_eq!(said, format!("the client {HARMLESS} was disconnected\n"));
}

#[test]
fn all_pages_are_listed_once_while_others_come_and_go() {
    let operated = Operated::start();
    let peers: Vec<_> = (0..1_030).map(|n| operated.online(&format!("c{n:04}"))).collect();
    let listed = std::thread::scope(|scope| {
        let coming = scope.spawn(|| {
            for n in 0..40 {
                operated.online(&format!("a{n:04}")).leave();
                operated.online(&format!("d{n:04}")).leave();
            }
        });
        let listed = operated.json(&["client", "list"]);
        coming.join().unwrap();
        listed
    });
    let steady: Vec<String> = members(&listed, "id")
        .into_iter()
        .filter(|id| id.starts_with('c'))
        .map(str::to_owned)
        .collect();
    let expected: Vec<String> = (0..1_030).map(|n| format!("c{n:04}")).collect();
    assert_eq!(steady, expected);
    drop(peers);
}
