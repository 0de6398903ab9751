use rialto_testkit::*;
use serde_json::json;
#[test]
fn nul() {
    let broker = Broker::with(env!("CARGO_BIN_EXE_rialto"), &["limits.packet_bytes_max=64KiB"]);
    for t in [Transport::Tcp, Transport::Tls, Transport::WebSocket, Transport::WebSocketTls] {
        for round in 0..3 {
            let mut ada = Peer::online(&broker, t, "ada");
            let piece = if t.is_websocket() { [0x81, 0x80, 0, 0, 0, 0].repeat(100_000) } else { vec![0; 1 << 20] };
            let n = if t.is_websocket() { 5 } else { 50 };
            for _ in 0..n { ada.send_raw(&piece); }
            ada.expect_silence();
            ada.leave();
            println!("{t} {round} {} KiB", broker.memory_bytes() >> 10);
        }
    }
}
#[test]
fn persistent() {
    let broker = Broker::with(env!("CARGO_BIN_EXE_rialto"), &["limits.outbox_bytes_max=1MiB", "limits.packet_bytes_max=64KiB"]);
    let data = "x".repeat(32 << 10);
    for who in ["none", "reader", "sleeper", "sleeper", "sleeper"] {
        let mut sleeper = Peer::online(&broker, Transport::Tcp, "asleep");
        if who == "sleeper" || who == "reader" { sleeper.subscribe_for_good("room"); }
        let mut bob = Peer::online(&broker, Transport::Tcp, "bob");
        for n in 0..1500 {
            bob.send(json!({"pub": {"cn": "room", "dt": [n, data], "q": 1, "id": "1"}}));
            bob.expect(r#"{"pubAck":{"st":1,"id":"1"}}"#);
            if who == "reader" {
                let p = sleeper.recv();
                sleeper.send(json!({"pushAck": {"id": p["push"]["id"]}}));
            }
            if n % 500 == 0 { println!("{who} {n} {} KiB", broker.memory_bytes() >> 10); }
        }
        println!("{who} {} KiB", broker.memory_bytes() >> 10);
        if who == "sleeper" {
            for n in 0..1500 {
                let p = sleeper.recv();
                assert_eq!(p["push"]["dt"][0], n);
                sleeper.send(json!({"pushAck": {"id": p["push"]["id"]}}));
            }
        }
        if who != "none" {
        sleeper.send(r#"{"unsub":{"cn":"room"}}"#);
        sleeper.expect(r#"{"unsubAck":{"st":1,"cn":"room"}}"#);
        }
        println!("{who} end {} KiB", broker.memory_bytes() >> 10);
        sleeper.leave();
        bob.leave();
    }
}
