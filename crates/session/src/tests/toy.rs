//! A dialect that exists in these tests only: nothing else had to be changed for it.

mod dialect;
mod numbers;

use expect_test::expect;

use super::{
    peer::{Kind, TestDialect},
    world::{Rules, World, kinds},
};
use crate::{All, Both, Framer as _};

use self::dialect::{Lines, Toy};

impl TestDialect for Toy {
    fn hello(id: &str) -> String {
        format!("hello {id}")
    }

    fn frames(_: bool, bytes: &[u8]) -> Vec<String> {
        std::str::from_utf8(bytes).unwrap().lines().map(str::to_owned).collect()
    }
}

#[test]
fn a_dialect_of_its_own_speaks_with_all_others() {
    let mut kinds = kinds::<Both<Toy, All>>();
    kinds.push(Kind::of::<Toy>("toy"));
    let mut world = World::with_kinds(Rules::default(), kinds);
    world.play(
        r#"
        toy.ada online
        toy.ada > want room
        jmqt.bob online
        jmqt.bob > {"sub":{"cn":"room"}}
        jmqt.bob > {"pub":{"cn":"room","dt":{"n":1}}}
        toy.ada > say room {"n":2}
        authorizer denies not today
        toy.ada > say room {"n":3}
        toy.ada > bye
        "#,
    );
    expect![[r#"
        0s toy.ada < ok
        0s toy.ada < ok
        0s jmqt.bob < {"connAck":{"st":1,"ts":15}}
        0s jmqt.bob < {"subAck":{"st":1,"cn":"room"}}
        0s toy.ada < 1 room {"n":1}
        0s toy.ada < ok
        0s jmqt.bob < {"push":{"cn":"room","dt":{"n":2},"cl":"ada"}}
        0s toy.ada < no not today
        0s toy.ada x the client disconnected
        0s toy.ada < no the client disconnected
    "#]]
    .assert_eq(world.transcript());
}

#[test]
fn its_messages_have_a_number_of_their_own_for_each_receiver() {
    let mut kinds = kinds::<Both<Toy, All>>();
    kinds.push(Kind::of::<Toy>("toy"));
    let mut world = World::with_kinds(Rules::default(), kinds);
    world.play(
        r#"
        toy.ada online
        toy.ada > want room
        jmqt.bob online
        jmqt.bob > {"pub":{"cn":"room","dt":1}}
        toy.eve online
        toy.eve > want room
        jmqt.bob > {"pub":{"cn":"room","dt":2,"q":1,"id":"a"}}
        jmqt.bob > {"pub":{"cn":"room","dt":3,"q":1,"id":"b"}}
        "#,
    );
    expect![[r#"
        0s toy.ada < ok
        0s toy.ada < ok
        0s jmqt.bob < {"connAck":{"st":1,"ts":15}}
        0s toy.ada < 1 room 1
        0s toy.eve < ok
        0s toy.eve < ok
        0s jmqt.bob < {"pubAck":{"st":1,"id":"a"}}
        0s toy.ada < 2 room 2
        0s toy.eve < 1 room 2
        0s jmqt.bob < {"pubAck":{"st":1,"id":"b"}}
        0s toy.ada < 3 room 3
        0s toy.eve < 2 room 3
    "#]]
    .assert_eq(world.transcript());
    // A number is that of the connection on which it comes, and holds once.
    for (said, acknowledged) in [
        ("toy.ada > got 1", 0),
        ("toy.eve > got 3", 0),
        ("toy.ada > got 3", 1),
        ("toy.ada > got 3", 1),
        ("toy.eve > got 1", 2),
        ("toy.eve > got none", 2),
    ] {
        world.play(said);
        assert_eq!(world.stats().acknowledged, acknowledged, "{said}");
    }
}

#[test]
fn its_lines_are_whole_however_they_are_read() {
    let mut lines = Lines::default();
    let mut read = Vec::new();
    for part in [&b"hello a"[..], b"da\nwa", b"nt room\nbye\n"] {
        read.extend(lines.push(part).map(|line| line.unwrap().to_vec()));
        lines.release();
    }
    assert_eq!(read, [&b"hello ada"[..], b"want room", b"bye"]);
}
