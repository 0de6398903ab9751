//! Connections by TLS: what is checked of the server, and what is said where that is not what was asked for.

use std::path::PathBuf;

use rialto_testkit::Authority;

use super::*;
use crate::check_connection;

/// Returns settings for a user who signs in by a password, at a host of that name, which is this machine.
fn settings_at(server: &Mariadb, name: &str, tls_ca: Option<PathBuf>) -> DatabaseSettings {
    let port = server.address().expect("it is reached by TCP").port();
    let url = format!("mysql://keeper:not-to-be-shown@{name}:{port}/rialto?ssl-mode=required");
    DatabaseSettings { url, tls_ca, ..settings(server, "rialto") }
}

/// Returns why a database is refused, which must be one sentence without the password.
fn refused(settings: &DatabaseSettings) -> String {
    let error = check_connection(settings).expect_err("it is refused");
    let opened = MysqlStore::open(settings).expect_err("the store is refused");
    assert_eq!(opened.cause.to_string(), error.cause.to_string(), "a start says the same");
    let said = error.to_string();
    assert!(!said.contains("not-to-be-shown") && !said.contains('\n'), "{said}");
    said
}

#[test]
fn a_server_is_what_its_certificate_says_or_gets_no_password() {
    let (authority, other) = (Authority::new(), Authority::new());
    let mut server = Mariadb::start_encrypted(&authority.issue("localhost"));
    server.sql(
        "CREATE USER keeper@'127.0.0.1' IDENTIFIED BY 'not-to-be-shown';
         GRANT ALL ON rialto.* TO keeper@'127.0.0.1'",
    );
    let known = settings_at(&server, "localhost", Some(authority.file()));
    let found = check_connection(&known).expect("the server is the one that was asked for");
    assert!(found.is_encrypted);
    let mut store = open(&known);
    store.commit(&[append("room", 1)]).expect("it stores");
    server.sql("ALTER USER keeper@'127.0.0.1' REQUIRE SSL");
    store.close().expect("it closes");
    drop(store);
    check_connection(&known).expect("the server takes it for encrypted too");

    let elsewhere = settings_at(&server, "127.0.0.1", Some(authority.file()));
    let said = refused(&elsewhere);
    assert!(said.contains("not valid for name"), "{said}");
    assert!(said.contains("the host in the URL must be one that the certificate names"), "{said}");
    for tls_ca in [Some(other.file()), None] {
        let said = refused(&settings_at(&server, "localhost", tls_ca));
        assert!(said.contains("let store.tls_ca name the authority that issued it"), "{said}");
    }
    let wrong = known.url.replace("not-to-be-shown", "not-to-be-shown-either");
    let said = refused(&DatabaseSettings { url: wrong, ..known.clone() });
    assert!(said.contains("Access denied for user 'keeper'"), "{said}");

    server.encrypt(None);
    let said = refused(&known);
    assert!(said.contains("turn TLS on there, or end the URL with ?ssl-mode=disabled"), "{said}");
}
