//! Which addresses are encrypted, and that none is shown.

use tokio_postgres::config::SslMode;

use super::Address;
use rialto_database::DatabaseSettings;

fn mode(url: &str) -> SslMode {
    let address = Address::of(&DatabaseSettings::new(url, "one"))
        .unwrap_or_else(|error| panic!("{url}: {error}"));
    assert_eq!(address.tls.is_some(), address.config.get_ssl_mode() == SslMode::Require);
    address.config.get_ssl_mode()
}

#[test]
fn what_leaves_the_machine_is_encrypted_unless_that_is_disabled() {
    for (url, expected) in [
        ("postgres://ada@db.example/rialto", SslMode::Require),
        ("postgres://ada@192.0.2.7/rialto?sslmode=verify-full", SslMode::Require),
        ("postgres://ada@localhost,db.example/rialto", SslMode::Require),
        ("postgres://ada@db.example/rialto?sslmode=disable", SslMode::Disable),
        ("postgres://ada@localhost/rialto", SslMode::Disable),
        ("postgres://ada@[::1]/rialto", SslMode::Disable),
        ("postgres://ada@127.0.0.1/rialto?sslmode=require", SslMode::Require),
        ("host=/run/postgresql dbname=rialto", SslMode::Disable),
    ] {
        assert_eq!(mode(url), expected, "{url}");
    }
}

#[test]
fn a_wrong_address_is_refused_without_its_password() {
    for url in [
        "postgres://ada:secret@",
        "http://ada:secret@host/",
        "postgres://ada:secret@host/?what=ever",
        "",
    ] {
        let Err(error) = Address::of(&DatabaseSettings::new(url, "one")) else {
            panic!("{url} is taken")
        };
        assert!(!error.to_string().contains("secret"), "{error}");
    }
    let settings = DatabaseSettings::new("postgres://ada:secret@host/", "one");
    assert!(!format!("{settings:?}").contains("secret"));
}
