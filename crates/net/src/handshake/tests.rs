use std::{
    io::{self, ErrorKind},
    net::SocketAddr,
    pin::pin,
    sync::{Arc, Mutex, atomic::Ordering},
};

use rialto_domain::CloseReason;
use rialto_stopwatch::Moment;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::{
    Negotiated, OPENING_BYTES_MAX, REQUEST_BYTES_MAX, Terms, Upgrade, WordForStrangers, negotiate,
};
use crate::{
    patience::Patience,
    proxies::Proxies,
    socket::Socket,
    testing::{Authority, address_of, connected, patient, trusting},
    tls::{CertificateFiles, Certificates, Tls},
    turned_away::{Because, TurnedAway},
    websocket::{Origins, UpgradeTerms, UpgradeTexts},
};

const TEXTS: UpgradeTexts = UpgradeTexts {
    foreign_origin: "foreign\n",
    upgrade_required: "websocket only\n",
    no_room: b"full",
};
const UPGRADE: &str = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n\
                       Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                       Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
const ONE_TOO_MANY: CloseReason = CloseReason::TooManyFromAddress { limit: 1 };

/// A listener as the handshake sees it, with what it has counted.
struct Place {
    tls: Tls,
    is_silent: bool,
    upgrade: Upgrade,
    word_for_strangers: Option<WordForStrangers>,
    reads_opening_of: Option<fn(&[u8]) -> bool>,
    origins: Origins,
    trusted: &'static [&'static str],
    has_room: bool,
    counted: Mutex<Vec<SocketAddr>>,
}

impl Default for Place {
    fn default() -> Self {
        Place {
            tls: Tls::Off,
            is_silent: false,
            upgrade: Upgrade::Allowed,
            word_for_strangers: None,
            reads_opening_of: None,
            origins: Origins::default(),
            trusted: &[],
            has_room: true,
            counted: Mutex::default(),
        }
    }
}

impl Place {
    async fn negotiate(
        &self,
        socket: Socket,
        peer: SocketAddr,
        patience: &Patience,
    ) -> io::Result<Negotiated> {
        let count = |_: &mut Socket, address| {
            self.counted.lock().unwrap().push(address);
            if self.has_room { Ok(()) } else { Err(ONE_TOO_MANY) }
        };
        let proxies = Proxies::new(trusting(self.trusted));
        let terms = Terms {
            tls: &self.tls,
            is_silent: self.is_silent,
            upgrade: self.upgrade,
            upgrade_terms: UpgradeTerms {
                message_bytes_max: 1000,
                origins: &self.origins,
                proxies: &proxies,
                texts: &TEXTS,
                peer,
            },
            word_for_strangers: self.word_for_strangers,
            reads_opening_of: self.reads_opening_of,
            count: &count,
        };
        negotiate(socket, &terms, patience).await
    }

    /// Shakes hands with a client that sends `bytes` and nothing more.
    async fn hear(&self, bytes: &[u8]) -> (TcpStream, io::Result<Negotiated>) {
        let (mut client, arrival) = connected().await;
        client.write_all(bytes).await.unwrap();
        client.shutdown().await.unwrap();
        let (_stop, patience) = patient();
        let negotiated = self.negotiate(arrival.socket, arrival.peer, &patience).await;
        (client, negotiated)
    }
}

async fn told(mut client: TcpStream) -> String {
    let mut text = String::new();
    client.read_to_string(&mut text).await.unwrap();
    text
}

/// Makes what requires TLS, or allows it.
fn certificates(authority: &Authority) -> Arc<Certificates> {
    let (certificate, key) = authority.sign("localhost", vec![]).pem();
    let certificate = authority.write("server.pem", &certificate);
    let key = authority.write("server.key", &key);
    let files = CertificateFiles { certificate: &certificate, key: &key, clients: None };
    Arc::new(Certificates::load(Some(files)).unwrap())
}

#[tokio::test]
async fn packets_are_told_from_an_upgrade_by_their_first_byte() {
    let (_client, negotiated) = Place::default().hear(b"{\"hb\":{}}\0").await;
    let negotiated = negotiated.unwrap();
    assert!(negotiated.websocket.is_none());
    assert_eq!(negotiated.early, b"{\"hb\":{}}\0");

    let (client, negotiated) =
        Place::default().hear(format!("{UPGRADE}\r\nbehind").as_bytes()).await;
    let negotiated = negotiated.unwrap();
    assert!(negotiated.websocket.is_some());
    assert_eq!(negotiated.early, b"behind");
    assert_eq!(negotiated.peer, address_of(&client));
    drop(negotiated);
    assert!(told(client).await.starts_with("HTTP/1.1 101 "));
}

#[tokio::test]
async fn a_listener_takes_only_what_it_is_for() {
    // What begins with a capital may be a packet where nothing is upgraded; it is not even read.
    let never = Place { upgrade: Upgrade::Never, ..Place::default() };
    let (_client, negotiated) = never.hear(b"GET / HTTP/1.1\r\n\r\n").await;
    assert_eq!(negotiated.unwrap().early, b"");
    let required = Place { upgrade: Upgrade::Required, ..Place::default() };
    let (client, negotiated) = required.hear(b"{}\0").await;
    assert_eq!(negotiated.err().unwrap().kind(), ErrorKind::InvalidData);
    assert_eq!(told(client).await, "");
    let (client, negotiated) = required.hear(b"GET / HTTP/1.1\r\n\r\n").await;
    assert_eq!(negotiated.err().unwrap().kind(), ErrorKind::InvalidData);
    assert!(told(client).await.starts_with("HTTP/1.1 426 "));
    let (_client, negotiated) = required.hear(&[b'G'; REQUEST_BYTES_MAX + 1]).await;
    assert_eq!(negotiated.err().unwrap().kind(), ErrorKind::InvalidData);
    let (_client, negotiated) = required.hear(b"GET / HT").await;
    assert_eq!(negotiated.err().unwrap().kind(), ErrorKind::UnexpectedEof);
}

#[tokio::test]
async fn a_foreign_page_is_told_and_turned_away_as_its_clients() {
    let place = Place { trusted: &["127.0.0.0/8"], ..Place::default() };
    place.origins.replace(vec!["https://app.example".to_owned()]);
    let request =
        format!("{UPGRADE}Origin: https://evil.example\r\nX-Forwarded-For: 203.0.113.5\r\n\r\n");
    let (client, negotiated) = place.hear(request.as_bytes()).await;
    let error = negotiated.err().unwrap();
    let TurnedAway { because, client: named } = *TurnedAway::of(&error).unwrap();
    assert_eq!(because, Because::ForeignOrigin);
    assert_eq!(named.unwrap().to_string(), "203.0.113.5:0");
    assert!(told(client).await.starts_with("HTTP/1.1 403 "));
}

#[tokio::test]
async fn the_client_that_a_header_names_is_counted_before_it_is_answered() {
    let request = format!("{UPGRADE}X-Forwarded-For: 203.0.113.5\r\n\r\n");
    for has_room in [true, false] {
        let place = Place { trusted: &["127.0.0.0/8"], has_room, ..Place::default() };
        let (client, negotiated) = place.hear(request.as_bytes()).await;
        let named: SocketAddr = "203.0.113.5:0".parse().unwrap();
        assert_eq!(*place.counted.lock().unwrap(), [named]);
        if has_room {
            assert_eq!(negotiated.unwrap().peer, named);
        } else {
            let error = negotiated.err().unwrap();
            assert_eq!(error.get_ref().unwrap().downcast_ref(), Some(&ONE_TOO_MANY));
            assert_eq!(told(client).await, "full");
        }
    }
}

#[tokio::test]
async fn an_opening_that_has_to_be_whole_is_waited_for_up_to_its_end_or_a_bound() {
    let place =
        Place { reads_opening_of: Some(|bytes| bytes.starts_with(b"{")), ..Place::default() };
    let (mut client, arrival) = connected().await;
    let (_stop, patience) = patient();
    let mut negotiating = pin!(place.negotiate(arrival.socket, arrival.peer, &patience));
    for part in [&b"{\"conn\":"[..], b"{}}"] {
        client.write_all(part).await.unwrap();
        let progress = std::future::poll_fn(|context| {
            std::task::Poll::Ready(negotiating.as_mut().poll(context).is_ready())
        });
        assert!(!progress.await, "it goes on before the end");
    }
    client.write_all(b"\0more").await.unwrap();
    assert_eq!(negotiating.await.unwrap().early, b"{\"conn\":{}}\0more");

    let (_client, negotiated) = place.hear(&vec![b'{'; OPENING_BYTES_MAX]).await;
    assert_eq!(negotiated.unwrap().early.len(), OPENING_BYTES_MAX);
    // Of others the first read is all.
    let (_client, negotiated) = place.hear(b"[1").await;
    assert_eq!(negotiated.unwrap().early, b"[1");
}

#[tokio::test]
async fn a_peer_of_another_protocol_is_told_so_where_the_listener_has_a_word_for_it() {
    let place = Place {
        upgrade: Upgrade::Never,
        word_for_strangers: Some(|first| first.starts_with(b"{").then_some(b"not here")),
        ..Place::default()
    };
    let (client, negotiated) = place.hear(b"{}\0").await;
    assert!(negotiated.is_err());
    assert_eq!(told(client).await, "not here");
    let (_client, negotiated) = place.hear(b"CONNECT ada").await;
    assert_eq!(negotiated.unwrap().early, b"CONNECT ada");
}

#[tokio::test]
async fn tls_is_told_from_plain_text_and_either_has_to_be_allowed() {
    let authority = Authority::new();
    let certificates = certificates(&authority);
    for (tls, takes_tls, takes_plain) in [
        (Tls::Off, false, true),
        (Tls::Allowed(certificates.clone()), true, true),
        (Tls::Required(certificates.clone()), true, false),
    ] {
        let word = tls.as_str();
        let place = Place { tls, ..Place::default() };
        let (_client, negotiated) = place.hear(b"{}\0").await;
        assert_eq!(negotiated.is_ok(), takes_plain, "{word}");
        if let Err(error) = negotiated {
            assert_eq!(TurnedAway::of(&error).unwrap().because, Because::TlsRequired);
        }
        let (client, arrival) = connected().await;
        let (_stop, patience) = patient();
        let (negotiated, sent) =
            tokio::join!(place.negotiate(arrival.socket, arrival.peer, &patience), async {
                let mut client = authority.connect(client, None).await?;
                client.write_all(b"{}\0").await?;
                Ok::<_, io::Error>(client)
            });
        assert_eq!((negotiated.is_ok(), sent.is_ok()), (takes_tls, takes_tls), "{word}");
        if let Ok(negotiated) = negotiated {
            assert_eq!(negotiated.early, b"{}\0");
        }
    }
}

#[tokio::test]
async fn a_peer_that_waits_for_our_first_word_is_not_read_unless_tls_is_required() {
    let authority = Authority::new();
    let certificates = certificates(&authority);
    let (_client, arrival) = connected().await;
    let (_stop, patience) = patient();
    let silent = Place {
        is_silent: true,
        upgrade: Upgrade::Never,
        tls: Tls::Allowed(certificates),
        ..Place::default()
    };
    let negotiated = silent.negotiate(arrival.socket, arrival.peer, &patience).await;
    assert_eq!(negotiated.unwrap().early, b"");
}

#[tokio::test]
async fn a_silent_peer_is_counted_and_gone_once_its_time_is_up() {
    let (client, arrival) = connected().await;
    let (_stop, mut patience) = patient();
    patience.deadline = Moment::now();
    let error =
        Place::default().negotiate(arrival.socket, arrival.peer, &patience).await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert_eq!(patience.silent.load(Ordering::Relaxed), 1);
    assert_eq!(told(client).await, "");
}

#[tokio::test]
async fn who_is_refused_after_all_reads_why_in_its_own_framing() {
    let (client, negotiated) = Place::default().hear(b"{}\0").await;
    negotiated.unwrap().refuse((1013, "full"), b"{\"full\":1}\0".to_vec()).await;
    assert_eq!(told(client).await, "{\"full\":1}\0");
    let (client, negotiated) = Place::default().hear(format!("{UPGRADE}\r\n").as_bytes()).await;
    negotiated.unwrap().refuse((1013, "full"), b"packet".to_vec()).await;
    let mut told = Vec::new();
    let mut client = client;
    client.read_to_end(&mut told).await.unwrap();
    // A close frame: what it is, its length, the code, the reason.
    assert!(told.ends_with(b"\x88\x06\x03\xf5full"), "{told:?}");
}
