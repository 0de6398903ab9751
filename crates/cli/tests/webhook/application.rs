//! An application that answers as its test says, and remembers what it was asked.

use std::{
    io::{BufRead, BufReader, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use aws_lc_rs::hmac;
use rialto_testkit::PATIENCE;
use serde_json::{Value, json};

use crate::SECRET;

/// A server for HTTP on a port of its own. A request with a wrong signature gets 401.
pub(crate) struct Application {
    address: SocketAddr,
    shared: Arc<Shared>,
}

/// What is answered to a request.
pub(crate) enum Answer {
    /// 204: the server goes on by itself.
    Default,
    /// 200 with this object.
    Json(Value),
    /// These bytes, whatever they are, and the end of the connection.
    Raw(String),
}

/// What holds answers back until a test opens it.
#[derive(Clone, Default)]
pub(crate) struct Barrier(Arc<(Mutex<bool>, Condvar)>);

type Script = dyn Fn(&Value) -> Answer + Send + Sync;

struct Shared {
    script: Box<Script>,
    events: Mutex<Vec<Value>>,
    changed: Condvar,
    at_once: AtomicUsize,
    at_once_most: AtomicUsize,
}

impl Application {
    /// Starts one that answers by `script`, which may take its time.
    pub(crate) fn start(script: impl Fn(&Value) -> Answer + Send + Sync + 'static) -> Self {
        Application::start_at("127.0.0.1:0".parse().unwrap(), script)
    }

    /// Starts one at an address that is known to be free.
    pub(crate) fn start_at(
        address: SocketAddr,
        script: impl Fn(&Value) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            script: Box::new(script),
            events: Mutex::default(),
            changed: Condvar::new(),
            at_once: AtomicUsize::new(0),
            at_once_most: AtomicUsize::new(0),
        });
        let served = shared.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = served.clone();
                thread::spawn(move || shared.serve(&stream));
            }
        });
        Application { address, shared }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Returns all events so far, in the order they came.
    pub(crate) fn events(&self) -> Vec<Value> {
        self.shared.events.lock().unwrap().clone()
    }

    /// Returns the events of that kind so far.
    pub(crate) fn events_of(&self, kind: &str) -> Vec<Value> {
        self.events().into_iter().filter(|event| event["event"] == kind).collect()
    }

    /// Waits until so many events of a kind have come, and returns them.
    #[track_caller]
    pub(crate) fn wait_for(&self, kind: &str, count: usize) -> Vec<Value> {
        let is_of_kind = |event: &&Value| event["event"] == kind;
        let events = self.shared.events.lock().unwrap();
        let too_few = |events: &mut Vec<Value>| events.iter().filter(is_of_kind).count() < count;
        let (events, waited) =
            self.shared.changed.wait_timeout_while(events, PATIENCE, too_few).unwrap();
        assert!(!waited.timed_out(), "{count} × {kind} did not come, only {events:?}");
        events.iter().filter(is_of_kind).cloned().collect()
    }

    /// Returns how many requests were at most under way.
    pub(crate) fn at_once_most(&self) -> usize {
        self.shared.at_once_most.load(SeqCst)
    }
}

impl Answer {
    pub(crate) fn allow() -> Self {
        Answer::Json(json!({"allow": true}))
    }

    pub(crate) fn deny(reason: &str) -> Self {
        Answer::Json(json!({"allow": false, "mg": reason}))
    }

    /// An answer of that status, without a body.
    pub(crate) fn status(status: &str) -> Self {
        Answer::Raw(format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"))
    }
}

impl Barrier {
    /// Waits until it is open.
    pub(crate) fn pass(&self) {
        let (is_open, opened) = &*self.0;
        drop(opened.wait_while(is_open.lock().unwrap(), |is_open| !*is_open).unwrap());
    }

    /// Lets all pass, from now on.
    pub(crate) fn open(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }
}

impl Shared {
    fn serve(&self, stream: &TcpStream) {
        stream.set_nodelay(true).unwrap();
        let mut reader = BufReader::new(stream);
        while let Some((headers, body)) = read_request(&mut reader) {
            let answer =
                if is_signed(&headers, &body) { self.answer(&body) } else { unauthorized() };
            let (bytes, is_last) = match answer {
                Answer::Default => ("HTTP/1.1 204 No Content\r\n\r\n".to_owned(), false),
                Answer::Json(value) => {
                    let json = value.to_string();
                    let length = json.len();
                    (format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{json}"), false)
                }
                Answer::Raw(bytes) => (bytes, true),
            };
            if (&*stream).write_all(bytes.as_bytes()).is_err() || is_last {
                return;
            }
        }
    }

    fn answer(&self, body: &str) -> Answer {
        let now = self.at_once.fetch_add(1, SeqCst) + 1;
        self.at_once_most.fetch_max(now, SeqCst);
        let event: Value = serde_json::from_str(body).unwrap();
        self.events.lock().unwrap().push(event.clone());
        self.changed.notify_all();
        let answer = (self.script)(&event);
        self.at_once.fetch_sub(1, SeqCst);
        answer
    }
}

fn unauthorized() -> Answer {
    Answer::status("401 Unauthorized")
}

/// Returns the headers, a line each in small letters but for their values, and the body.
fn read_request(reader: &mut impl BufRead) -> Option<(Vec<(String, String)>, String)> {
    let mut headers = Vec::new();
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|&length| length > 0)?;
    loop {
        line.clear();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.push((name.to_ascii_lowercase(), value.to_owned()));
    }
    let mut body = vec![0; header(&headers, "content-length").parse().ok()?];
    reader.read_exact(&mut body).ok()?;
    Some((headers, String::from_utf8(body).ok()?))
}

fn header<'h>(headers: &'h [(String, String)], name: &str) -> &'h str {
    headers.iter().find(|(it, _)| it == name).map_or("", |(_, value)| value)
}

/// Says whether the request is the server's: signed, just now, and its headers say what it says.
fn is_signed(headers: &[(String, String)], body: &str) -> bool {
    let timestamp = header(headers, "rialto-timestamp");
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let tag = hmac::sign(&key, format!("{timestamp}.{body}").as_bytes());
    let digits: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let age = timestamp.parse().map_or(Duration::MAX, |s| now.abs_diff(Duration::from_secs(s)));
    let event: Value = serde_json::from_str(body).unwrap_or_default();
    header(headers, "rialto-signature") == format!("sha256={digits}")
        && age < PATIENCE
        && event["event"] == header(headers, "rialto-event")
        && event["id"] == header(headers, "rialto-delivery")
}
