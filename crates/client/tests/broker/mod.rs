//! A broker played by a test: it accepts connections and says what the test tells it to.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its own part of it")]

use std::path::PathBuf;
use std::sync::Arc;

use futures_util::{SinkExt, StreamExt};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rialto_client::{Client, Credentials, Options, Scheme};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// A listener on a free port that speaks as its scheme says.
pub struct Broker {
    listener: TcpListener,
    scheme: Scheme,
    acceptor: TlsAcceptor,
    files: tempfile::TempDir,
}

/// One accepted connection.
pub enum Peer {
    Socket(BufReader<Box<dyn Stream>>),
    WebSocket(Box<WebSocketStream<Box<dyn Stream>>>),
}

impl Broker {
    pub async fn start(scheme: Scheme) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let names = vec!["localhost".to_owned()];
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed(names).unwrap();
        let files = tempfile::tempdir().unwrap();
        std::fs::write(files.path().join("ca.pem"), cert.pem()).unwrap();

        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)
            .unwrap();
        Broker { listener, scheme, acceptor: TlsAcceptor::from(Arc::new(config)), files }
    }

    pub fn authority(&self) -> PathBuf {
        self.files.path().join("ca.pem")
    }

    /// Options that lead to this broker, as `ada` with the token `t1`.
    pub fn options(&self) -> Options {
        let scheme = match self.scheme {
            Scheme::Tcp => "jmqt",
            Scheme::Tls => "jmqts",
            Scheme::WebSocket => "ws",
            Scheme::WebSocketTls => "wss",
        };
        let port = self.listener.local_addr().unwrap().port();
        let endpoint = format!("{scheme}://localhost:{port}").parse().unwrap();
        let mut options = Options::new(endpoint, Credentials::token("ada", "t1"));
        options.tls.authority = Some(self.authority());
        options
    }

    /// Accepts one connection, up to but not including JMQT.
    pub async fn accept(&self) -> Peer {
        let (stream, _) = self.listener.accept().await.unwrap();
        let stream: Box<dyn Stream> = if self.scheme.has_tls() {
            Box::new(self.acceptor.accept(stream).await.unwrap())
        } else {
            Box::new(stream)
        };
        match self.scheme {
            Scheme::Tcp | Scheme::Tls => Peer::Socket(BufReader::new(stream)),
            Scheme::WebSocket | Scheme::WebSocketTls => {
                let socket = tokio_tungstenite::accept_async(stream).await.unwrap();
                Peer::WebSocket(Box::new(socket))
            }
        }
    }

    /// Accepts one connection whose client does not want it.
    pub async fn fail_to_accept(&self) {
        let (stream, _) = self.listener.accept().await.unwrap();
        assert!(self.acceptor.accept(stream).await.is_err());
    }

    /// Accepts one connection and lets `ada` in, with a timeout of 15 s.
    pub async fn let_in(&self) -> Peer {
        let mut peer = self.accept().await;
        peer.expect(r#"{"conn":{"at":"t1","cl":"ada"}}"#).await;
        peer.say(r#"{"connAck":{"st":1,"ts":15}}"#).await;
        peer
    }

    /// Connects a client and returns both ends.
    pub async fn connect(&self, options: Options) -> (Client, Peer) {
        let (client, peer) = tokio::join!(Client::connect(options), self.let_in());
        (client.unwrap(), peer)
    }
}

impl Peer {
    /// Returns the next packet, or `None` at the end of the connection.
    pub async fn hear(&mut self) -> Option<String> {
        match self {
            Peer::Socket(stream) => {
                let mut packet = Vec::new();
                stream.read_until(0, &mut packet).await.ok()?;
                (packet.pop()? == 0).then(|| String::from_utf8(packet).unwrap())
            }
            Peer::WebSocket(socket) => match socket.next().await? {
                Ok(Message::Text(text)) => Some(text.to_string()),
                _ => None,
            },
        }
    }

    /// Returns the next byte of a socket.
    pub async fn hear_byte(&mut self) -> u8 {
        let Peer::Socket(stream) = self else { panic!("a WebSocket has messages only") };
        stream.read_u8().await.unwrap()
    }

    #[track_caller]
    pub fn expect<'a>(&'a mut self, packet: &'a str) -> impl Future<Output = ()> + 'a {
        let caller = std::panic::Location::caller();
        async move {
            let heard = self.hear().await;
            assert_eq!(heard.as_deref(), Some(packet), "at {caller}");
        }
    }

    /// Expects a publish whose id is `<id>` in `packet`, and returns the id.
    pub async fn expect_publish(&mut self, packet: &str) -> String {
        let heard = self.hear().await.unwrap();
        let value: serde_json::Value = serde_json::from_str(&heard).unwrap();
        let id = value["pub"]["id"].as_str().unwrap().to_owned();
        assert_eq!(heard, packet.replace("<id>", &id));
        id
    }

    pub async fn say(&mut self, packet: &str) {
        match self {
            Peer::Socket(stream) => {
                stream.write_all(format!("{packet}\0").as_bytes()).await.unwrap();
                stream.flush().await.unwrap();
            }
            Peer::WebSocket(socket) => socket.send(Message::text(packet)).await.unwrap(),
        }
    }

    /// Closes with a code, if it is a WebSocket.
    pub async fn close(self, code: u16, reason: &'static str) {
        if let Peer::WebSocket(mut socket) = self {
            let frame = CloseFrame { code: code.into(), reason: reason.into() };
            // Of the stream itself: a box of a sink is a sink, too, with a `close` of its own.
            socket.as_mut().close(Some(frame)).await.unwrap();
            assert!(matches!(socket.next().await, Some(Ok(Message::Close(_)))));
        }
    }
}
