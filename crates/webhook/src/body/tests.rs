use std::sync::Arc;

use rialto_application::{ClientId, Protocol};

use super::*;

#[test]
fn the_same_publish_with_another_payload_is_the_same_question() {
    assert!(question(&publish("1")) == question(&publish("2")));
}

#[test]
fn a_publish_elsewhere_or_otherwise_is_another_question() {
    let first = question(&publish("1"));
    assert!(first != question(&PublishRequest { channel: "hall".to_owned(), ..publish("1") }));
    assert!(first != question(&PublishRequest { retain: true, ..publish("1") }));
    assert!(first != question(&PublishRequest { qos: Qos::AtLeastOnce, ..publish("1") }));
    assert!(first != question(&PublishRequest { client: client("bob"), ..publish("1") }));
}

#[test]
fn a_control_question_is_another_with_another_payload() {
    let control = |payload: &str| {
        let name = "hello".to_owned();
        let client = client("ada");
        let request = ControlRequest { client, name, payload: payload.to_owned() };
        Body::control(&request, "$hello").unwrap().question()
    };
    assert!(control("1") == control("1"));
    assert!(control("1") != control("2"));
}

#[test]
fn the_address_is_no_part_of_a_question_but_the_groups_and_the_certificate_are() {
    let first = question(&publish("1"));
    let change = |change: fn(&mut Client)| {
        let mut client = Client::clone(&client("ada"));
        change(&mut client);
        question(&PublishRequest { client: Arc::new(client), ..publish("1") })
    };
    assert!(first == change(|client| client.peer.address = "10.0.0.9:1".parse().unwrap()));
    assert!(first != change(|client| client.groups.clear()));
    assert!(first != change(|client| client.peer.certificate = Some("ada".to_owned())));
}

#[test]
fn a_session_that_no_token_opens_is_another_question_with_another_token() {
    let connect = |token: &str, verdict: Option<&str>| {
        let request = ConnectRequest {
            client: ClientId::from("ada"),
            token: token.to_owned(),
            verdict: Ok(()),
            peer: peer(),
        };
        Body::connect(&request, verdict).question()
    };
    assert!(connect("t", None) == connect("t", None));
    assert!(connect("t", None) != connect("u", None));
    assert!(connect("t", None) != connect("t", Some("expired")));
}

#[test]
fn what_is_no_json_is_refused_and_not_sent() {
    assert!(matches!(Body::publish(&publish("{")), Err(Reject::InvalidPacket)));
}

fn question(request: &PublishRequest) -> Question {
    Body::publish(request).unwrap().question()
}

fn publish(payload: &str) -> PublishRequest {
    PublishRequest {
        client: client("ada"),
        channel: "room".to_owned(),
        payload: payload.to_owned(),
        qos: Qos::AtMostOnce,
        retain: false,
    }
}

pub(crate) fn client(name: &str) -> Arc<Client> {
    Arc::new(Client {
        id: ClientId::from(name),
        account: name.to_owned(),
        groups: ["staff".to_owned()].into(),
        peer: peer(),
    })
}

fn peer() -> Peer {
    Peer {
        address: "1.2.3.4:5".parse().unwrap(),
        protocol: Protocol::Jmqt,
        is_tls: false,
        certificate: None,
    }
}
