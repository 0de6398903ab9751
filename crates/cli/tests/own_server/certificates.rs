//! Clients that show a certificate, which says who they are.

use std::{path::Path, process::Command};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, SanType};
use rialto_testkit::{Broker, Peer, Transport};

use super::{launch, status};

pub(super) type Authority = CertifiedIssuer<'static, KeyPair>;

/// What a program with Python's `ssl` sends over TLS, and reads up to an end mark.
const CLIENT: &str = "import socket, ssl, sys\n\
    ca, cert, key, port, say, end = sys.argv[1:]\n\
    c = ssl.create_default_context(cafile=ca)\n\
    if cert: c.load_cert_chain(cert, key)\n\
    s = c.wrap_socket(socket.create_connection(('127.0.0.1', int(port))), server_hostname='localhost')\n\
    s.sendall(say.encode().decode('unicode_escape').encode())\n\
    end, got = end.encode(), b''\n\
    while end not in got:\n\
    \x20   more = s.recv(65536)\n\
    \x20   if not more: break\n\
    \x20   got += more\n\
    print(got.decode().replace('\\0', '\\n'))";

pub(super) fn authority() -> Authority {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, "an authority");
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// Writes a client's certificate and key, by which it is `name` and, by its address, `mail`.
fn write_certificate(directory: &Path, name: &str, mail: &str, authority: &Authority) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.subject_alt_names.push(SanType::Rfc822Name(mail.try_into().unwrap()));
    let certificate = params.signed_by(&key, authority).unwrap();
    std::fs::write(directory.join("client.pem"), certificate.pem()).unwrap();
    std::fs::write(directory.join("client.key"), key.serialize_pem()).unwrap();
}

/// Has a client with the certificate of a directory, or with none, say something.
fn say(broker: &Broker, directory: Option<&Path>, listener: &str, say: &str, end: &str) -> String {
    let file = |name: &str| directory.map(|it| it.join(name)).unwrap_or_default();
    let output = Command::new("python3")
        .args(["-c", CLIENT])
        .arg(broker.certificate_file())
        .args([file("client.pem"), file("client.key")])
        .arg(broker.address_of(listener).port().to_string())
        .args([say, end])
        .output()
        .unwrap();
    let (said, failed) = (output.stdout, output.stderr);
    String::from_utf8_lossy(&said).into_owned() + &String::from_utf8_lossy(&failed)
}

pub(super) fn settings(authority: &Authority, directory: &Path, more: &str) -> String {
    let file = directory.join("authority.pem");
    std::fs::write(&file, authority.pem()).unwrap();
    format!("[access]\nmode = \"tokens\"\n[tls]\nclient_authority = \"{}\"\n{more}", file.display())
}

#[test]
fn a_certificate_opens_the_session_of_its_name_in_every_dialect() {
    let directory = tempfile::tempdir().unwrap();
    let (here, authority) = (directory.path(), authority());
    write_certificate(here, "ada", "ada@example.org", &authority);
    let broker = launch(&settings(&authority, here, "")).start();

    let conn = r#"{"conn":{"cl":"ada","at":""}}\0"#;
    let answer = say(&broker, Some(here), "listen-1", conn, "}");
    assert!(answer.contains(r#""connAck":{"st":1"#), "{answer}");
    let other = r#"{"conn":{"cl":"bob","at":""}}\0"#;
    let answer = say(&broker, Some(here), "listen-1", other, "}");
    assert!(answer.contains(r#""st":6"#), "{answer}");
    let answer = say(&broker, None, "listen-1", conn, "}");
    assert!(answer.contains(r#""st":6"#), "{answer}");

    let request = r#"{"coremq_subscribe":["room"]}"#;
    let frame = format!("+{} - {request}", request.len() + 2);
    let answer = say(&broker, Some(here), "coremq-tls", &frame, "Subscribe");
    assert!(answer.contains("OK: Subscribe successful"), "{answer}");
    let answer = say(&broker, None, "coremq-tls", &frame, "ERROR");
    assert!(answer.contains("Not authenticated"), "{answer}");

    // A name that JMQT remembers is not free in PubSubX.
    let there = tempfile::tempdir().unwrap();
    write_certificate(there.path(), "homer", "homer@example.org", &authority);
    let there = Some(there.path());
    let answer = say(&broker, there, "pubsubx-tls", r"CONNECT homer\n\nx", "accepted");
    assert!(answer.contains("OK: Conn accepted"), "{answer}");
    let answer = say(&broker, there, "pubsubx-tls", r"CONNECT bob\n\nx", "name");
    assert!(answer.contains("ERROR: Token not valid"), "{answer}");
}

#[test]
fn certificates_can_be_required_and_say_another_name() {
    let directory = tempfile::tempdir().unwrap();
    let (here, authority) = (directory.path(), authority());
    write_certificate(here, "ada", "ada@example.org", &authority);
    let more = "client_certificates = \"require\"\nclient_id = \"email\"\n";
    let broker = launch(&settings(&authority, here, more)).start();
    let conn = r#"{"conn":{"cl":"ada@example.org","at":""}}\0"#;
    let answer = say(&broker, Some(here), "listen-1", conn, "}");
    assert!(answer.contains(r#""connAck":{"st":1"#), "{answer}");
    let answer = say(&broker, None, "listen-1", conn, "}");
    assert!(answer.contains("required"), "no alert that a certificate is required: {answer}");

    // Of an authority that is not trusted.
    let strangers = tempfile::tempdir().unwrap();
    write_certificate(strangers.path(), "ada", "ada@example.org", &self::authority());
    let answer = say(&broker, Some(strangers.path()), "listen-1", conn, "}");
    assert!(!answer.contains("connAck") && answer.contains("Error"), "{answer}");

    // Without TLS nothing is shown.
    let mut plain = Peer::connect(&broker, Transport::Tcp);
    let answer = plain.ask(r#"{"conn":{"cl":"ada@example.org","at":""}}"#);
    assert_eq!(status(&answer, "connAck").0, 6);
}
