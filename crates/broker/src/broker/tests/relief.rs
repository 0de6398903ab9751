//! What is given up where memory is short.

use expect_test::expect;

use super::world::check;

#[test]
fn nothing_more_is_retained_or_kept_for_lost_clients_while_memory_is_short() {
    check(
        "
        bob: connect
        cleo: listen resume=60
        server: sub cleo room
        cleo: disconnect
        bob: pub room 1 retain
        server: memory short
        bob: pub room 2 | bob: pub room 12345678901234567 retain id=3 | bob: pub hall 4 retain qos1 id=4
        server: memory enough
        bob: pub room 5 | bob: pub hall 6 retain qos1 id=6
        cleo: listen resume=60
        ada: connect
        ada: sub room | ada: sub hall
        ",
        expect![[r#"
            bob < connected 15
            cleo : New
            bob < published 3: StoreUnavailable
            bob < published 4: StoreUnavailable
            bob < published 6
            cleo : Restored
            cleo < push room 1 by bob
            cleo < push room 5 by bob
            ada < connected 15
            ada < subscribed room
            ada < push room 1 by bob retained
            ada < subscribed hall
            ada < push hall 6 by bob retained
        "#]],
    );
}

#[test]
fn histories_go_until_there_is_room_those_unused_for_longest_first() {
    check(
        "
        bob: connect
        bob: pub attic 1
        bob: pub room 1
        bob: pub hall 1
        bob: pub attic 2
        server: evict 1
        server: past attic
        server: past room
        server: past hall
        server: evict 1000000
        server: past attic
        server: past hall
        server: evict 0
        bob: pub attic 3
        server: past attic
        ",
        expect![[r#"
            bob < connected 15
            evicted: enough true
            past of attic: 1 2
            past of room: 
            past of hall: 1
            evicted: enough false
            past of attic: 
            past of hall: 
            evicted: enough true
            past of attic: 3
        "#]],
    );
}
