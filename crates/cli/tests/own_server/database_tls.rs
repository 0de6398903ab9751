//! A broker that stores in a database which it reaches by TLS, and the database's certificate changes.

use rialto_testkit::{Authority, Issued, Mariadb, Peer, Postgres, Transport};

use crate::{common::publish_stored, http::ask, launch, until};

/// Has a broker store behind a certificate, then behind another one, and then behind the first again.
fn check(url: &str, authority: &Authority, mut show: impl FnMut(bool)) {
    let url = url.replace("//", "//keeper:not-to-be-shown@");
    let broker = launch(&format!(
        "[store]\nkind = \"{}\"\nurl = \"{url}\"\ntls_ca = \"{}\"\n",
        url.split(':').next().unwrap(),
        authority.file().display()
    ))
    .start();
    let is_ready = || ask(&broker, "GET /readyz", None, "").status == 200;
    let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
    ada.subscribe_for_good("room");
    let mut bob = Peer::online(&broker, Transport::Tcp, "bob");
    bob.send(publish_stored("room", 1, "one"));
    bob.expect(r#"{"pubAck":{"st":1,"id":"one"}}"#);
    ada.expect(r#"{"push":{"cn":"room","dt":1,"cl":"bob","q":1,"id":"*"}}"#);

    show(false);
    bob.send(publish_stored("room", 2, "two"));
    let refused = bob.recv();
    assert_eq!((&refused["pubAck"]["st"], &refused["pubAck"]["id"]), (&5.into(), &"two".into()));
    assert!(!is_ready());
    let said = ask(&broker, "GET /readyz?verbose", None, "").body;
    assert!(said.contains("[-]store refuses writes"), "{said}");

    show(true);
    until("it is ready again", || is_ready().then_some(()));
    bob.send(publish_stored("room", 3, "three"));
    bob.expect(r#"{"pubAck":{"st":1,"id":"three"}}"#);
    let log = broker.log_lines().join("\n");
    assert!(!log.contains("not-to-be-shown"), "{log}");
    let told = log.lines().filter(|line| line.contains("store write error")).count();
    assert_eq!(told, 1, "{log}");
}

/// Returns the right certificate, or one of another name.
fn certificate(authority: &Authority, name: &str, is_right: bool) -> Issued {
    authority.issue(if is_right { name } else { "other.example" })
}

#[test]
fn a_postgresql_with_another_certificate_is_not_stored_in() {
    // J-88.
    let authority = Authority::new();
    let shown = |is_right| certificate(&authority, "db.example", is_right);
    let mut server = Postgres::start_encrypted(&shown(true));
    server.sql("CREATE ROLE keeper SUPERUSER LOGIN PASSWORD 'not-to-be-shown'");
    let port = server.address().unwrap().port();
    let url = format!("postgres://db.example:{port}/postgres?hostaddr=127.0.0.1");
    check(&url, &authority, |is_right| server.encrypt(Some(&shown(is_right))));
}

#[test]
fn a_mariadb_with_another_certificate_is_not_stored_in() {
    // J-88.
    let authority = Authority::new();
    let shown = |is_right| certificate(&authority, "localhost", is_right);
    let mut server = Mariadb::start_encrypted(&shown(true));
    server.sql(
        "CREATE USER keeper@'127.0.0.1' IDENTIFIED BY 'not-to-be-shown' REQUIRE SSL;
         GRANT ALL ON rialto.* TO keeper@'127.0.0.1'",
    );
    let port = server.address().unwrap().port();
    let url = format!("mysql://localhost:{port}/rialto?ssl-mode=required");
    check(&url, &authority, |is_right| server.encrypt(Some(&shown(is_right))));
}
