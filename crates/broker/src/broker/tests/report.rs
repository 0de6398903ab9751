//! What the operator and the application are told of clients and channels.

use rialto_domain::CloseReason;

use crate::{ChannelReport, Connect, Settings};

use super::world::World;

fn world() -> World {
    let mut world = World::new(Settings::default());
    world.play(
        "
        ada: connect
        ada: sub room | ada: sub vault persistent
        bob: connect may=*
        +1s
        bob: disconnect
        +1s
        cleo: listen resume=60 give=room
        dan: listen resume=60
        dan: disconnect
        cleo: tell lamp 0
        ada: pub lamp 5 retain | ada: pub #dan 6
        server: push vault 123 qos1 | server: push vault 4 qos1 | server: push #ada 7 qos1
        +1s
        ",
    );
    world
}

#[test]
fn a_client_is_reported_with_its_session() {
    let world = world();
    let ada = world.broker.client_report("ada").unwrap();
    assert_eq!(ada.id, "ada".into());
    assert_eq!(ada.connection, Some(world.connection("ada")));
    assert_eq!(ada.account.as_deref(), Some("ada"));
    assert_eq!(ada.connected_for.unwrap().as_secs(), 3);
    assert_eq!((ada.last_seen, ada.is_lost, ada.subscription_count), (3000, false, 2));

    let bob = world.broker.client_report("bob").unwrap();
    assert_eq!((bob.connection, bob.account, bob.connected_for), (None, None, None));
    assert_eq!((bob.last_seen, bob.is_lost, bob.subscription_count), (1000, false, 0));

    let dan = world.broker.client_report("dan").unwrap();
    assert_eq!((dan.connection, dan.is_lost), (None, true));
    assert_eq!(world.broker.client_report("eve"), None);
}

#[test]
fn a_client_goes_by_the_account_of_its_rights() {
    let mut world = World::new(Settings::default());
    world.play("ada: open");
    let rights = super::ledger::admission("accounting", &["may="], &Default::default());
    let ada = world.connection("ada");
    world.round(|world| {
        world.broker.connect(ada, &Connect::stored(&"ada".into(), &rights)).unwrap();
    });
    let report = world.broker.client_report("ada").unwrap();
    assert_eq!(report.account.as_deref(), Some("accounting"));
}

#[test]
fn a_channel_is_reported_with_what_it_holds() {
    let mut world = world();
    let vault = ChannelReport {
        name: "vault".to_owned(),
        subscriber_count: 1,
        persistent_count: 1,
        has_retained: false,
        history_count: 2,
        log_count: 2,
        log_bytes: 8,
    };
    assert_eq!(world.broker.channel_report("vault"), Some(vault.clone()));
    assert_eq!(world.broker.channel_report("nowhere"), None);
    let room = world.broker.channel_report("room").unwrap();
    assert_eq!((room.subscriber_count, room.persistent_count, room.log_count), (2, 0, 0));
    let lamp = world.broker.channel_report("lamp").unwrap();
    assert_eq!((lamp.subscriber_count, lamp.has_retained), (0, true));
    assert_eq!(&world.broker.retained("lamp").unwrap().payload[..], b"5");
    assert_eq!((world.broker.retained("room"), world.broker.retained("nowhere")), (None, None));

    world.play("ada: disconnect");
    let vault = ChannelReport { subscriber_count: 0, ..vault };
    assert_eq!(world.broker.channel_report("vault"), Some(vault));
}

#[test]
fn a_client_can_be_disconnected_by_its_id_while_it_is_connected() {
    let mut world = world();
    world.take_transcript();
    world.round(|world| {
        assert!(world.broker.close_client("ada", CloseReason::Removed));
        assert!(!world.broker.close_client("bob", CloseReason::Removed));
        assert!(!world.broker.close_client("eve", CloseReason::Removed));
    });
    assert_eq!(world.take_transcript(), "ada x disconnected by the server\n");
    assert!(!world.broker.is_online("ada"));
}
