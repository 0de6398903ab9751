//! An application in the test's own process, which answers as the test says.

use std::{
    io::{BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex, mpsc},
    thread,
};

use rialto_testkit::PATIENCE;
use serde_json::Value;

use super::http::{field, length_of, read_head};

/// What the application says to an event.
pub(crate) enum Say {
    /// This, with status 200.
    Json(Value),
    /// Another status.
    Status(u16),
    /// Something that is no JSON.
    Garbage,
    /// Nothing, for as long as the test runs.
    Nothing,
}

/// One request.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) head: String,
    pub(crate) text: String,
    pub(crate) body: Value,
}

/// A running application. Its thread ends with the test's process.
pub(crate) struct Application {
    address: SocketAddr,
    asked: mpsc::Receiver<Asked>,
}

type Script = dyn Fn(&Value) -> Say + Send + Sync;

impl Application {
    pub(crate) fn start(script: impl Fn(&Value) -> Say + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, asked) = mpsc::channel();
        let (script, sender): (Arc<Script>, _) = (Arc::new(script), Arc::new(Mutex::new(sender)));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (script, sender) = (script.clone(), sender.clone());
                thread::spawn(move || serve(stream, &*script, &sender));
            }
        });
        Application { address, asked }
    }

    /// Returns the settings that lead to it, besides others of `[webhook]`.
    pub(crate) fn settings(&self, more: &str) -> String {
        settings_for(self.address, more)
    }

    /// Waits for the next request of an event.
    #[track_caller]
    pub(crate) fn next(&self, event: &str) -> Asked {
        loop {
            let asked = self.asked.recv_timeout(PATIENCE);
            let asked = asked.unwrap_or_else(|_| panic!("the application heard of no {event}"));
            if asked.body["event"] == event {
                return asked;
            }
        }
    }

    /// Returns the events it has heard of and nobody has asked for yet.
    pub(crate) fn heard(&self) -> Vec<Asked> {
        self.asked.try_iter().collect()
    }
}

pub(crate) fn settings_for(address: SocketAddr, more: &str) -> String {
    format!(
        "[webhook]\nurl = \"http://{address}/events\"\nsecret = \"a secret of the test\"\n{more}\n"
    )
}

fn serve(stream: TcpStream, script: &Script, sender: &Mutex<mpsc::Sender<Asked>>) {
    let mut out = stream.try_clone().unwrap();
    let mut stream = BufReader::new(stream);
    while let Some(head) = read_head(&mut stream) {
        let mut bytes = vec![0; length_of(&head).unwrap_or(0)];
        if stream.read_exact(&mut bytes).is_err() {
            return;
        }
        let text = String::from_utf8(bytes).unwrap();
        let body: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(field(&head, "rialto-event"), body["event"].as_str());
        // The test may be over.
        _ = sender.lock().unwrap().send(Asked { head, text, body: body.clone() });
        let said = script(&body);
        let (status, answer) = match said {
            Say::Json(answer) => (200, answer.to_string()),
            Say::Status(status) => (status, String::new()),
            Say::Garbage => (200, "<html>".to_owned()),
            Say::Nothing => {
                thread::park();
                return;
            }
        };
        let length = answer.len();
        let answer = format!("HTTP/1.1 {status} X\r\nContent-Length: {length}\r\n\r\n{answer}");
        if out.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}
