//! Certificates of clients.

use std::path::Path;

use expect_test::expect;

use crate::tests::errors::check_files;
use crate::tests::load_with_file;
use crate::{CertificateName, ClientCertificates, Sources};

const OWN: &str = "[tls]\ncertificate = \"c.pem\"\nkey = \"k.pem\"\n";

#[test]
fn clients_are_asked_for_a_certificate_where_there_is_an_authority() {
    let more =
        "client_authority = \"ca.pem\"\nclient_certificates = \"require\"\nclient_id = \"uri\"\n";
    let tls = load_with_file(&format!("{OWN}{more}"), Sources::default()).unwrap().tls;
    assert_eq!(tls.client_authority.get(), Some(Path::new("ca.pem")));
    assert_eq!(tls.client_certificates, ClientCertificates::Require);
    assert_eq!(tls.client_id, CertificateName::Uri);
}

#[test]
fn client_certificates_that_cannot_be_checked_are_refused() {
    check_files(
        &[
            &format!("{OWN}client_certificates = \"require\"\n"),
            "[tls]\nclient_authority = \"ca.pem\"\n",
            "[tls]\nclient_certificates = \"always\"\n",
            "[tls]\nclient_id = \"name\"\n",
        ],
        &expect![[r#"
            rialto.toml:4:23: `tls.client_certificates` is "require", and `tls.client_authority` names no authority: no client could be let in; set tls.client_authority to the PEM file of those that sign them
            rialto.toml:2:20: `tls.client_authority` is set, and the server has no certificate of its own: without TLS no client can show one; set tls.certificate and tls.key; `rialto cert new` makes a pair for development
            rialto.toml:2:23: `tls.client_certificates` cannot be "always"; expected "accept" or "require"
            rialto.toml:2:13: `tls.client_id` cannot be "name"; expected "common-name" or "dns-name" or "email" or "uri"
        "#]],
    );
}
