//! What is known of clients one at a time, and of logs without a look at each of their readers.

use rialto_domain::{
    Change, ClientId, ClientState, CursorState, Load, LogId, Outcome, Sequence, Snapshot,
    StoredClient, StoredId,
};

use super::{
    changes::{
        acknowledge, append, forget, move_cursor, page, put_client, seen, subscribe, trim,
        unsubscribe,
    },
    subject::{Driver, Subject},
};

/// Store, duty 20.
pub(super) fn heads_are_the_whole_without_clients(driver: &mut dyn Driver) {
    let mut subject = Subject::create(driver);
    fill(&mut subject);
    let whole = subject.load();
    let readers = |subject: &mut Subject| {
        let logs = subject.load().logs.into_iter();
        let readers = logs.map(|log| (log.channel.to_string(), log.reader_count, log.slowest));
        readers.collect::<Vec<_>>()
    };
    let expected = [("#ada", 1, 0), ("news", 0, 4), ("room", 3, 2)];
    let expected = expected.map(|(channel, count, slowest)| (channel.to_owned(), count, slowest));
    assert_eq!(readers(&mut subject), expected);

    let heads = Snapshot { load: Load::Heads, clients: vec![], cursors: vec![], ..whole.clone() };
    assert_eq!(subject.store.load(Load::Heads).expect("heads are loaded"), heads);
    let Some(mut subject) = subject.reopen(driver) else { return };
    assert_eq!(subject.store.load(Load::Heads).expect("heads are loaded"), heads);
    assert_eq!(subject.load(), whole);
}

/// Reader, duty 7.
pub(super) fn a_client_is_read_as_it_is_loaded(driver: &mut dyn Driver) {
    let mut subject = Subject::create(driver);
    fill(&mut subject);
    let whole = subject.load();
    for id in ["ada", "bob", "eve", "zoe", "nobody", ""] {
        let cursors = whole.cursors.iter().filter(|(one, ..)| one.as_str() == id);
        let cursors: Vec<_> =
            cursors.map(|(_, channel, state)| (channel.clone(), state.clone())).collect();
        let seen = whole.clients.iter().find(|(one, _)| one.as_str() == id).map(|(_, seen)| *seen);
        let is_known = seen.is_some() || !cursors.is_empty();
        let expected = is_known.then_some(ClientState { seen, cursors });
        assert_eq!(subject.client(id), expected, "{id:?}");
    }
    subject.commit(&[forget("ada"), unsubscribe("eve", "room")]);
    assert_eq!(subject.client("ada"), None);
    assert_eq!(subject.client("eve"), None, "it was never put");
    let state = CursorState { floor: 2, acknowledged: vec![(4, 5)] };
    let cursors = vec![("room".into(), state)];
    assert_eq!(subject.client("bob"), Some(ClientState { seen: Some(seen(6)), cursors }));
}

/// Reader, duty 7.
pub(super) fn clients_are_listed_by_id(driver: &mut dyn Driver) {
    let mut subject = Subject::create(driver);
    fill(&mut subject);
    let client = |id: &str, seen, topic_count| StoredClient { id: id.into(), seen, topic_count };
    let all = [
        client("ada", Some(seen(7)), 1),
        client("bob", Some(seen(6)), 1),
        client("eve", None, 1),
        client("zoe", Some(seen(1)), 0),
    ];
    for (after, count_max, expected) in [
        ("", 9, &all[..]),
        ("", 2, &all[..2]),
        ("ada", 2, &all[1..3]),
        ("b", 9, &all[1..]),
        ("eve", 9, &all[3..]),
        ("zoe", 9, &[]),
        ("", 0, &[]),
    ] {
        let listed = subject.reader.clients(&ClientId::from(after), count_max);
        assert_eq!(listed.expect("clients are listed"), expected, "behind {after:?}");
    }
}

/// Reader, duty 8.
pub(super) fn ids_are_listed_with_whether_they_have_a_cursor(driver: &mut dyn Driver) {
    let mut subject = Subject::create(driver);
    fill(&mut subject);
    subject.commit(&[subscribe("zoe", "#zoe"), put_client("yan", 1), put_client("zed", 1)]);
    let id = |id: &str, has_cursor| StoredId { id: id.into(), has_cursor };
    let all = [
        id("ada", true),
        id("bob", true),
        id("eve", true),
        id("yan", false),
        id("zed", false),
        id("zoe", true),
    ];
    for (after, count_max, expected) in [
        ("", 9, &all[..]),
        ("", 2, &all[..2]),
        ("bob", 3, &all[2..5]),
        ("y", 9, &all[3..]),
        ("zoe", 9, &[]),
        ("", 0, &[]),
    ] {
        let listed = subject.reader.ids(&ClientId::from(after), count_max);
        assert_eq!(listed.expect("ids are listed"), expected, "behind {after:?}");
    }
}

/// Store, duty 21.
pub(super) fn the_slowest_cursor_is_told(driver: &mut dyn Driver) {
    let mut subject = Subject::create(driver);
    subject.commit(&[subscribe("ada", "room"), subscribe("bob", "room"), append("room", 9)]);
    for (change, slowest) in [
        (move_cursor("ada", "room", 4), 0),
        (move_cursor("bob", "room", 3), 3),
        (move_cursor("bob", "room", 2), 3),
        (move_cursor("bob", "room", 99), 4),
        (move_cursor("nobody", "room", 9), 4),
        (move_cursor("ada", "room", 7), 7),
    ] {
        assert_eq!(subject.commit(&[change]), [Outcome::Moved { slowest }]);
    }
    subject.commit(&[unsubscribe("ada", "room")]);
    let moved = subject.commit(&[move_cursor("bob", "room", 1)]);
    assert_eq!(moved, [Outcome::Moved { slowest: 9 }]);
    subject.commit(&[append("unread", 1)]);
    assert_eq!(subject.commit(&[move_cursor("bob", "unread", 1)]), [Outcome::Done]);
    assert_eq!(subject.commit(&[move_cursor("bob", "no such log", 1)]), [Outcome::Done]);
}

/// Store, duty 22.
pub(super) fn direct_messages_are_stored_for_clients_that_are_known(driver: &mut dyn Driver) {
    let mut subject = Subject::create(driver);
    assert_eq!(subject.commit(&[direct("ada", 2)]), [Outcome::ClientUnknown]);
    assert_eq!(subject.load(), Snapshot::default());

    let put = [put_client("ada", 3), direct("ada", 2)];
    let Outcome::Appended { log, first: 1 } = subject.commit(&put)[1] else {
        panic!("one that is put in the same batch is known")
    };
    assert_eq!(subject.cursor("ada", "#ada"), CursorState::default());
    subject.commit(&[move_cursor("ada", "#ada", 1)]);
    assert_eq!(subject.commit(&[direct("ada", 3)]), [Outcome::Appended { log, first: 3 }]);
    assert_eq!(subject.cursor("ada", "#ada").floor, 1, "the cursor stays where it is");
    assert_eq!(subject.spans(log), [(1, 2), (3, 5)]);

    subject.commit(&[subscribe("eve", "room")]);
    assert!(matches!(subject.commit(&[direct("eve", 1)])[..], [Outcome::Appended { .. }]));
    subject.commit(&[forget("ada"), forget("eve")]);
    for client in ["ada", "eve"] {
        assert_eq!(subject.commit(&[direct(client, 1)]), [Outcome::ClientUnknown]);
    }
    subject.refuse(&[put_client("ada", 3), direct("ada", 0)]);
    assert_eq!(subject.client("ada"), None);
}

impl Subject {
    #[track_caller]
    fn client(&mut self, id: &str) -> Option<ClientState> {
        self.reader.client(&ClientId::from(id)).expect("a client is read")
    }
}

fn direct(client: &str, count: u32) -> Change {
    Change::AppendDirect(client.into(), page(&format!("#{client}"), count))
}

fn fill(subject: &mut Subject) {
    let _: (LogId, Sequence) = subject.subscribe("ada", "room");
    subject.commit(&[
        put_client("ada", 7),
        put_client("bob", 6),
        put_client("zoe", 1),
        direct("ada", 1),
        subscribe("bob", "room"),
        append("room", 5),
        subscribe("eve", "room"),
        append("news", 4),
        append("room", 2),
    ]);
    subject.commit(&[
        move_cursor("bob", "room", 2),
        move_cursor("ada", "room", 3),
        acknowledge("bob", "room", &[(4, 5)]),
        acknowledge("ada", "room", &[(6, 6), (1, 2)]),
        trim("room", 1),
    ]);
}
