//! A dialect that exists in tests only, served as the others are: through a listener, the handshake, a connection's
//! task and the broker.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::{SocketAddr, TcpStream},
    sync::Arc,
};

use rialto_config::{Flag, Pacing, Settings, Sources, load};
use rialto_net::{Opened, Origins, Tls, Upgrade};
use rialto_testkit::{PATIENCE, Peer};

use super::{Server, accept};
use crate::{
    builder::ServerBuilder,
    entrance::Entrance,
    listener::Listener,
    service::{ListenerProfile, Service, Spoken},
};

fn settings() -> Settings {
    let settings = ["store.kind=memory", "server.data_dir=/nonexistent/rialto"];
    let flags = settings.iter().map(|setting| Flag::set(setting)).collect();
    let listen = vec!["127.0.0.1:0".parse().unwrap()];
    load(&Sources { listen, flags, ..Sources::default() }).unwrap()
}

/// Opens one more listener of a running server, on which the toy is spoken.
fn open_toy_listener(server: &mut Server) -> SocketAddr {
    let mut opened = Opened::on(["127.0.0.1:0".parse().unwrap()]);
    let (address, socket) = opened.sockets.pop().unwrap();
    let profile = ListenerProfile {
        spoken: Spoken::Toy,
        upgrade: Upgrade::Allowed,
        tls: Tls::Off,
        pacing: Pacing::Never,
        origins: Arc::<Origins>::default(),
    };
    let listener = Listener {
        entrance: Entrance::new("toy", "toy"),
        service: Service::Broker(profile),
        socket: rialto_net::Listener { number: 0, address, socket, is_proxied: false },
    };
    server.listeners.push(accept(listener, &server.acceptor));
    address
}

/// A client of the toy.
struct Client(BufReader<TcpStream>);

impl Client {
    fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Client(BufReader::new(stream))
    }

    fn send(&mut self, bytes: &str) {
        self.0.get_mut().write_all(bytes.as_bytes()).unwrap();
    }

    #[track_caller]
    fn expect(&mut self, line: &str) {
        let mut read = String::new();
        self.0.read_line(&mut read).unwrap();
        assert_eq!(read.trim_end_matches('\n'), line);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dialect_of_its_own_is_served_as_all_others_are() {
    let mut server = ServerBuilder::new(settings()).start().await.unwrap();
    let address = open_toy_listener(&mut server);
    let mut ada = Client::connect(address);
    // A line that reads cut, and two in one.
    ada.send("hello a");
    ada.send("da\nwant room\nwa");
    ada.expect("ok");
    ada.expect("ok");
    ada.send("nt");
    ada.send(" hall\n");
    ada.expect("ok");

    let mut bob = Peer::plain(server.addresses()["listen-1"]);
    bob.log_in("bob");
    bob.subscribe("yard");
    bob.send(r#"{"pub":{"cn":"room","dt":{"n":1}}}"#);
    ada.expect(r#"1 room {"n":1}"#);
    ada.send("say yard {\"n\":2}\n");
    ada.expect("ok");
    bob.expect(r#"{"push":{"cl":"ada","cn":"yard","dt":{"n":2}}}"#);

    // Refusals are the dialect's, and so is the goodbye.
    ada.send("say  {}\n");
    ada.expect("no the channel cannot be used this way");
    let mut eve = Client::connect(address);
    eve.send("hello eve\n");
    eve.expect("ok");
    eve.send("bye\n");
    eve.expect("no the client disconnected");
    eve.expect("");
    let stopping = tokio::spawn(server.stop());
    ada.expect("no the server is shutting down");
    ada.expect("");
    drop((ada, bob));
    stopping.await.unwrap();
}
