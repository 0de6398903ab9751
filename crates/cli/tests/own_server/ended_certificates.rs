//! Certificates of clients that end, or whose authority is trusted no more: nothing that was opened by
//! them outlives them.

use std::{
    io::{self, Read as _, Write as _},
    net::TcpStream,
    sync::Arc,
    time::Duration,
};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use rcgen::{CertificateParams, DnType, KeyPair};
use rialto_testkit::{Broker, PATIENCE};
use rustls::{
    ClientConfig, ClientConnection, NamedGroup, RootCertStore, StreamOwned,
    SupportedProtocolVersion,
    crypto::aws_lc_rs::{self, kx_group},
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    version::{TLS12, TLS13},
};
use serde_json::Value;
use time::OffsetDateTime;

use super::{
    certificates::{Authority, authority, settings},
    launch,
    login::wait_for_reload,
};

/// A client's certificate, with its key.
struct Pair {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    /// In seconds since 1970; it is good for all of that second.
    last: i64,
}

impl Pair {
    fn signed_by(authority: &Authority, name: &str, lasts: Duration) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        let last = (OffsetDateTime::now_utc() + lasts).unix_timestamp();
        params.not_after = OffsetDateTime::from_unix_timestamp(last).unwrap();
        let certificate = params.signed_by(&key, authority).unwrap();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        Pair { chain: vec![certificate.der().clone()], key, last }
    }

    fn config(
        &self,
        broker: &Broker,
        version: &'static SupportedProtocolVersion,
    ) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(broker.certificate_file()).unwrap()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_protocol_versions(&[version])
            .unwrap()
            .with_root_certificates(roots)
            .with_client_auth_cert(self.chain.clone(), self.key.clone_key());
        Arc::new(config.unwrap())
    }
}

/// A client that remembers its TLS sessions, as its configuration does.
struct Client(StreamOwned<ClientConnection, TcpStream>);

impl Client {
    fn connect(broker: &Broker, listener: &str, config: &Arc<ClientConfig>) -> Self {
        let socket = TcpStream::connect(broker.address_of(listener)).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let name = "localhost".try_into().unwrap();
        Client(StreamOwned::new(ClientConnection::new(config.clone(), name).unwrap(), socket))
    }

    /// Says something in JMQT and returns the answer.
    fn ask(&mut self, packet: &str) -> io::Result<Value> {
        self.0.write_all(format!("{packet}\0").as_bytes())?;
        self.next()
    }

    fn next(&mut self) -> io::Result<Value> {
        let mut packet = Vec::new();
        loop {
            let mut byte = [0];
            self.0.read_exact(&mut byte)?;
            if byte == [0] {
                return Ok(serde_json::from_slice(&packet).unwrap());
            }
            packet.extend(byte);
        }
    }

    /// Opens a session that must be let in.
    #[track_caller]
    fn open(&mut self, client: &str, token: &str) {
        let answer = self.ask(&format!(r#"{{"conn":{{"cl":"{client}","at":"{token}"}}}}"#));
        let answer = answer.unwrap();
        assert_eq!(answer["connAck"]["st"], 1, "{answer}");
    }

    /// Waits for the end of its session, and returns when that came, in seconds since 1970.
    #[track_caller]
    fn expect_withdrawn(&mut self) -> i64 {
        let answer = self.next().unwrap();
        assert_eq!(answer["connAck"]["mg"], "access was withdrawn", "{answer}");
        OffsetDateTime::now_utc().unix_timestamp()
    }
}

fn expiry_of(token: &str) -> i64 {
    let claims = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    serde_json::from_slice::<Value>(&claims).unwrap()["exp"].as_i64().unwrap()
}

#[test]
fn nothing_outlives_a_certificate() {
    // J-122
    let directory = tempfile::tempdir().unwrap();
    let authority = authority();
    let broker = launch(&settings(&authority, directory.path(), "")).start();
    let lasts = Duration::from_secs(3);
    let open = |name: &str, version| {
        let pair = Pair::signed_by(&authority, name, lasts);
        let config = pair.config(&broker, version);
        let mut client = Client::connect(&broker, "listen-1", &config);
        let answer = client.ask(r#"{"auth":{"dt":{}}}"#).unwrap();
        let token = answer["authAck"]["at"].as_str().unwrap().to_owned();
        assert!(expiry_of(&token) <= pair.last + 1, "the token outlives its certificate");
        (pair, config, client, token)
    };
    let (ada, config_of_ada, mut session_of_ada, _) = open("ada", &TLS12);
    session_of_ada.open("ada", "");
    let (bob, config_of_bob, mut session_of_bob, token) = open("bob", &TLS13);
    session_of_bob.open("bob", &token);
    // In CoreMQ there is a session from the beginning.
    let (_, config_of_eve, ..) = open("eve", &TLS13);
    let mut session_of_eve = Client::connect(&broker, "coremq-tls", &config_of_eve);
    session_of_eve.0.read_exact(&mut [0; 8]).unwrap();

    assert!(ada.last < session_of_ada.expect_withdrawn());
    assert!(bob.last < session_of_bob.expect_withdrawn());
    session_of_eve.0.read_to_end(&mut Vec::new()).unwrap();

    // Nor does a TLS session that is resumed.
    for (config, name, token) in [(config_of_ada, "ada", ""), (config_of_bob, "bob", &*token)] {
        let mut again = Client::connect(&broker, "listen-1", &config);
        let conn = format!(r#"{{"conn":{{"cl":"{name}","at":"{token}"}}}}"#);
        let refused = again.ask(&conn).unwrap_err().to_string();
        assert!(refused.contains("CertificateExpired"), "{name}: {refused}");
    }
}

#[test]
fn a_session_goes_on_as_long_as_its_authority_is_trusted() {
    let directory = tempfile::tempdir().unwrap();
    let (old, new) = (authority(), authority());
    let broker = launch(&settings(&old, directory.path(), "")).start();
    let pair = Pair::signed_by(&old, "ada", Duration::from_secs(3600));
    let config = pair.config(&broker, &TLS13);
    let mut ada = Client::connect(&broker, "listen-1", &config);
    ada.open("ada", "");
    let trust = |authorities: &[&Authority]| {
        let pem: String = authorities.iter().map(|authority| authority.pem()).collect();
        std::fs::write(directory.path().join("authority.pem"), pem).unwrap();
        broker.hang_up();
    };
    trust(&[&new, &old]);
    wait_for_reload(&broker);
    assert!(ada.ask(r#"{"hb":{}}"#).unwrap()["hbAck"].is_object(), "both are trusted");
    trust(&[&new]);
    ada.expect_withdrawn();

    let mut again = Client::connect(&broker, "listen-1", &config);
    again.ask(r#"{"conn":{"cl":"ada","at":""}}"#).unwrap_err();
    let pair = Pair::signed_by(&new, "ada", Duration::from_secs(3600));
    let mut ada = Client::connect(&broker, "listen-1", &pair.config(&broker, &TLS12));
    ada.open("ada", "");
}

#[test]
fn where_a_certificate_is_required_no_connection_outlives_its_own() {
    let directory = tempfile::tempdir().unwrap();
    let authority = authority();
    let more = "client_certificates = \"require\"\n";
    let toml = settings(&authority, directory.path(), more).replace("\"tokens\"", "\"open\"");
    let broker = launch(&toml)
        .listener("memcached")
        .set("listeners.memcached.dialect=memcached")
        .set("listeners.memcached.tls=require")
        .start();
    let pair = Pair::signed_by(&authority, "ada", Duration::from_secs(2));
    let config = pair.config(&broker, &TLS13);
    // By another name, which open mode takes; and in the cache, where there are no names.
    let mut bob = Client::connect(&broker, "listen-1", &config);
    let answer = bob.ask(r#"{"auth":{"dt":{"client_name":"bob"}}}"#).unwrap();
    bob.open("bob", answer["authAck"]["at"].as_str().unwrap());
    let mut cache = Client::connect(&broker, "memcached", &config);
    cache.0.write_all(b"version\r\n").unwrap();
    cache.0.read_exact(&mut [0; 8]).unwrap();

    assert!(pair.last < bob.expect_withdrawn());
    let ended = cache.0.read_to_end(&mut Vec::new());
    let is_timeout = ended.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock);
    assert!(!is_timeout, "the cache goes on");
}

#[test]
fn a_peer_that_can_gets_the_key_exchange_that_quantum_computers_do_not_break() {
    let broker = launch("").start();
    let mut provider = aws_lc_rs::default_provider();
    provider.kx_groups = vec![kx_group::X25519MLKEM768, kx_group::X25519, kx_group::SECP256R1];
    let negotiated = |provider| {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(broker.certificate_file()).unwrap()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(provider))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let mut client = Client::connect(&broker, "listen-1", &Arc::new(config));
        client.ask(r#"{"auth":{"dt":{"client_name":"ada"}}}"#).unwrap();
        client.0.conn.negotiated_key_exchange_group().unwrap().name()
    };
    assert_eq!(negotiated(provider.clone()), NamedGroup::X25519MLKEM768);
    provider.kx_groups.remove(0);
    assert_eq!(negotiated(provider), NamedGroup::X25519);
    // Ours is first of all that a default client of this library offers.
    let ours = aws_lc_rs::default_provider().kx_groups[0].name();
    assert_eq!(ours, NamedGroup::X25519MLKEM768);
}
