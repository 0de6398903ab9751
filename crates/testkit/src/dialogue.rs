//! Conversations with a broker, written as text.

use std::collections::BTreeMap;

use crate::{Broker, Names, Peer, Transport};

/// Plays conversations between a broker and the peers that the text names.
///
/// A line is a peer's name and what happens with it:
///
/// ```text
/// ada > {"conn":{"cl":"ada","at":"t1"}}   it sends a packet (and connects, if need be)
/// ada < {"connAck":{"st":1,"ts":15}}      it is sent exactly this next
/// ada online                              it connects and opens a session under its name
/// ada online over WebSocket               the same over another transport than the others
/// ada silent                              it is sent nothing: its heartbeat's answer comes next
/// ada leaves                              it says goodbye and finds its connection ended
/// ada drops                               it hangs up, and the broker has noticed
/// ada closed                              it finds its connection ended, a WebSocket with 1000
/// ada closed 1008                         … a WebSocket with this code
/// ada closed 1008 or 7                    … a socket after a last `connAck` with this status
/// broker killed                           the broker dies and starts again on the same data
/// broker stopped                          the broker ends gracefully and starts again
/// ```
///
/// A peer's name is its client id; apostrophes behind it tell connections of one client apart, as
/// in `ada'`. Values such as `"<m1>"` are names for what the broker chose; see
/// [`Names::matches`]. Empty lines and lines that begin with `//` are left out.
#[derive(Debug)]
pub struct Dialogue<'a> {
    broker: &'a mut Broker,
    transport: Transport,
    peers: BTreeMap<String, Peer>,
    names: Names,
}

/// Says which line it was, if playing it panics.
struct Line<'a> {
    text: &'a str,
    transport: Transport,
}

impl<'a> Dialogue<'a> {
    /// Begins a conversation in which peers use `transport`.
    #[must_use]
    pub fn new(broker: &'a mut Broker, transport: Transport) -> Self {
        Dialogue { broker, transport, peers: BTreeMap::new(), names: Names::default() }
    }

    /// Plays the lines of `text`, one after the other.
    ///
    /// # Panics
    /// When something else happens than a line says; the line is on standard error then.
    #[track_caller]
    pub fn play(&mut self, text: &str) {
        for text in text.lines().map(str::trim) {
            if !text.is_empty() && !text.starts_with("//") {
                let line = Line { text, transport: self.transport };
                self.step(line.text);
            }
        }
    }

    /// Returns the broker.
    pub fn broker(&mut self) -> &mut Broker {
        self.broker
    }

    /// Returns the peer of that name.
    ///
    /// # Panics
    /// When it is not connected.
    pub fn peer(&mut self, name: &str) -> &mut Peer {
        self.peers.get_mut(name).unwrap_or_else(|| panic!("{name} is not connected"))
    }

    /// Takes a peer out of the conversation.
    ///
    /// # Panics
    /// When it is not connected.
    #[track_caller]
    pub fn take(&mut self, name: &str) -> Peer {
        self.peers.remove(name).unwrap_or_else(|| panic!("{name} is not connected"))
    }

    #[track_caller]
    fn step(&mut self, line: &str) {
        let (name, act) = line.split_once(' ').unwrap_or((line, ""));
        let (verb, rest) = act.trim_start().split_once(' ').unwrap_or((act.trim_start(), ""));
        match (verb, rest.trim()) {
            ("killed", "") if name == "broker" => self.restart(false),
            ("stopped", "") if name == "broker" => self.restart(true),
            (">", packet) => {
                let packet = self.names.fill_in(packet);
                let peer = self.peers.entry(name.to_owned());
                peer.or_insert_with(|| Peer::connect(self.broker, self.transport)).send(packet);
            }
            ("<", pattern) => self.expect(name, pattern),
            ("online", over) => {
                let transport = self.transport_over(over);
                let client = name.trim_end_matches('\'');
                let peer = Peer::online(self.broker, transport, client);
                self.peers.insert(name.to_owned(), peer);
            }
            ("silent", "") => self.peer(name).expect_silence(),
            ("leaves", "") => self.take(name).leave(),
            ("drops", "") => self.take(name).hang_up(),
            ("closed", code) => self.expect_close(name, code),
            _ => panic!("not a line of a dialogue"),
        }
    }

    #[track_caller]
    fn expect(&mut self, name: &str, pattern: &str) {
        let pattern = serde_json::from_str(pattern)
            .unwrap_or_else(|error| panic!("the expected packet is no JSON: {error}"));
        match self.peer(name).next() {
            Ok(packet) => {
                let is_it = self.names.matches(&pattern, &packet);
                assert!(is_it, "{name} was sent\n    {packet}");
            }
            Err(ending) => panic!("{name} was sent nothing, its connection ended: {ending:?}"),
        }
    }

    #[track_caller]
    fn expect_close(&mut self, name: &str, how: &str) {
        let (code, status) = how.split_once(" or ").unwrap_or((how, ""));
        let code = if code.is_empty() { 1000 } else { code.parse().unwrap() };
        let mut peer = self.take(name);
        match status {
            "" => peer.expect_goodbye(code),
            status => _ = peer.expect_last_word(code, status.parse().unwrap()),
        }
    }

    fn restart(&mut self, gracefully: bool) {
        if gracefully {
            let (status, _) = self.broker.terminate();
            assert!(status.success(), "the broker ended with {status}");
        }
        self.broker.restart();
        self.peers.clear();
    }

    fn transport_over(&self, over: &str) -> Transport {
        let wanted = over.strip_prefix("over ").unwrap_or(over);
        let mut all = Transport::ALL.into_iter();
        match all.find(|transport| transport.to_string() == wanted) {
            Some(transport) => transport,
            None if over.is_empty() => self.transport,
            None => panic!("there is no transport {wanted}"),
        }
    }
}

impl Drop for Line<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("over {}, at the line\n    {}", self.transport, self.text);
        }
    }
}
