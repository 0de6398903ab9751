//! Many who guess at once: how many are judged, who is kept waiting by it, and for how long.

use std::{
    io::Write as _,
    net::{Shutdown, TcpStream},
    time::{Duration, Instant},
};

use rialto_testkit::{Broker, CoremqPeer, PATIENCE, Peer, PubsubxPeer, Transport};
use serde_json::json;

use super::{
    http,
    login::{add_user, wait_for_reload},
    online, start, until,
};

/// Five are free, and every wait is far longer than a test has patience, but for the first.
const PATIENT: &str = r#"
[access]
mode = "tokens"
attempt_delay_max = "300s"
tokens = [
    { client = "ada", token = "a-token-of-ada-s" },
    { client = "bob", token = "a-token-of-bob-s" },
    { client = "pin", token = "1234" },
]
[[access.jwt]]
name = "shop"
algorithms = ["HS256"]
secret = "a secret of thirty-two bytes, or more"
[[api.keys]]
name = "app"
key = "a-key-that-nobody-guesses"
"#;

/// Most attempts that may be judged within a time, if they all came at its beginning: five, and then
/// one behind the other, 200 ms and each time twice as long.
fn judged_max(within: Duration) -> usize {
    let mut due = Duration::ZERO;
    let waits = (0..).map(|doublings| Duration::from_millis(200) * 2_u32.pow(doublings));
    let later = waits.take_while(|wait| {
        due += *wait;
        due <= within
    });
    5 + later.count()
}

/// Counts how many of those that guess have an answer by now with this text in it.
fn answered(peers: &[TcpStream], text: &str) -> usize {
    let has_answer = |peer: &&TcpStream| {
        let mut answer = [0; 512];
        peer.set_nonblocking(true).unwrap();
        let count = peer.peek(&mut answer).unwrap_or(0);
        peer.set_nonblocking(false).unwrap();
        count > 0 && String::from_utf8_lossy(&answer[..count]).contains(text)
    };
    peers.iter().filter(has_answer).count()
}

/// Waits until the free ones are answered, and a little longer; no more may be than were due.
#[track_caller]
fn check_judged(what: &str, peers: &[TcpStream], since: Instant) {
    until("the free ones are judged", || (5 <= answered(peers, "")).then_some(()));
    until("some time is over", || (Duration::from_millis(700) < since.elapsed()).then_some(()));
    let judged = answered(peers, "");
    let most = judged_max(since.elapsed());
    assert!(judged <= most, "{what}: {judged} of {} judged, not {most}", peers.len());
    assert!(judged < peers.len() / 2, "{what}: {judged} judged");
}

/// Connects to a listener from an address of its own, so that no other guesses count.
fn dial(broker: &Broker, listener: &str, from: u8) -> TcpStream {
    let kind = socket2::Type::STREAM;
    let socket = socket2::Socket::new(socket2::Domain::IPV4, kind, None).unwrap();
    let from: std::net::SocketAddr = ([127, 0, 0, from], 0).into();
    socket.bind(&from.into()).unwrap();
    socket.connect(&broker.address_of(listener).into()).unwrap();
    let stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

#[test]
fn of_many_guesses_at_once_a_few_are_judged_and_the_others_wait() {
    let broker = start(PATIENT);
    let started = Instant::now();
    let guess = |number: usize| {
        let mut stream = dial(&broker, "listen-1", 9);
        let packet = json!({"conn": {"cl": "ada", "at": format!("wrong{number}")}});
        stream.write_all(format!("{packet}\0").as_bytes()).unwrap();
        stream
    };
    let guesses: Vec<_> = (0..300).map(guess).collect();
    check_judged("300 tokens", &guesses, started);

    // Whoever has a token that nobody can guess comes in at once, from the same address too, where a
    // wrong one would wait for minutes; one that can be guessed waits like a password.
    for client in ["ada", "bob"] {
        let mut peer = Peer::connect_from(&broker, [127, 0, 0, 9].into(), Transport::Tcp).unwrap();
        peer.send(json!({"conn": {"cl": client, "at": format!("a-token-of-{client}-s")}}));
        peer.expect(r#"{"connAck":{"st":1,"ts":"*"}}"#);
    }
    let mut pin = Peer::connect_from(&broker, [127, 0, 0, 9].into(), Transport::Tcp).unwrap();
    pin.send(r#"{"conn":{"cl":"pin","at":"1234"}}"#);
    pin.expect_nothing_for(Duration::from_millis(300));

    // They hang up, and are waited for no longer.
    drop((guesses, pin));
    until("they are given up", || {
        let stats = http::ask(&broker, "GET /v1/stats", Some("a-key-that-nobody-guesses"), "");
        (stats.json()["connections"].as_u64().unwrap() == 0).then_some(())
    });
}

#[test]
fn guesses_of_all_kinds_are_counted_before_they_are_judged() {
    let broker = start(PATIENT);
    add_user(&broker, "homer", "d'oh");
    wait_for_reload(&broker);
    type Say = fn(usize) -> String;
    let in_coremq = |object: String| format!("+{} - {object}", object.len() + 2);
    let kinds: [(&str, &str, u8, Say); 6] = [
        ("passwords", "listen-1", 11, |number| {
            let dt = json!({"client_name": "homer", "password": number.to_string()});
            format!("{}\0", json!({"auth": {"dt": dt}}))
        }),
        ("logins", "listen-1", 12, |number| {
            let login = json!({"email": format!("nobody{number}"), "password": "x"});
            format!("{}\0", json!({"auth": {"dt": {"login": login}}}))
        }),
        ("JWTs", "listen-1", 13, |number| {
            format!("{}\0", json!({"auth": {"dt": {"jwt": format!("a.b.{number}")}}}))
        }),
        ("options of CoreMQ", "coremq", 14, |number| {
            json!({"coremq_options": {"client": "ada", "token": number.to_string()}}).to_string()
        }),
        ("names of PubSubX", "pubsubx", 15, |number| format!("CONNECT bob {number}\n\nx")),
        ("keys of the API", "http", 16, |number| {
            format!("GET /v1/stats HTTP/1.1\r\nHost: x\r\nX-API-Key: wrong-key-{number}\r\n\r\n")
        }),
    ];
    for (what, listener, from, say) in kinds {
        let started = Instant::now();
        let guess = |number: usize| {
            let mut stream = dial(&broker, listener, from);
            let said = say(number);
            if listener == "coremq" {
                // Its server speaks first.
                std::io::Read::read(&mut stream, &mut [0; 512]).unwrap();
                stream.write_all(in_coremq(said).as_bytes()).unwrap();
            } else {
                stream.write_all(said.as_bytes()).unwrap();
            }
            stream
        };
        let guesses: Vec<_> = (0..30).map(guess).collect();
        check_judged(what, &guesses, started);
    }
    // None of them keeps a program with a key waiting, nor a client with a token, though all come from
    // addresses and go for clients at which others guessed.
    let mut program = dial(&broker, "http", 16);
    let request = "GET /v1/stats HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
                   X-API-Key: a-key-that-nobody-guesses\r\n\r\n";
    program.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    std::io::Read::read_to_string(&mut program, &mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let mut bob = PubsubxPeer::connect(&broker, Transport::Tcp);
    bob.send("CONNECT bob a-token-of-bob-s");
    bob.expect("OK: Conn accepted");
    let mut ada = CoremqPeer::connect(&broker, Transport::Tcp);
    let options = json!({"coremq_options": {"client": "ada", "token": "a-token-of-ada-s"}});
    ada.expect_response("-", &options, "OK: Options set");
    assert_eq!(http::ask(&broker, "GET /v1/stats", None, "").status, 401);
}

#[test]
fn a_password_from_elsewhere_does_not_wait_for_hundreds_of_wrong_ones() {
    let broker = start("[access]\nmode = \"tokens\"\nattempt_delay_max = \"0s\"\n");
    add_user(&broker, "ada", "correct horse");
    wait_for_reload(&broker);
    let guess = |number: usize| {
        let mut stream = dial(&broker, "listen-1", 9);
        let dt = json!({"client_name": "ada", "password": format!("wrong{number}")});
        stream.write_all(format!("{}\0", json!({"auth": {"dt": dt}})).as_bytes()).unwrap();
        stream
    };
    let guesses: Vec<_> = (0..800).map(guess).collect();
    // Those behind the longest line of one address are told so at once.
    let busy = "the server cannot decide this now; try again later";
    // On a machine with a great many cores they may all be judged before there is a line.
    until("the line is full", || {
        let is_over = answered(&guesses, "") == guesses.len();
        (0 < answered(&guesses, busy) || is_over).then_some(())
    });
    let wrong = "name or password is wrong";
    let before = answered(&guesses, wrong);
    let mut ada = Peer::connect(&broker, Transport::Tcp);
    let dt = json!({"client_name": "ada", "password": "correct horse"});
    let answer = ada.ask(json!({"auth": {"dt": dt}}));
    let judged = answered(&guesses, wrong) - before;
    assert_eq!(answer["authAck"]["cl"], "ada", "{answer}");
    // Those under way, and one in between for each.
    let cores = std::thread::available_parallelism().unwrap().get();
    assert!(judged <= 5 * cores, "{judged} were judged first");
}

#[test]
fn one_that_publishes_and_goes_while_its_password_is_checked_has_published() {
    let settings = "[access]\nmode = \"tokens\"\nfailed_attempts_max = 1\n\
                    attempt_delay_max = \"900ms\"\n\
                    tokens = [{ client = \"ada\", token = \"token-of-ada\" }]\n";
    let broker = start(settings);
    add_user(&broker, "homer", "d'oh");
    wait_for_reload(&broker);
    let mut ada = online(&broker, "ada");
    ada.subscribe("room");
    for wrong in 0..4 {
        let mut homer = PubsubxPeer::connect(&broker, Transport::Tcp);
        homer.send(format!("CONNECT homer {wrong}"));
        homer.expect("ERROR: Token not valid for this name");
    }
    let mut homer = TcpStream::connect(broker.address_of("pubsubx")).unwrap();
    homer.write_all(b"CONNECT homer d'oh\n\nxPUBLISH room hello\n\nx").unwrap();
    homer.shutdown(Shutdown::Both).unwrap();
    drop(homer);
    ada.expect(r#"{"push":{"cn":"room","dt":"hello","cl":"homer"}}"#);
}
