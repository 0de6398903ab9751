//! Keys of JWT issuers: fetched from an address, and fetched again when one is not known.

use std::{
    io::{BufReader, Write as _},
    net::{SocketAddr, TcpListener},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PublicKeyData as _};
use rialto_testkit::{Broker, Peer, Transport};
use serde_json::{Value, json};

use super::{http::read_head, start, status, until};

/// A key of an issuer, on the curve of ES256.
struct Key {
    id: &'static str,
    pair: KeyPair,
}

impl Key {
    fn make(id: &'static str) -> Self {
        Key { id, pair: KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap() }
    }

    fn jwk(&self) -> Value {
        // Behind a mark, both coordinates.
        let point = &self.pair.der_bytes()[1..];
        let text = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        json!({
            "kty": "EC", "crv": format!("P-{}", 256), "kid": self.id, "use": "sig",
            "x": text(&point[..32]), "y": text(&point[32..]),
        })
    }

    fn token(&self, client: &str) -> String {
        let key = EncodingKey::from_ec_pem(self.pair.serialize_pem().as_bytes()).unwrap();
        let header = Header { kid: Some(self.id.to_owned()), ..Header::new(Algorithm::ES256) };
        let expires =
            SystemTime::now().duration_since(UNIX_EPOCH).unwrap() + Duration::from_secs(600);
        let claims = json!({"sub": client, "exp": expires.as_secs(), "groups": ["staff"]});
        encode(&header, &claims, &key).unwrap()
    }
}

/// Serves a set of keys that the test can change.
fn serve(keys: &Arc<Mutex<Value>>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let keys = keys.clone();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            read_head(&mut BufReader::new(stream.try_clone().unwrap()));
            let body = json!({"keys": *keys.lock().unwrap()}).to_string();
            let length = body.len();
            let head =
                format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n");
            _ = stream.write_all((head + &body).as_bytes());
        }
    });
    address
}

fn connect(broker: &Broker, client: &str, token: &str) -> (Peer, u64) {
    let mut peer = Peer::connect(broker, Transport::Tcp);
    let answer = peer.ask(json!({"conn": {"cl": client, "at": token}}));
    let (st, _) = status(&answer, "connAck");
    (peer, st)
}

#[test]
fn keys_are_fetched_and_a_new_one_is_when_it_is_first_seen() {
    let (old, new) = (Key::make("old"), Key::make("new"));
    let keys = Arc::new(Mutex::new(json!([old.jwk()])));
    let address = serve(&keys);
    let broker = start(&format!(
        "[access]\nmode = \"tokens\"\nattempt_delay_max = \"0s\"\n\
         jwt = [{{ name = \"shop\", algorithms = [\"ES256\"], jwks_url = \"http://{address}/jwks\" }}]\n\
         [[access.rules]]\ngroup = \"staff\"\nallow = [\"subscribe\"]\nchannels = [\"cellar\"]\n"
    ));
    let mut ada = until("the keys were fetched", || {
        let (ada, st) = connect(&broker, "ada", &old.token("ada"));
        (st == 1).then_some(ada)
    });
    assert_eq!(status(&ada.ask(r#"{"sub":{"cn":"cellar"}}"#), "subAck").0, 1);
    assert_eq!(connect(&broker, "bob", &old.token("ada")).1, 6, "of another client");
    assert_eq!(connect(&broker, "bob", &Key::make("old").token("bob")).1, 6, "of another key");

    *keys.lock().unwrap() = json!([old.jwk(), new.jwk()]);
    until("the new key was fetched", || {
        (connect(&broker, "bob", &new.token("bob")).1 == 1).then_some(())
    });
}
