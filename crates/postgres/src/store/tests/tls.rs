//! Connections by TLS: what is checked of the server, and what is said where that is not what was asked for.

use std::path::PathBuf;

use rialto_testkit::Authority;

use super::*;
use crate::check_connection;

/// Returns settings for a role that signs in by its password, at a host of that name, which is not this machine's.
fn settings_at(server: &Postgres, name: &str, tls_ca: Option<PathBuf>) -> PostgresSettings {
    let address = server.address().expect("it is reached by TCP");
    let (ip, port) = (address.ip(), address.port());
    let url = format!("postgres://keeper:not-to-be-shown@{name}:{port}/postgres?hostaddr={ip}");
    PostgresSettings { url, tls_ca, ..settings(server, "rialto") }
}

/// Returns why a database is refused, which must be one sentence without the password.
fn refused(settings: &PostgresSettings) -> String {
    let error = check_connection(settings).expect_err("it is refused");
    let opened = refusal(settings);
    assert_eq!(opened.cause.to_string(), error.cause.to_string(), "a start says the same");
    let said = error.to_string();
    assert!(!said.contains("not-to-be-shown") && !said.contains('\n'), "{said}");
    said
}

#[test]
fn a_server_is_what_its_certificate_says_or_gets_no_password() {
    let (authority, other) = (Authority::new(), Authority::new());
    let mut server = Postgres::start_encrypted(&authority.issue("db.example"));
    server.sql("CREATE ROLE keeper SUPERUSER LOGIN PASSWORD 'not-to-be-shown'");
    let known = settings_at(&server, "db.example", Some(authority.file()));
    let found = check_connection(&known).expect("the server is the one that was asked for");
    assert!(found.is_encrypted);
    let mut store = open(&known);
    store.commit(&[append("room", 1)]).expect("it stores");
    let encrypted = "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
                     WHERE application_name LIKE 'rialto%'";
    assert_eq!(server.sql(encrypted), "t\n");
    store.close().expect("it closes");
    drop(store);

    let elsewhere = settings_at(&server, "other.example", Some(authority.file()));
    let said = refused(&elsewhere);
    assert!(said.contains("not valid for name \"other.example\""), "{said}");
    assert!(said.contains("the host in the URL must be one that the certificate names"), "{said}");
    for tls_ca in [Some(other.file()), None] {
        let said = refused(&settings_at(&server, "db.example", tls_ca));
        assert!(said.contains("let store.tls_ca name the authority that issued it"), "{said}");
    }
    let wrong = known.url.replace("not-to-be-shown", "not-to-be-shown-either");
    let said = refused(&PostgresSettings { url: wrong, ..known.clone() });
    assert!(said.contains("password authentication failed for user \"keeper\""), "{said}");

    server.encrypt(None);
    let said = refused(&known);
    assert!(said.contains("server does not support TLS"), "{said}");
    assert!(said.contains("turn TLS on there, or end the URL with ?sslmode=disable"), "{said}");
}
