//! What a client gets at the beginning of its session, however much it is.

use expect_test::expect;

use super::world::World;
use crate::Settings;

#[test]
fn retained_messages_come_in_parts_at_the_beginning_of_a_session_and_before_what_was_stored() {
    // J-82, J-119: a client with a thousand subscriptions must not be sent a gigabyte at once.
    let publish = |channel: &str, rest: &str| format!("bob: pub {channel} {rest}\n");
    let large = |first: &str| format!("{first}{}", "x".repeat(100_000));
    let mut script = "ada: connect\nbob: connect\n".to_owned();
    for channel in ["one", "two", "three", "four", "five"] {
        script += &format!("ada: sub {channel} persistent\n");
        script += &publish(channel, &format!("{} retain", large(channel)));
    }
    script += "ada: disconnect\n";
    script += &publish("three", "stored qos1 id=1");
    let mut world = World::new(Settings::default());
    world.play(&script);
    world.take_transcript();
    let mut play = |script: &str| {
        world.play(script);
        world.take_transcript().replace(&"x".repeat(100_000), "…")
    };
    expect![[r#"
        ada < connected 15
        ada < push one one… by bob retained
        ada < push two two… by bob retained
    "#]]
    .assert_eq(&play("ada: connect"));
    expect![[r#"
        ada < push three three… by bob retained
        ada < push four four… by bob retained
    "#]]
    .assert_eq(&play("ada: read"));
    expect![[r#"
        ada < push five five… by bob retained
        ada < push three stored by bob id 3-1
    "#]]
    .assert_eq(&play("ada: read"));
    assert_eq!(play("ada: read"), "");
}
