//! Signing in to the console: who may, what it allows, how it ends, and what those get who attack it.

use rialto_testkit::Broker;
use serde_json::{Value, json};

use super::{
    TOKENS,
    follow::Follower,
    http::{Answer, ask, ask_as, field},
    launch,
    login::{add_user, wait_for_reload},
    start, until,
};

const ROLES: &str = r#"
[[console.roles]]
group = "staff"
allow = ["read", "inspect", "publish", "manage"]

[[console.roles]]
group = "observers"
allow = ["read"]
"#;
const KEYS: &str = "[[api.keys]]\nname = \"app\"\nkey = \"the-key-of-the-application\"\n";
const ADA: &str = r#"{"user":"ada","password":"token-of-ada"}"#;
const JSON: &str = "Content-Type: application/json\r\n";

/// A browser in which somebody is signed in.
#[derive(Clone)]
struct Browser {
    /// `name=value`.
    cookie: String,
    csrf: String,
    told: Value,
}

impl Browser {
    #[track_caller]
    fn signed_in(broker: &Broker, shown: &str) -> Self {
        Browser::of(&sign_in(broker, shown))
    }

    #[track_caller]
    fn of(answer: &Answer) -> Self {
        assert_eq!(answer.status, 200, "{}", answer.body);
        let told = answer.json();
        let cookie = field(&answer.head, "set-cookie").unwrap().split(';').next().unwrap();
        let csrf = told["csrf"].as_str().unwrap().to_owned();
        Browser { cookie: cookie.to_owned(), csrf, told }
    }

    /// The fields of a request of a page of the console's own.
    fn fields(&self) -> String {
        let Browser { cookie, csrf, .. } = self;
        format!(
            "Cookie: theme=dark; {cookie}\r\nX-Rialto-CSRF: {csrf}\r\nSec-Fetch-Site: same-origin\r\n"
        )
    }

    fn ask(&self, broker: &Broker, line: &str, body: &str) -> Answer {
        let fields = format!("Host: localhost\r\n{JSON}{}", self.fields());
        ask_as(broker, line, &fields, body)
    }

    fn is_in(&self, broker: &Broker) -> bool {
        match self.ask(broker, "GET /v1/clients", "").status {
            200 => true,
            401 => false,
            other => panic!("{other}"),
        }
    }
}

fn sign_in(broker: &Broker, shown: &str) -> Answer {
    ask_as(broker, "POST /v1/session", &format!("Host: localhost\r\n{JSON}"), shown)
}

#[test]
fn whoever_has_a_role_signs_in_and_uses_every_route_as_with_a_key() {
    let broker = start(&format!("{TOKENS}{ROLES}"));
    let answer = sign_in(&broker, ADA);
    let cookie = field(&answer.head, "set-cookie").unwrap();
    assert!(cookie.starts_with("__Host-rialto="), "{cookie}");
    for wanted in ["; Secure", "; HttpOnly", "; SameSite=Strict", "; Path=/", "; Max-Age=28800"] {
        assert!(cookie.contains(wanted), "{cookie}");
    }
    assert!(!cookie.contains("Domain"), "{cookie}");
    let ada = Browser::of(&answer);
    assert_eq!((&ada.told["user"], &ada.told["role"]), (&json!("ada"), &json!("staff")));
    assert_eq!(ada.told["rights"], json!(["read", "publish", "manage", "inspect"]));
    let shown = ada.ask(&broker, "GET /v1/session", "");
    assert_eq!(shown.json()["csrf"], ada.told["csrf"]);
    assert_eq!(field(&shown.head, "cache-control"), Some("no-store"));

    let mut follower = Follower::with(&broker, "/v1/channels/room/messages", &ada.fields());
    assert_eq!(ada.ask(&broker, "POST /v1/channels/room/messages", "1").status, 204);
    follower.message("room", &json!(1));
    assert_eq!(ada.ask(&broker, "POST /v1/clients/eve/ban", r#"{"reason":"spam"}"#).status, 204);
    assert_eq!(ada.ask(&broker, "DELETE /v1/clients/eve/ban", "").status, 204);
    let denied = ask(&broker, "GET /v1/clients", Some(&ada.cookie), "");
    assert_ne!(denied.status, 200, "a cookie is no key");
    for (event, status) in
        [("signed-in", None), ("published", Some(204)), ("client-banned", Some(204))]
    {
        broker.wait_for_log(event, |line| {
            line["event"] == event
                && line["user"] == "ada"
                && line["address"] == "127.0.0.1"
                && status.is_none_or(|status| line["status"] == status && line["role"] == "staff")
        });
    }
}

#[test]
fn a_role_allows_what_it_names_and_a_client_without_one_is_not_let_in() {
    let settings = TOKENS.replace("[\"staff\"]", "[\"observers\"]");
    let broker = start(&format!("{settings}{ROLES}{KEYS}"));
    let ada = Browser::signed_in(&broker, ADA);
    assert_eq!(ada.told["rights"], json!(["read"]));
    assert_eq!(ada.ask(&broker, "GET /v1/clients", "").status, 200);
    let refused = ada.ask(&broker, "POST /v1/clients/bob/ban", "{}");
    assert!(refused.status == 403 && refused.body.contains("observers"), "{}", refused.body);
    assert_eq!(ada.ask(&broker, "GET /v1/tail?filter=%2Fa%20%3E%201", "").status, 403);
    let bob = sign_in(&broker, r#"{"user":"bob","password":"token-of-bob"}"#);
    assert!(bob.status == 403 && bob.body.contains("console.roles"), "{}", bob.body);
    assert!(field(&bob.head, "set-cookie").is_none(), "{}", bob.head);
    // A key brings its own rights, and a token says whose it is.
    let key = Browser::signed_in(&broker, r#"{"key":"the-key-of-the-application"}"#);
    assert_eq!(key.told["rights"], json!(["read", "publish", "manage"]));
    let token = key.ask(&broker, "POST /v1/clients/ada/token", "").json()["token"].clone();
    assert_eq!(sign_in(&broker, &json!({"token": token}).to_string()).status, 403);
    for wrong in [
        r#"{"user":"ada","password":"token-of-bob"}"#,
        r#"{"user":"ada","password":""}"#,
        r#"{"user":"ada"}"#,
        r#"{"key":"the-key-of-the-applicatiom"}"#,
        r#"{"token":"token-of-ada"}"#,
        "{}",
        "",
    ] {
        let answer = sign_in(&broker, wrong);
        assert!(matches!(answer.status, 401 | 415 | 422), "{wrong}: {}", answer.body);
        assert!(field(&answer.head, "set-cookie").is_none_or(|it| it.contains("Max-Age=0")));
    }
    broker.wait_for_log("who has no role", |line| {
        line["event"] == "api-refused" && line["rule"] == "console.roles" && line["client"] == "bob"
    });
}

#[test]
fn in_open_mode_nobody_has_to_sign_in_on_this_machine_and_no_page_of_others_profits() {
    let broker = start("");
    let visit = |fields: &str| ask_as(&broker, "GET /v1/session", fields, "");
    let anybody = Browser::of(&visit("Host: localhost\r\nSec-Fetch-Site: same-origin\r\n"));
    assert_eq!(anybody.told["user"], "anonymous");
    assert!(anybody.is_in(&broker));
    assert_eq!(anybody.ask(&broker, "POST /v1/clients/eve/ban", "{}").status, 204);
    for foreign in [
        "Host: evil.example\r\n",
        "Host: evil.example\r\nOrigin: http://evil.example\r\n",
        "Host: localhost\r\nOrigin: http://evil.example\r\n",
        "Host: localhost\r\nOrigin: null\r\n",
        "Host: localhost\r\nSec-Fetch-Site: cross-site\r\n",
        "Host: localhost\r\nSec-Fetch-Site: same-site\r\n",
        // A proxy that others reach.
        "Host: localhost\r\nX-Forwarded-For: 192.0.2.7\r\n",
    ] {
        let answer = visit(foreign);
        assert!(matches!(answer.status, 401 | 403), "{foreign}: {}", answer.body);
        assert!(field(&answer.head, "set-cookie").is_none_or(|it| it.contains("Max-Age=0")));
    }
    // What it was given is of no use to others either.
    let rebound = format!("Host: evil.example\r\n{}", anybody.fields());
    assert_eq!(ask_as(&broker, "GET /v1/clients", &rebound, "").status, 401);
    broker.wait_for_log("a foreign host", |line| line["reason"] == "foreign-host");
    // Where somebody set who may what, nobody is let in for nothing.
    for set in [KEYS, ROLES] {
        let broker = start(set);
        assert_eq!(ask_as(&broker, "GET /v1/session", "Host: localhost\r\n", "").status, 401);
        assert_eq!(anybody.ask(&broker, "GET /v1/clients", "").status, 401);
    }
}

#[test]
fn a_request_that_another_page_could_have_made_is_refused() {
    let broker = start(&format!("{TOKENS}{ROLES}"));
    let ada = Browser::signed_in(&broker, ADA);
    let cookie = format!("Cookie: {}\r\n", ada.cookie);
    let word = format!("X-Rialto-CSRF: {}\r\n", ada.csrf);
    let ban = |fields: &str| {
        let fields = format!("Host: localhost\r\n{fields}");
        ask_as(&broker, "POST /v1/clients/bob/ban", &fields, r#"{"reason":"x"}"#).status
    };
    // A form, and what a page may send without asking first.
    for kind in
        ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
    {
        let kind = format!("Content-Type: {kind}\r\n");
        assert_eq!(ban(&format!("{cookie}{kind}")), 403, "{kind}");
        assert_eq!(ban(&format!("{cookie}{word}{kind}")), 415, "{kind}");
    }
    assert_eq!(ban(&format!("{cookie}{word}")), 415, "a body of no type");
    for (fields, why) in [
        (String::new(), "no word"),
        ("X-Rialto-CSRF: \r\n".to_owned(), "an empty word"),
        (format!("X-Rialto-CSRF: {}x\r\n", ada.csrf), "a wrong word"),
        (format!("{word}Origin: http://evil.example\r\n"), "another origin"),
        (format!("{word}Origin: null\r\n"), "an opaque origin"),
        (format!("{word}Sec-Fetch-Site: cross-site\r\n"), "another site"),
        (format!("{word}Sec-Fetch-Site: same-site\r\n"), "another port"),
        (format!("{word}Sec-Fetch-Site: none\r\n"), "an address that was written"),
    ] {
        assert_eq!(ban(&format!("{cookie}{JSON}{fields}")), 403, "{why}");
    }
    // Another's word is none, and reading is refused to other pages too.
    let again = Browser::signed_in(&broker, ADA);
    assert_eq!(ban(&format!("{cookie}{JSON}X-Rialto-CSRF: {}\r\n", again.csrf)), 403);
    let read =
        |fields: &str| ask_as(&broker, "GET /v1/clients", &format!("{cookie}{fields}"), "").status;
    assert_eq!(read("Host: localhost\r\nSec-Fetch-Site: none\r\n"), 200);
    assert_eq!(read("Host: localhost\r\nSec-Fetch-Site: same-site\r\n"), 403);
    assert_eq!(read("Host: evil.example\r\n"), 403);
    // Nobody is signed in as somebody else by a form.
    for kind in ["text/plain", "application/x-www-form-urlencoded"] {
        let fields = format!("Host: localhost\r\nContent-Type: {kind}\r\n");
        assert_eq!(ask_as(&broker, "POST /v1/session", &fields, ADA).status, 415, "{kind}");
    }
    let foreign = format!("Host: localhost\r\n{JSON}Origin: http://evil.example\r\n");
    assert_eq!(ask_as(&broker, "POST /v1/session", &foreign, ADA).status, 403);
    assert!(ada.is_in(&broker), "none of this signed anybody out");
    let banned = ada.ask(&broker, "GET /v1/bans", "").json();
    assert_eq!(banned["bans"], json!([]));
    broker.wait_for_log("a forged request", |line| line["reason"] == "forged-request");
}

#[test]
fn a_cookie_is_worth_nothing_once_it_is_changed_or_of_another_server_or_long() {
    let (broker, other) = (start(&format!("{TOKENS}{ROLES}")), start(&format!("{TOKENS}{ROLES}")));
    let ada = Browser::signed_in(&broker, ADA);
    let foreign = Browser::signed_in(&other, ADA);
    let (name, value) = ada.cookie.split_once('=').unwrap();
    let with = |value: &str| {
        let fields = format!("Host: localhost\r\nCookie: {name}={value}\r\n");
        ask_as(&broker, "GET /v1/clients", &fields, "").status
    };
    assert_eq!(with(value), 200);
    let parts: Vec<&str> = value.split('.').collect();
    for at in 0..value.len() {
        let mut changed = value.to_owned().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        // The last letter of a part may have bits that say nothing.
        if at % 7 == 0 && value.as_bytes().get(at + 1).is_some_and(|it| *it != b'.') {
            assert_eq!(with(str::from_utf8(&changed).unwrap()), 401, "at {at}");
        }
    }
    let unsigned = format!("eyJhbGciOiJub25lIn0.{}.", parts[1]);
    let long = format!("{value}{}", "A".repeat(4096));
    let longest = "A".repeat(12_000);
    let (_, of_other) = foreign.cookie.split_once('=').unwrap();
    for wrong in ["", ".", "..", parts[1], &unsigned, &long, &longest, of_other, "\u{1}"] {
        assert!(matches!(with(wrong), 400 | 401 | 431), "{wrong}");
    }
    // A token of a client is no cookie, and a cookie no token, though one key signs both.
    let admin = start(&format!("{TOKENS}{ROLES}{KEYS}"));
    let token = ask(&admin, "POST /v1/clients/ada/token", Some("the-key-of-the-application"), "");
    let token = token.json()["token"].as_str().unwrap().to_owned();
    let fields = format!("Host: localhost\r\nCookie: {name}={token}\r\n");
    assert_eq!(ask_as(&admin, "GET /v1/clients", &fields, "").status, 401);
    let sealed = Browser::signed_in(&admin, ADA);
    let (_, sealed) = sealed.cookie.split_once('=').unwrap();
    assert_eq!(sign_in(&admin, &json!({"token": sealed}).to_string()).status, 401);
    let line = "POST /v1/channels/room/messages";
    let bearer = format!("Host: localhost\r\nAuthorization: Bearer {sealed}\r\n{JSON}");
    assert_eq!(ask_as(&admin, line, &bearer, "1").status, 401);
}

#[test]
fn signing_out_ends_it_in_every_window_with_what_it_follows_and_over_a_restart() {
    let mut broker = start(&format!("{TOKENS}{ROLES}"));
    let (ada, elsewhere) = (Browser::signed_in(&broker, ADA), Browser::signed_in(&broker, ADA));
    let fields = ada.fields();
    let lines = Follower::with(&broker, "/v1/channels/room/messages", &fields);
    let events = format!("{fields}Accept: text/event-stream\r\n");
    let events = Follower::with(&broker, "/v1/channels/room/messages", &events);
    let cookie_alone = format!("Host: localhost\r\nCookie: {}\r\n", ada.cookie);
    assert_eq!(ask_as(&broker, "DELETE /v1/session", &cookie_alone, "").status, 403);
    let out = ada.ask(&broker, "DELETE /v1/session", "");
    assert_eq!(out.status, 204, "{}", out.body);
    assert!(field(&out.head, "set-cookie").unwrap().contains("Max-Age=0"), "{}", out.head);
    lines.ends();
    events.ends();
    assert!(!ada.is_in(&broker) && elsewhere.is_in(&broker));
    broker.restart();
    assert!(!ada.is_in(&broker), "a cookie that was kept is worth nothing");
    assert!(elsewhere.is_in(&broker), "whoever did not sign out is still in");
}

#[test]
fn a_ban_another_password_and_a_lost_group_end_it() {
    let broker =
        launch(&format!("[access]\nmode = \"tokens\"\nattempt_delay_max = \"0s\"\n{ROLES}{KEYS}"))
            .start();
    for name in ["ada", "eve"] {
        add_user(&broker, name, "correct horse");
        groups(&broker, name, &["staff"]);
    }
    let shown = |name: &str| json!({"user": name, "password": "correct horse"}).to_string();
    wait_for_reload(&broker);
    let ada = until("ada signs in", || {
        let answer = sign_in(&broker, &shown("ada"));
        (answer.status == 200).then(|| Browser::of(&answer))
    });
    let eve = until("eve signs in", || {
        let answer = sign_in(&broker, &shown("eve"));
        (answer.status == 200).then(|| Browser::of(&answer))
    });
    assert_eq!(ada.told["signed_in_by"], "password");
    let follower = Follower::with(&broker, "/v1/channels/room/messages", &eve.fields());
    assert_eq!(ada.ask(&broker, "POST /v1/clients/eve/ban", "{}").status, 204);
    follower.ends();
    assert!(!eve.is_in(&broker) && ada.is_in(&broker));
    assert_eq!(ada.ask(&broker, "DELETE /v1/clients/eve/ban", "").status, 204);
    // A ban that is over leaves what was there.
    assert!(eve.is_in(&broker));
    groups(&broker, "eve", &["friends"]);
    until("eve has no role any more", || (!eve.is_in(&broker)).then_some(()));
    user(&broker, &["passwd", "ada", "--password-stdin"], "another horse");
    until("ada's password is another", || (!ada.is_in(&broker)).then_some(()));
}

#[test]
fn a_key_that_is_taken_away_ends_what_it_opened() {
    let broker = start(KEYS);
    let key = Browser::signed_in(&broker, r#"{"key":"the-key-of-the-application"}"#);
    assert!(key.is_in(&broker));
    broker.configure(&KEYS.replace("application\"", "application-2\""));
    broker.hang_up();
    until("the key is another", || (!key.is_in(&broker)).then_some(()));
}

#[test]
fn it_is_renewed_while_it_is_used_and_ends_when_it_is_not() {
    let broker = start(&format!("{TOKENS}{ROLES}[console]\nsession_time = \"3s\"\n"));
    let ada = Browser::signed_in(&broker, ADA);
    let follower = Follower::with(&broker, "/v1/channels/room/messages", &ada.fields());
    let renewed = until("it is renewed", || {
        let answer = ada.ask(&broker, "GET /v1/session", "");
        field(&answer.head, "set-cookie").map(|_| Browser::of(&answer))
    });
    assert_ne!(renewed.cookie, ada.cookie);
    assert_eq!(renewed.csrf, ada.csrf, "pages that are open go on with their word");
    until("the old one has expired", || (!ada.is_in(&broker)).then_some(()));
    follower.ends();
    until("the new one has expired", || (!renewed.is_in(&broker)).then_some(()));
}

#[test]
fn from_another_machine_nobody_signs_in_without_tls() {
    let proxy = format!("{TOKENS}{ROLES}[console]\nhosts = [\"mq.example\"]\n");
    let proxy = proxy.replace("mode =", "trusted_proxies = [\"127.0.0.0/8\"]\nmode =");
    let broker = start(&proxy);
    let from = |more: &str| {
        let fields = format!("Host: mq.example\r\nX-Forwarded-For: 192.0.2.7\r\n{JSON}{more}");
        ask_as(&broker, "POST /v1/session", &fields, ADA)
    };
    let plain = from("");
    assert!(plain.status == 403 && plain.body.contains("tls.certificate"), "{}", plain.body);
    assert!(field(&plain.head, "set-cookie").is_none());
    let inside = from("X-Forwarded-Proto: https\r\nOrigin: https://mq.example\r\n");
    assert_eq!(inside.status, 200, "{}", inside.body);
    // By a name that others may have, though it comes from here.
    let fields = format!("Host: mq.example\r\n{JSON}");
    assert_eq!(ask_as(&broker, "POST /v1/session", &fields, ADA).status, 403);
    // Nobody but the proxies is believed.
    let broker = start(&proxy.replace("127.0.0.0/8", "10.0.0.0/8"));
    let fields = format!("Host: mq.example\r\n{JSON}X-Forwarded-Proto: https\r\n");
    assert_eq!(ask_as(&broker, "POST /v1/session", &fields, ADA).status, 403);
}

#[test]
fn several_brokers_on_a_machine_have_cookies_of_their_own() {
    let broker = start(&format!("{TOKENS}{ROLES}"));
    let fields = format!("Host: localhost:8080\r\n{JSON}");
    let answer = ask_as(&broker, "POST /v1/session", &fields, ADA);
    let cookie = field(&answer.head, "set-cookie").unwrap();
    assert!(cookie.starts_with("__Host-rialto-8080="), "{cookie}");
}

fn groups(broker: &Broker, name: &str, groups: &[&str]) {
    let mut arguments = vec!["groups", name];
    arguments.extend(groups.iter().flat_map(|group| ["--group", group]));
    user(broker, &arguments, "");
}

/// Changes users as an operator does, with the command.
#[track_caller]
fn user(broker: &Broker, arguments: &[&str], input: &str) {
    use std::{
        io::Write as _,
        process::{Command, Stdio},
    };
    let mut command = Command::new(super::common::PROGRAM);
    command.arg("user").args(arguments).arg("--data-dir").arg(broker.data_dir());
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
