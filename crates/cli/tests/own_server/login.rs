//! Who may come in: passwords, preset tokens, JWTs, in each dialect's way.

use std::{
    process::{Command, Stdio},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use rialto_testkit::{Broker, CoremqPeer, Peer, PubsubxPeer, Transport};
use serde_json::{Value, json};

use super::{TOKENS, common::PROGRAM, online, start, status};

/// HMAC of JWTs, at least 32 bytes.
const JWT_SECRET: &str = "a secret of thirty-two bytes, or more";

/// Adds a user as an operator does, with the command.
#[track_caller]
pub(crate) fn add_user(broker: &Broker, name: &str, password: &str) {
    let mut command = Command::new(PROGRAM);
    command.args(["user", "add", name, "--password-stdin", "--data-dir"]).arg(broker.data_dir());
    let mut child = command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), password.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Waits until the broker has taken a changed file up.
pub(crate) fn wait_for_reload(broker: &Broker) {
    broker.wait_for_log("line that files were reloaded", |line| {
        line["message"].as_str().is_some_and(|text| text.ends_with("were reloaded"))
    });
}

#[test]
fn a_user_comes_in_with_its_password_in_every_dialect() {
    let broker = start("[access]\nmode = \"tokens\"\n");
    add_user(&broker, "homer", "d'oh d'oh");
    add_user(&broker, "ada", "correct horse");
    wait_for_reload(&broker);

    let mut ada = Peer::connect(&broker, Transport::Tcp);
    let auth = json!({"auth": {"dt": {"client_name": "ada", "password": "correct horse"}}});
    let answer = ada.ask(&auth);
    assert_eq!(answer["authAck"]["cl"], "ada", "{answer}");
    let token = &answer["authAck"]["at"];
    ada.send(json!({"conn": {"cl": "ada", "at": token}}));
    ada.expect(r#"{"connAck":{"st":1,"ts":"*"}}"#);

    let mut pump = CoremqPeer::connect(&broker, Transport::Tcp);
    let options = json!({"coremq_options": {"client": "ada", "token": "correct horse"}});
    pump.expect_response("-", &options, "OK: Options set");

    let mut homer = PubsubxPeer::connect(&broker, Transport::Tcp);
    homer.send("CONNECT homer d'oh d'oh");
    homer.expect("OK: Conn accepted");
    let mut bart = PubsubxPeer::connect(&broker, Transport::Tcp);
    bart.send("CONNECT bart d'oh d'oh");
    bart.expect("ERROR: Token not valid for this name");
}

#[test]
fn a_wrong_password_and_an_unknown_user_get_the_same_answer() {
    let broker = start("[access]\nmode = \"tokens\"\nattempt_delay_max = \"0s\"\n");
    add_user(&broker, "ada", "correct-horse");
    wait_for_reload(&broker);
    let mut eve = Peer::connect(&broker, Transport::Tcp);
    let mut answer = |name: &str| {
        let auth = json!({"auth": {"dt": {"client_name": name, "password": "guess"}}});
        status(&eve.ask(auth), "authAck")
    };
    let wrong = answer("ada");
    assert_eq!(wrong, (0, "name or password is wrong".to_owned()));
    assert_eq!(answer("nobody"), wrong);
    let mut homer = PubsubxPeer::connect(&broker, Transport::Tcp);
    homer.send("CONNECT ada correct-horse");
    homer.expect("OK: Conn accepted");
}

#[test]
fn only_the_tokens_that_were_given_open_sessions() {
    let broker = start(TOKENS);
    online(&broker, "ada").leave();
    let mut eve = Peer::connect(&broker, Transport::WebSocket);
    let answer = eve.ask(r#"{"conn":{"cl":"ada","at":"token-of-bob"}}"#);
    assert_eq!(status(&answer, "connAck").0, 6, "{answer}");
    let answer = eve.ask(r#"{"auth":{"dt":{"client_name":"eve"}}}"#);
    assert_eq!(status(&answer, "authAck").0, 7, "{answer}");
}

#[test]
fn a_jwt_says_who_its_holder_is_what_it_may_do_and_until_when() {
    let broker = start(&format!(
        "[access]\nmode = \"tokens\"\n\
         jwt = [{{ name = \"shop\", algorithms = [\"HS256\"], secret = \"{JWT_SECRET}\", \
         issuer = \"shop\", client_claim = \"user\" }}]\n"
    ));
    let token = |claims: Value| jwt(&claims);
    let rights = json!({"publish": ["orders/*"], "subscribe": ["orders/7"]});
    let good =
        token(json!({"iss": "shop", "user": "ada", "exp": in_seconds(3600), "rialto": rights}));
    let mut ada = Peer::connect(&broker, Transport::Tcp);
    let answer = ada.ask(json!({"auth": {"dt": {"jwt": good}}}));
    assert_eq!(answer["authAck"]["cl"], "ada", "{answer}");
    ada.send(json!({"conn": {"cl": "ada", "at": good}}));
    ada.expect(r#"{"connAck":{"st":1,"ts":"*"}}"#);
    assert_eq!(status(&ada.ask(r#"{"sub":{"cn":"orders/7"}}"#), "subAck").0, 1);
    let denied = status(&ada.ask(r#"{"sub":{"cn":"orders/8"}}"#), "subAck");
    assert_eq!(denied.0, 7);
    assert!(denied.1.contains("token"), "{}", denied.1);

    let expired = token(json!({"iss": "shop", "user": "bob", "exp": in_seconds(-1)}));
    let foreign = token(json!({"iss": "elsewhere", "user": "bob", "exp": in_seconds(3600)}));
    for bad in [&expired, &foreign] {
        let mut bob = Peer::connect(&broker, Transport::Tcp);
        let answer = bob.ask(json!({"conn": {"cl": "bob", "at": bad}}));
        assert_eq!(status(&answer, "connAck").0, 6, "{answer}");
    }
}

#[test]
fn a_session_ends_when_its_jwt_does() {
    // J-122
    let broker = start(&format!(
        "[access]\nmode = \"tokens\"\n\
         jwt = [{{ name = \"shop\", algorithms = [\"HS256\"], secret = \"{JWT_SECRET}\" }}]\n"
    ));
    let mut cleo = Peer::connect(&broker, Transport::Tcp);
    let expires = in_seconds(2);
    cleo.send(json!({"conn": {"cl": "cleo", "at": jwt(&json!({"sub": "cleo", "exp": expires}))}}));
    cleo.expect(r#"{"connAck":{"st":1,"ts":"*"}}"#);
    cleo.expect_last_word(1008, 7);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let late = now.saturating_sub(Duration::from_secs(expires as u64));
    assert!(late < Duration::from_secs(2), "it ended {late:?} too late");
    assert_eq!(in_seconds(0).max(expires), in_seconds(0), "it ended too early");
}

#[test]
fn a_jwt_with_a_claim_of_another_type_opens_nothing_and_the_claim_is_named() {
    let broker = start(&format!(
        "[access]\nmode = \"tokens\"\nattempt_delay_max = \"0s\"\n\
         jwt = [{{ name = \"shop\", algorithms = [\"HS256\"], secret = \"{JWT_SECRET}\" }}]\n"
    ));
    let soon = in_seconds(3600);
    for (name, value) in [
        ("nbf", json!(soon.to_string())),
        ("iat", json!("yesterday")),
        ("exp", json!(soon.to_string())),
        ("aud", json!(7)),
        ("groups", json!(7)),
    ] {
        let mut claims = json!({"sub": "ada", "exp": soon});
        claims[name] = value;
        let token = jwt(&claims);
        let mut ada = Peer::connect(&broker, Transport::Tcp);
        let (st, mg) = status(&ada.ask(json!({"auth": {"dt": {"jwt": token}}})), "authAck");
        assert!(st == 0 && mg.contains(&format!("\"{name}\"")), "{name}: {st} {mg}");
        assert_eq!(status(&ada.ask(json!({"conn": {"cl": "ada", "at": token}})), "connAck").0, 6);
    }
    let ahead = jwt(&json!({"sub": "ada", "exp": soon, "iat": soon - 1}));
    let mut ada = Peer::connect(&broker, Transport::Tcp);
    assert_eq!(status(&ada.ask(json!({"conn": {"cl": "ada", "at": ahead}})), "connAck").0, 6);
}

fn in_seconds(seconds: i64) -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    now as i64 + seconds
}

/// Signs claims as an issuer does, with Python's standard library.
fn jwt(claims: &Value) -> String {
    const SIGN: &str = "import base64, hashlib, hmac, sys\n\
        b = lambda x: base64.urlsafe_b64encode(x).rstrip(b'=')\n\
        t = b(b'{\"alg\":\"HS256\",\"typ\":\"JWT\"}') + b'.' + b(sys.argv[2].encode())\n\
        s = hmac.new(sys.argv[1].encode(), t, hashlib.sha256).digest()\n\
        print((t + b'.' + b(s)).decode(), end='')";
    let signed =
        Command::new("python3").args(["-c", SIGN, JWT_SECRET, &claims.to_string()]).output();
    let signed = signed.unwrap();
    assert!(signed.status.success(), "{}", String::from_utf8_lossy(&signed.stderr));
    String::from_utf8(signed.stdout).unwrap()
}
