//! Publishing: who gets it, and in which form.

use expect_test::expect;

use super::world::{Rules, World, check};

#[test]
fn a_message_reaches_all_subscribers_and_its_publisher_has_no_answer() {
    // P-23, P-24, P-28: in the order sent.
    check(
        r"
        psx.ada > CONNECT ada␀SUBSCRIBE a
        psx.eve > CONNECT eve␀SUBSCRIBE a
        psx.bob > CONNECT bob␀PUBLISH a 1␀PUBLISH a 2␀PUBLISH b 3␀PUBLISH a 4
        ",
        expect![[r#"
            0s psx.ada < OK: Conn accepted
            0s psx.eve < OK: Conn accepted
            0s psx.bob < OK: Conn accepted
            0s psx.ada < a 1
            0s psx.ada < a 2
            0s psx.eve < a 1
            0s psx.eve < a 2
            0s psx.ada < a 4
            0s psx.eve < a 4
        "#]],
    );
}

#[test]
fn a_publisher_that_is_subscribed_gets_its_own_message() {
    // P-25: once, whatever is the rule for other dialects.
    check(
        r"
        psx.ada > CONNECT ada␀SUBSCRIBE a␀PUBLISH a 1␀UNSUBSCRIBE a␀PUBLISH a 2
        ",
        expect![[r#"
            0s psx.ada < OK: Conn accepted
            0s psx.ada < a 1
        "#]],
    );
}

#[test]
fn data_is_delivered_as_it_came() {
    // P-26, P-27.
    check(
        r#"
        psx.ada > CONNECT ada␀SUBSCRIBE a
        psx.ada > PUBLISH a␀PUBLISH a␠␀PUBLISH a  two  words␠␀PUBLISH a one␊two␊␊three␊x␀PUBLISH a {"a": "\n"}␀PUBLISH a "quoted\"␀PUBLISH a␊ b
        "#,
        expect![[r#"
            0s psx.ada < OK: Conn accepted
            0s psx.ada < a␠
            0s psx.ada < a␠
            0s psx.ada < a  two  words␠
            0s psx.ada < a one␊two␊␊three␊x
            0s psx.ada < a {"a": "\n"}
            0s psx.ada < a "quoted\"
        "#]],
    );
}

#[test]
fn a_message_without_subscribers_is_dropped() {
    // P-29.
    check(
        r"
        psx.bob > CONNECT bob␀PUBLISH a 1
        psx.ada > CONNECT ada␀SUBSCRIBE a
        psx.bob > PUBLISH a 2
        ",
        expect![[r#"
            0s psx.bob < OK: Conn accepted
            0s psx.ada < OK: Conn accepted
            0s psx.ada < a 2
        "#]],
    );
}

#[test]
fn messages_of_one_publisher_keep_their_order_among_others() {
    // P-28.
    check(
        r"
        psx.ada > CONNECT ada␀SUBSCRIBE a
        psx.bob > CONNECT bob␀PUBLISH a b1␀PUBLISH a b2
        psx.eve > CONNECT eve␀PUBLISH a e1
        psx.bob > PUBLISH a b3
        psx.eve > PUBLISH a e2
        ",
        expect![[r#"
            0s psx.ada < OK: Conn accepted
            0s psx.bob < OK: Conn accepted
            0s psx.ada < a b1
            0s psx.ada < a b2
            0s psx.eve < OK: Conn accepted
            0s psx.ada < a e1
            0s psx.ada < a b3
            0s psx.ada < a e2
        "#]],
    );
}

#[test]
fn a_message_that_no_client_could_take_is_left_out_for_all_of_this_dialect() {
    // P-6: an original client would throw away all it has.
    let mut world = World::new(Rules::default());
    world.play(
        "
        psx.ada > CONNECT ada␀SUBSCRIBE a
        jmqt.joe online
        jmqt.joe > {\"sub\":{\"cn\":\"a\"}}
        ",
    );
    let room = 10_240 - "a \n\nx".len();
    let longest = "m".repeat(room);
    world.send("psx.ada", &format!("PUBLISH a {longest}"));
    assert!(world.transcript().contains(&format!("psx.ada < a {longest}\n")));
    world.send("psx.ada", &format!("PUBLISH a {longest}m␀PUBLISH a next"));
    assert!(!world.transcript().contains(&format!("psx.ada < a {longest}m")));
    assert!(world.transcript().contains(&format!("\"dt\":\"{longest}m\"")));
    assert!(world.transcript().contains("psx.ada < a next\n"));
}
