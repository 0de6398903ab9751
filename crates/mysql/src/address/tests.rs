//! Which addresses are encrypted, and that none is shown.

use rialto_database::DatabaseSettings;

use super::Address;

fn address(url: &str) -> Address {
    Address::of(&DatabaseSettings::new(url, "one")).unwrap_or_else(|error| panic!("{url}: {error}"))
}

#[test]
fn what_leaves_the_machine_is_encrypted_unless_that_is_disabled() {
    for (url, is_encrypted) in [
        ("mysql://ada@db.example/rialto", true),
        ("mariadb://ada@192.0.2.7/rialto?ssl-mode=VERIFY_CA", true),
        ("mysql://ada@localhost,db.example/rialto", true),
        ("mysql://ada@db.example/rialto?ssl-mode=DISABLED", false),
        ("mysql://ada@localhost/rialto", false),
        ("mysql://ada@[::1]/rialto", false),
        ("mysql://ada@127.0.0.1/rialto?sslmode=required", true),
        ("mysql://ada@localhost/rialto?socket=/run/mysqld/mysqld.sock", false),
    ] {
        let address = address(url);
        assert_eq!(address.is_encrypted, is_encrypted, "{url}");
        assert!(
            address.hosts.iter().all(|host| host.ssl_opts().is_some() == is_encrypted),
            "{url}"
        );
    }
}

#[test]
fn all_parts_of_an_address_are_taken() {
    let address = address("mysql://ada%40home:p%3Ass@one.example,[2001:db8::7]:3307/ria%20lto");
    assert_eq!(address.database, "ria lto");
    let hosts = address.hosts.iter().map(|host| (host.ip_or_hostname(), host.tcp_port()));
    assert_eq!(hosts.collect::<Vec<_>>(), [("one.example", 3306), ("2001:db8::7", 3307)]);
    assert_eq!(address.hosts[1].user(), Some("ada@home"));
    assert_eq!(address.hosts[1].pass(), Some("p:ss"));
    assert_eq!(
        super::Address::of(&DatabaseSettings::new("mysql://h", "one")).unwrap().database,
        "rialto"
    );
}

#[test]
fn a_wrong_address_is_refused_without_its_password() {
    for url in [
        "mysql://ada:secret@",
        "postgres://ada:secret@host/",
        "mysql://ada:secret@host/?what=ever",
        "mysql://ada:secret@host/?ssl-mode=maybe",
        "mysql://ada:secret@host:port/",
        "mysql://ada:secret@host/?socket=/run/s&ssl-mode=required",
        "",
    ] {
        let Err(error) = Address::of(&DatabaseSettings::new(url, "one")) else {
            panic!("{url} is taken")
        };
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}
