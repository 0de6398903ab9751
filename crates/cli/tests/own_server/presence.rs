//! Who comes and goes, and what clients are subscribed to without asking.

use rialto_testkit::{CoremqPeer, Peer, PubsubxPeer, Transport};
use serde_json::json;

use super::start;

const SETTINGS: &str = r#"
[access]
presence_channel = "update"
subscribe = [{ channel = "update" }, { channel = "box/{client}", client = "a*" }]
"#;

#[test]
fn everybody_hears_of_everybody_and_first_of_themselves() {
    // J-99, J-100
    let broker = start(SETTINGS);
    let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
    ada.expect(r#"{"push":{"cn":"update","dt":{"online":"ada"},"cl":""}}"#);
    let mut bob = Peer::online(&broker, Transport::WebSocket, "bob");
    bob.expect(r#"{"push":{"cn":"update","dt":{"online":"bob"},"cl":""}}"#);
    ada.expect(r#"{"push":{"cn":"update","dt":{"online":"bob"},"cl":""}}"#);
    bob.send(r#"{"pub":{"cn":"box/ada","dt":1}}"#);
    ada.expect(r#"{"push":{"cn":"box/ada","dt":1,"cl":"bob"}}"#);

    let mut homer = PubsubxPeer::online(&broker, Transport::Tcp, "homer");
    homer.expect(r#"update {"online":"homer"}"#);
    ada.expect(r#"{"push":{"cn":"update","dt":{"online":"homer"},"cl":""}}"#);
    let mut queue = CoremqPeer::connect(&broker, Transport::Tcp);
    let id = queue.id().to_owned();
    let (name, message) = queue.recv();
    assert_eq!((&*name, &message["online"]), ("update", &json!(id)));
    ada.expect(json!({"push": {"cn": "update", "dt": {"online": id}, "cl": ""}}));

    bob.expect(r#"{"push":{"cn":"update","dt":{"online":"homer"},"cl":""}}"#);
    bob.expect(json!({"push": {"cn": "update", "dt": {"online": id}, "cl": ""}}));
    bob.leave();
    ada.expect(r#"{"push":{"cn":"update","dt":{"offline":"bob"},"cl":""}}"#);
    homer.expect(format!(r#"update {{"online":"{id}"}}"#));
    homer.expect(r#"update {"offline":"bob"}"#);
    homer.leave();
    ada.expect(r#"{"push":{"cn":"update","dt":{"offline":"homer"},"cl":""}}"#);
    queue.hang_up();
    ada.expect(json!({"push": {"cn": "update", "dt": {"offline": id}, "cl": ""}}));
}

#[test]
fn a_takeover_is_no_going_and_a_crash_is_told_of_afterwards() {
    let mut broker = start(SETTINGS);
    let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
    ada.expect(r#"{"push":{"cn":"update","dt":{"online":"ada"},"cl":""}}"#);
    let _first = Peer::online(&broker, Transport::Tcp, "bob");
    ada.expect(r#"{"push":{"cn":"update","dt":{"online":"bob"},"cl":""}}"#);
    let _second = Peer::online(&broker, Transport::Tcp, "bob");
    ada.expect_silence();
    // The store has heard of them within a tick.
    let shell = super::common::shell(&broker.data_dir());
    super::until("the open sessions are stored", || {
        let count: u32 =
            shell.query_one("SELECT count(*) FROM session", [], |row| row.get(0)).unwrap();
        (count == 2).then_some(())
    });
    drop(shell);
    broker.restart();
    let answer = super::http::ask(&broker, "GET /v1/stats", None, "");
    assert_eq!(answer.status, 403, "the API is closed without keys");
    // What was said before anybody could listen is in the channel's history.
    let mut late = CoremqPeer::connect(&broker, Transport::Tcp);
    late.send("-", json!({"coremq_gethistory": ["update"]}));
    let history = super::until("the history comes", || {
        let (_, answer) = late.recv();
        answer["history"].is_object().then_some(answer)
    });
    for client in ["ada", "bob"] {
        assert!(history.to_string().contains(&format!("\"offline\":\"{client}\"")), "{history}");
    }
}
