//! `rialto cert`.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{RootCertStore, server::WebPkiClientVerifier};

use crate::rialto_in;

fn certificate(path: &Path) -> CertificateDer<'static> {
    CertificateDer::from_pem_file(path).unwrap()
}

fn roots(dir: &Path) -> Arc<RootCertStore> {
    let mut roots = RootCertStore::empty();
    roots.add(certificate(&dir.join("ca.pem"))).unwrap();
    Arc::new(roots)
}

#[test]
fn the_certificates_are_signed_by_the_authority_for_the_names_that_were_given() {
    let dir = tempfile::tempdir().unwrap();
    let args = ["cert", "new", "--name", "broker.example", "--name", "10.0.0.1"];
    let report = rialto_in(dir.path(), &[], &args, "").printed();
    assert!(report.contains("rialto serve --tls-certificate rialto-certs/server.pem"), "{report}");
    let certs = dir.path().join("rialto-certs");

    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier =
        WebPkiServerVerifier::builder_with_provider(roots(&certs), Arc::clone(&provider))
            .build()
            .unwrap();
    let server = certificate(&certs.join("server.pem"));
    let verify = |name: &'static str| {
        let name = ServerName::try_from(name).unwrap();
        verifier.verify_server_cert(&server, &[], &name, &[], UnixTime::now())
    };
    for name in ["localhost", "127.0.0.1", "::1", "broker.example", "10.0.0.1"] {
        assert!(verify(name).is_ok(), "{name}");
    }
    assert!(verify("other.example").is_err());

    let verifier =
        WebPkiClientVerifier::builder_with_provider(roots(&certs), provider).build().unwrap();
    let client = certificate(&certs.join("client.pem"));
    assert!(verifier.verify_client_cert(&client, &[], UnixTime::now()).is_ok());
}

#[test]
fn keys_are_for_their_owner_only_and_nothing_is_overwritten_unasked() {
    let dir = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| rialto_in(dir.path(), &[], args, "");
    run(&["cert", "new", "--dir", "c"]).printed();
    for name in ["ca", "server", "client"] {
        let key = dir.path().join(format!("c/{name}.key"));
        assert_eq!(fs::metadata(key).unwrap().permissions().mode() & 0o777, 0o600, "{name}");
    }
    let made = fs::metadata(dir.path().join("c")).unwrap();
    assert_eq!(made.permissions().mode() & 0o777, 0o700);
    let before = fs::read(dir.path().join("c/server.key")).unwrap();
    let said = run(&["cert", "new", "--dir", "c"]).failed(1);
    assert_eq!(said, "rialto: c/ca.pem exists already; --force overwrites it\n");
    assert_eq!(fs::read(dir.path().join("c/server.key")).unwrap(), before);

    // A key that stands elsewhere, behind a link, is replaced where it stands.
    let elsewhere = dir.path().join("server.key");
    fs::rename(dir.path().join("c/server.key"), &elsewhere).unwrap();
    symlink("../server.key", dir.path().join("c/server.key")).unwrap();
    let said = run(&["cert", "new", "--dir", "c", "--force"]).printed();
    let full = fs::canonicalize(dir.path().join("c")).unwrap();
    assert!(said.starts_with(&format!("Certificates are in {}:", full.display())), "{said}");
    assert!(dir.path().join("c/server.key").is_symlink());
    assert_ne!(fs::read(&elsewhere).unwrap(), before);
    assert_eq!(fs::metadata(&elsewhere).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_client_gets_a_certificate_of_its_own_from_the_same_authority() {
    let dir = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| rialto_in(dir.path(), &[], &[&["cert"], args].concat(), "");
    let said = run(&["client", "ada"]).failed(1);
    assert!(said.contains("cannot read rialto-certs/ca.pem"), "{said}");
    run(&["new"]).printed();
    run(&["client", "ada"]).printed();
    run(&["client", "../pump 7"]).printed();

    let certs = dir.path().join("rialto-certs");
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier =
        WebPkiClientVerifier::builder_with_provider(roots(&certs), provider).build().unwrap();
    for name in ["client-ada", "client-.._pump_7"] {
        let client = certificate(&certs.join(format!("{name}.pem")));
        assert!(verifier.verify_client_cert(&client, &[], UnixTime::now()).is_ok(), "{name}");
        let key = certs.join(format!("{name}.key"));
        assert_eq!(fs::metadata(key).unwrap().permissions().mode() & 0o777, 0o600, "{name}");
    }
    let said = run(&["client", "ada"]).failed(1);
    assert!(said.contains("client-ada.pem exists already"), "{said}");
}

#[test]
fn a_name_that_cannot_be_in_a_certificate_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let said = rialto_in(dir.path(), &[], &["cert", "new", "--name", "ä"], "").failed(2);
    assert!(said.contains("is a --name wrong?"), "{said}");
    assert!(!dir.path().join("rialto-certs").exists());
}
