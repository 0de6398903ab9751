//! `rialto request`.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread;

use rialto_testkit::Broker;
use serde_json::Value;

use crate::{common::PROGRAM, rialto, rialto_in};

fn server_of(broker: &Broker) -> String {
    format!("jmqt://{}", broker.address())
}

#[test]
fn the_answer_of_a_control_channel_is_printed_as_json() {
    let broker = Broker::start(PROGRAM);
    let server = server_of(&broker);
    let ask = |args: &[&str]| -> Value {
        let args = [&["request", "--server", &server], args].concat();
        serde_json::from_str(&rialto(&args).printed()).unwrap()
    };
    assert_eq!(ask(&["$whoami", "--client", "ada"])["client"], "ada");
    // The shell's $ may be left out; what is asked with may be anything.
    assert!(ask(&["time"])["unix_ms"].as_u64().is_some());
    assert!(ask(&["stats", r#"{"any": 1}"#])["published"].is_u64());

    let published = ["pub", "--server", &server, "--retain", "lamp", "on"];
    rialto(&published).printed();
    assert_eq!(ask(&["removeRetained", r#"{"cn": "lamp"}"#])["removed"], true);
    let args = ["request", "--server", &server, "removeRetained", "-"];
    let dir = tempfile::tempdir().unwrap();
    let printed = rialto_in(dir.path(), &[], &args, "{\"cn\": \"lamp\"}\n").printed();
    assert_eq!(printed, "{\"removed\":false}\n");
}

#[test]
fn a_question_that_is_refused_ends_with_1_and_says_why() {
    let broker = Broker::start(PROGRAM);
    let server = server_of(&broker);
    let said = rialto(&["request", "--server", &server, "tiem"]).failed(1);
    assert!(said.starts_with("rialto: $tiem refused with status 11 (invalid channel)"), "{said}");
    assert!(said.contains("`rialto request --help` lists those of a broker"), "{said}");
    let said = rialto(&["request", "--server", &server, "removeRetained"]).failed(1);
    assert!(said.contains("status 10 (invalid packet)"), "{said}");
}

#[test]
fn a_name_that_the_shell_has_emptied_and_data_that_is_no_json_are_refused() {
    let said = rialto(&["request", ""]).failed(2);
    assert!(said.contains("the name of the channel is empty"), "{said}");
    assert!(said.contains("single quotes"), "{said}");
    let said = rialto(&["request", "removeRetained", "{cn: lamp}"]).failed(2);
    assert!(said.contains("the payload looks like JSON, but is not"), "{said}");
}

#[test]
fn a_broker_that_does_not_answer_ends_it_with_4() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = format!("jmqt://{}", listener.local_addr().unwrap());
    let serving = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        assert!(stream.read(&mut [0; 1024]).unwrap() > 0);
        stream.write_all(b"{\"authAck\":{\"st\":1,\"at\":\"t\",\"cl\":\"a\"}}\0").unwrap();
        assert!(stream.read(&mut [0; 1024]).unwrap() > 0);
        stream.write_all(b"{\"connAck\":{\"st\":1,\"ts\":60}}\0").unwrap();
        _ = stream.read_to_end(&mut Vec::new());
    });
    let args = ["request", "time", "--server", &server, "--timeout", "500ms"];
    let said = rialto(&args).failed(4);
    serving.join().unwrap();
    assert_eq!(said, "rialto: $time has not answered for 500ms\n");
}
