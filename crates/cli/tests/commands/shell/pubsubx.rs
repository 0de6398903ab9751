//! `rialto shell --pubsubx`, at Rialto and at a server that behaves as the original one does.

use std::{
    collections::HashMap,
    io::{Read as _, Write as _},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use rialto_testkit::{Broker, Launch, PubsubxPeer, Transport};

use crate::{common::PROGRAM, rialto_in, terminal::Terminal};

const PROMPT: &str = "Enter command or (-h):";
const CTRL_D: &str = "\u{4}";
const END: &str = "\n\nx";

fn start() -> Broker {
    Launch::of(PROGRAM).pubsubx().set("store.durability=os").start()
}

fn open() -> Terminal {
    let terminal = Terminal::open(100, "shell --pubsubx", &[("NO_COLOR", "1")]);
    terminal.wait_for("the prompt", |screen| screen.ends_with(PROMPT));
    terminal
}

/// Enters a line, and waits until `said` is shown.
#[track_caller]
fn enter(terminal: &mut Terminal, line: &str, said: &str) {
    terminal.press(&format!("{line}\r"));
    terminal.wait_for(said, |screen| screen.contains(said));
}

/// The conversation of the original's README, and what its five commands do, at any server.
fn readme(port: u16) {
    let mut homer = open();
    enter(&mut homer, "subscribe news", "ERROR: the client is not connected");
    homer.press(&format!("connect {port} homer\r"));
    homer.wait_for("what the README shows", |screen| {
        screen.contains(&format!(
            "{PROMPT} connect {port} homer\nINFO: Connection successfully established\n"
        ))
    });
    enter(&mut homer, "-h", "CONNECT <port> <name>");
    homer.wait_for("all commands", |screen| {
        ["DISCONNECT", "PUBLISH <topic> <data>", "SUBSCRIBE <topic>", "UNSUBSCRIBE <topic>"]
            .iter()
            .all(|command| screen.contains(command))
    });
    // Names in use are refused, and others go on.
    let mut other = open();
    enter(&mut other, &format!("CONNECT {port} homer"), "ERROR: ");
    other.wait_for("the reason", |screen| screen.contains("Name already taken"));
    enter(&mut other, &format!("CONNECT {port} lisa"), "INFO: Connection successfully established");
    homer.press("SUBSCRIBE news\r");
    // What one publishes oneself comes as well, so that the subscription is there.
    enter(&mut homer, "PUBLISH news are you  there?", "Topic: news  Data: are you  there?");
    enter(&mut other, "publish news hello from lisa", PROMPT);
    homer.wait_for("the message", |screen| screen.contains("Topic: news  Data: hello from lisa"));
    homer.press("unsubscribe news\r");
    enter(&mut homer, "unsubscribe news", "INFO: was not subscribed to news");
    enter(&mut homer, "subscribe probe", PROMPT);
    enter(&mut homer, "publish news nobody hears it", PROMPT);
    enter(&mut homer, "publish probe 1", "Topic: probe  Data: 1");
    assert!(!homer.screen().contains("Data: nobody hears it"), "{}", homer.screen());
    enter(&mut homer, "disconnect", "INFO: disconnected");
    for mut terminal in [homer, other] {
        terminal.press(CTRL_D);
        terminal.expect_restored(0);
    }
}

#[test]
fn the_conversation_of_the_readme_goes_the_same_way_with_rialto() {
    let broker = start();
    readme(broker.address_of("pubsubx").port());
}

#[test]
fn the_conversation_of_the_readme_goes_the_same_way_with_an_original_server() {
    readme(Original::start().port());
}

#[test]
fn a_client_that_is_back_is_told_so_and_gets_what_it_missed() {
    let broker = start();
    for port in [broker.address_of("pubsubx").port(), Original::start().port()] {
        let run = |script: &str| {
            let dir = tempfile::tempdir().unwrap();
            let outcome = rialto_in(dir.path(), &[], &["shell", "--pubsubx"], script);
            assert_eq!(outcome.code, 0, "{}", outcome.stderr);
            (outcome.stdout, outcome.stderr)
        };
        // The end of the shell is the loss of its connection.
        let (_, said) = run(&format!("connect {port} homer\nsubscribe news\nsubscribe more\n"));
        assert_eq!(said, "INFO: Connection successfully established\n");
        run(&format!("connect {port} lisa\npublish news one\npublish more  two\ndisconnect\n"));
        let (printed, said) =
            run(&format!("connect {port} homer\nwait 2 --timeout 30s\ndisconnect\n"));
        assert_eq!(printed, "Topic: news  Data: one\nTopic: more  Data:  two\n");
        let topics = said.lines().next().unwrap();
        assert!(topics.starts_with("INFO: Connection restored (RESTORED), topics: "), "{said}");
        assert!(topics.contains("news") && topics.contains("more"), "{said}");
        // And once it has said goodbye, it is new.
        let (_, said) = run(&format!("connect {port} homer\ndisconnect\n"));
        assert!(said.starts_with("INFO: Connection successfully established\n"), "{said}");
    }
}

#[test]
fn a_killed_broker_is_told_of_and_its_clients_come_back_with_their_topics() {
    let mut broker = start();
    let port = broker.address_of("pubsubx").port();
    let mut homer = open();
    enter(&mut homer, &format!("connect {port} homer"), "successfully established");
    enter(&mut homer, "subscribe news", PROMPT);
    enter(&mut homer, "publish news before", "Topic: news  Data: before");
    broker.kill();
    homer.wait_for("the loss", |screen| screen.contains("connecting again"));
    enter(&mut homer, "publish news lost", "ERROR: the client is not online");
    broker.restart();
    homer.wait_for("the broker", |screen| {
        screen.matches("INFO: Connection successfully established").count() == 2
    });
    enter(&mut homer, "publish news after", "Topic: news  Data: after");
    homer.press("quit\r");
    homer.expect_restored(0);
}

#[test]
fn what_is_no_text_and_what_a_terminal_would_obey_is_shown_as_escapes() {
    let broker = start();
    let port = broker.address_of("pubsubx").port();
    let mut homer = open();
    enter(&mut homer, &format!("connect {port} homer"), "successfully established");
    enter(&mut homer, "subscribe news", PROMPT);
    enter(&mut homer, "publish news 1", "Topic: news  Data: 1");
    let mut lisa = PubsubxPeer::online(&broker, Transport::Tcp, "lisa");
    lisa.send("PUBLISH news \u{1b}[2J größe\n\u{202e}🦀");
    homer.wait_for("the message", |screen| {
        screen.contains(r"Topic: news  Data: \u{1b}[2J größe\n\u{202e}🦀")
    });
    homer.press(CTRL_D);
    homer.expect_restored(0);
    // An original server passes on what is no text as well.
    let port = Original::start().port();
    let mut bart = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let wait_for = |bart: &mut TcpStream, text: &str| {
        let mut seen = Vec::new();
        while !seen.ends_with(format!("news {text}{END}").as_bytes()) {
            let mut byte = [0];
            bart.read_exact(&mut byte).unwrap();
            seen.push(byte[0]);
        }
    };
    let first = format!("CONNECT bart{END}SUBSCRIBE news{END}PUBLISH news up{END}");
    bart.write_all(first.as_bytes()).unwrap();
    wait_for(&mut bart, "up");
    let script =
        format!("connect {port} homer\nsubscribe news\npublish news ready\nwait 2 --timeout 30s\n");
    let shell = thread::spawn(move || {
        let dir = tempfile::tempdir().unwrap();
        rialto_in(dir.path(), &[], &["shell", "--pubsubx"], &script)
    });
    wait_for(&mut bart, "ready");
    bart.write_all(&[b"PUBLISH news \xff\xfe", END.as_bytes()].concat()).unwrap();
    let outcome = shell.join().unwrap();
    assert_eq!(outcome.stdout, "Topic: news  Data: ready\nTopic: news  Data: \\xff\\xfe\n");
}

/// A server that does on the wire what the original one was seen to do.
struct Original {
    address: SocketAddr,
}

/// The clients of an original server, connected or lost.
#[derive(Default)]
struct Clients {
    by_name: HashMap<String, Client>,
}

#[derive(Default)]
struct Client {
    /// None while it is lost.
    socket: Option<TcpStream>,
    topics: Vec<String>,
    missed: Vec<u8>,
}

impl Original {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let clients = Arc::new(Mutex::new(Clients::default()));
        thread::spawn(move || {
            while let Ok((socket, _)) = listener.accept() {
                let clients = Arc::clone(&clients);
                thread::spawn(move || serve(socket, &clients));
            }
        });
        Original { address }
    }

    fn port(&self) -> u16 {
        self.address.port()
    }
}

fn serve(mut socket: TcpStream, clients: &Mutex<Clients>) {
    let (mut stream, mut buffer, mut name) = (Vec::new(), [0; 1024], None);
    loop {
        while let Some(at) = stream.windows(END.len()).position(|it| it == END.as_bytes()) {
            let message: Vec<u8> = stream.drain(..at + END.len()).take(at).collect();
            let mut clients = clients.lock().unwrap();
            match &name {
                None => match clients.connect(&message, &mut socket) {
                    Some(connected) => name = Some(connected),
                    None => {
                        _ = socket.shutdown(Shutdown::Both);
                        return;
                    }
                },
                Some(name) => {
                    if !clients.take(name, &message) {
                        _ = socket.shutdown(Shutdown::Both);
                        return;
                    }
                }
            }
        }
        match socket.read(&mut buffer) {
            Ok(count @ 1..) => stream.extend_from_slice(&buffer[..count]),
            _ => {
                let mut clients = clients.lock().unwrap();
                if let Some(client) = name.and_then(|name| clients.by_name.get_mut(&name)) {
                    client.socket = None;
                }
                return;
            }
        }
    }
}

impl Clients {
    /// Takes the first message of a connection, and returns the client's name if it is let in.
    fn connect(&mut self, message: &[u8], socket: &mut TcpStream) -> Option<String> {
        let text = std::str::from_utf8(message).ok()?;
        let name = text.strip_prefix("CONNECT ")?.to_owned();
        let own = socket.try_clone().unwrap();
        match self.by_name.get_mut(&name) {
            Some(client) if client.socket.is_some() => {
                socket.write_all(format!("ERROR: Name already taken{END}").as_bytes()).unwrap();
                return None;
            }
            Some(client) => {
                let topics = client.topics.join(" ");
                let greeting = format!("RESTORED {name}{END}{topics}{END}");
                // All that was missed right behind it, in one segment.
                let missed = std::mem::take(&mut client.missed);
                socket.write_all(&[greeting.as_bytes(), &missed].concat()).unwrap();
                client.socket = Some(own);
            }
            None => {
                socket.write_all(format!("OK: Conn accepted{END}").as_bytes()).unwrap();
                let client = Client { socket: Some(own), ..Client::default() };
                self.by_name.insert(name.clone(), client);
            }
        }
        Some(name)
    }

    /// Takes a further message, and returns whether the connection goes on.
    fn take(&mut self, name: &str, message: &[u8]) -> bool {
        let parts: Vec<&[u8]> = message.splitn(3, |byte| *byte == b' ').collect();
        let topic =
            || String::from_utf8_lossy(parts.get(1).copied().unwrap_or_default()).into_owned();
        match parts[0] {
            b"DISCONNECT" => {
                self.by_name.remove(name);
                return false;
            }
            b"SUBSCRIBE" => self.by_name.get_mut(name).unwrap().topics.push(topic()),
            b"UNSUBSCRIBE" => {
                self.by_name.get_mut(name).unwrap().topics.retain(|it| *it != topic())
            }
            b"PUBLISH" => {
                let data = parts.get(2).copied().unwrap_or_default();
                let whole = [topic().as_bytes(), b" ", data, END.as_bytes()].concat();
                for client in self.by_name.values_mut().filter(|it| it.topics.contains(&topic())) {
                    match &mut client.socket {
                        Some(socket) => _ = socket.write_all(&whole),
                        None => client.missed.extend_from_slice(&whole),
                    }
                }
            }
            _ => {}
        }
        true
    }
}
