//! The duties of [`Membership`], each as a check on a store that two nodes share.

use std::time::Duration;

use rialto_domain::{
    Change, Claim, Claimed, ClientId, Commit, Epoch, Handover, LogId, NodeId, Noted, Outcome,
    Retained, Sequence, StoreClock, Urgency,
};

use super::changes::{
    append, append_if_read, drop_log, move_cursor, page, put_client, subscribe, unsubscribe,
};
use crate::{FailureKind, Membership, Store, StoreError};

/// Makes the nodes that share a store.
pub trait SharedDriver {
    /// Makes a store with nothing in it; returns that of its first node.
    fn create(&mut self) -> Box<dyn Store>;

    /// Makes another node of the store that was made last.
    fn join(&mut self) -> Box<dyn Store>;

    /// Lets the store's clock go on, or makes it look as if it had.
    fn pass(&mut self, time: Duration);
}

/// Longer than any lease and any grace of a driver's that is checked.
const LONG: Duration = Duration::from_secs(20);

/// Checks every duty that nodes on a shared store rely on, each on a store of its own.
///
/// # Panics
/// When a duty is neglected.
pub fn check_shared(driver: &mut dyn SharedDriver) {
    a_client_has_one_owner(driver);
    whoever_is_asked_for_a_client_can_release_it(driver);
    nothing_is_written_for_a_client_that_is_lost(driver);
    a_dead_node_writes_nothing_and_owns_nobody(driver);
    each_node_is_told_of_what_the_others_append(driver);
    logs_that_went_and_retained_messages_are_told(driver);
    a_claim_brings_what_is_stored(driver);
    sessions_of_a_dead_node_are_told_to_one_other(driver);
    the_clocks_only_go_forward(driver);
    direct_messages_for_clients_of_others_say_so(driver);
}

/// A node under examination; every operation on it must succeed unless said otherwise.
struct Node {
    store: Box<dyn Store>,
    member: Box<dyn Membership>,
}

impl Node {
    fn new(mut store: Box<dyn Store>) -> Self {
        let member = store.membership().expect("a membership is had");
        Node { member: member.expect("the store is shared"), store }
    }

    #[track_caller]
    fn commit(&mut self, changes: &[Change]) -> Vec<Outcome> {
        self.commit_for(&[], changes)
    }

    #[track_caller]
    fn commit_for(&mut self, owned: &[(&str, Epoch)], changes: &[Change]) -> Vec<Outcome> {
        self.try_commit(owned, changes).expect("the batch is committed")
    }

    fn try_commit(
        &mut self,
        owned: &[(&str, Epoch)],
        changes: &[Change],
    ) -> Result<Vec<Outcome>, StoreError> {
        let owned = owned.iter().map(|(client, epoch)| (ClientId::from(*client), *epoch));
        let (changes, owned) = (changes.to_vec(), owned.collect());
        self.store.commit_all(&[Commit { changes, owned, ..Commit::default() }])
    }

    #[track_caller]
    fn claim(&mut self, client: &str, urgency: Urgency) -> Claimed {
        let claims = [Claim { client: client.into(), urgency }];
        let mut claimed = self.member.claim(&claims).expect("a claim is answered");
        assert_eq!(claimed.len(), 1);
        claimed.remove(0)
    }

    /// Claims a client that this node is to get; returns the epoch.
    #[track_caller]
    fn own(&mut self, client: &str, urgency: Urgency) -> Epoch {
        match self.claim(client, urgency) {
            Claimed::Here { epoch, .. } => epoch,
            Claimed::Elsewhere(node) => panic!("{client} is owned by {node:?}"),
        }
    }

    #[track_caller]
    fn poll(&mut self) -> Noted {
        self.member.poll().expect("what happened is told")
    }
}

fn two(driver: &mut dyn SharedDriver) -> (Node, Node) {
    (Node::new(driver.create()), Node::new(driver.join()))
}

/// Duty 1.
fn a_client_has_one_owner(driver: &mut dyn SharedDriver) {
    let (mut one, mut other) = two(driver);
    let first = one.own("ada", Urgency::IfFree);
    assert!(0 < first);
    assert!(matches!(other.claim("ada", Urgency::IfFree), Claimed::Elsewhere(NodeId(_))));
    assert!(matches!(other.claim("ada", Urgency::Ask), Claimed::Elsewhere(_)));
    let again = one.own("ada", Urgency::Ask);
    assert!(first < again, "each claim raises the epoch");
    let forced = other.own("ada", Urgency::Force);
    assert!(again < forced);
    assert!(matches!(one.claim("ada", Urgency::IfFree), Claimed::Elsewhere(_)));
    other.own("bob", Urgency::Force);

    // Several at once, whichever way they are sorted.
    let ids = ["eve", "ada", "zoe", "bob"];
    let claims = ids.map(|id| Claim { client: id.into(), urgency: Urgency::IfFree });
    let claimed = one.member.claim(&claims).expect("claims are answered");
    let is_here: Vec<bool> =
        claimed.iter().map(|claimed| matches!(claimed, Claimed::Here { .. })).collect();
    assert_eq!(is_here, [true, false, true, false]);
}

/// Duty 3.
fn whoever_is_asked_for_a_client_can_release_it(driver: &mut dyn SharedDriver) {
    let (mut one, mut other) = two(driver);
    let epoch = one.own("ada", Urgency::IfFree);
    other.claim("ada", Urgency::Ask);
    other.claim("ada", Urgency::Ask);
    let asked = Handover { client: "ada".into(), epoch, is_taken: false };
    assert_eq!(one.poll().handovers, [asked]);
    assert_eq!(one.poll().handovers, []);
    assert_eq!(other.poll().handovers, []);
    let changes = [put_client("ada", 3), Change::Release("ada".into())];
    assert_eq!(one.commit_for(&[("ada", epoch)], &changes), [Outcome::Done, Outcome::Done]);
    let later = other.own("ada", Urgency::IfFree);
    assert!(epoch < later);

    // Who is late releases nothing.
    assert_eq!(
        one.commit_for(&[("ada", epoch)], &[Change::Release("ada".into())]),
        [Outcome::Lost]
    );
    assert!(matches!(one.claim("ada", Urgency::IfFree), Claimed::Elsewhere(_)));
    let taken = one.own("ada", Urgency::Force);
    assert!(later < taken);
    let told = Handover { client: "ada".into(), epoch: later, is_taken: true };
    assert_eq!(other.poll().handovers, [told]);
}

/// Duty 2.
fn nothing_is_written_for_a_client_that_is_lost(driver: &mut dyn SharedDriver) {
    let (mut one, mut other) = two(driver);
    let (ada, bob) = (one.own("ada", Urgency::IfFree), one.own("bob", Urgency::IfFree));
    one.commit_for(&[("ada", ada), ("bob", bob)], &[subscribe("ada", "room"), append("room", 3)]);
    other.own("ada", Urgency::Force);
    let by =
        |publisher: &str| rialto_domain::Page { publisher: publisher.into(), ..page("room", 1) };
    let retained = |publisher: &str| Retained {
        publisher: publisher.into(),
        payload: publisher.as_bytes().to_vec().into(),
    };
    let outcomes = one.commit_for(
        &[("ada", ada), ("bob", bob)],
        &[
            Change::AppendIfRead(by("ada")),
            move_cursor("ada", "room", 2),
            Change::Retain("room".into(), retained("ada")),
            subscribe("ada", "hall"),
            Change::AppendIfRead(by("bob")),
            append("room", 1),
        ],
    );
    assert_eq!(outcomes[..4], [Outcome::Lost; 4]);
    let places = [&outcomes[4], &outcomes[5]].map(|outcome| match outcome {
        Outcome::Appended { first, .. } => *first,
        other => panic!("{other:?}"),
    });
    assert_eq!(places, [4, 5], "nothing of what is lost has taken a number");
    let Claimed::Here { state, .. } = other.claim("ada", Urgency::Ask) else {
        panic!("it is its own")
    };
    let cursors = state.expect("it has a cursor").cursors;
    assert_eq!(cursors.iter().map(|(_, cursor)| cursor.floor).collect::<Vec<_>>(), [0]);
}

/// Duties 1, 2 and 4.
fn a_dead_node_writes_nothing_and_owns_nobody(driver: &mut dyn SharedDriver) {
    let (mut one, mut other) = two(driver);
    let epoch = one.own("ada", Urgency::IfFree);
    other.member.renew().expect("a lease is renewed");
    one.commit_for(&[("ada", epoch)], &[subscribe("ada", "room")]);
    driver.pass(LONG);
    other.member.renew().expect("whoever renews first lives");
    let refused = one.try_commit(&[("ada", epoch)], &[append("room", 1)]);
    assert_eq!(refused.expect_err("it is dead").kind, FailureKind::Permanent);
    for refused in [one.member.renew(), one.member.poll().map(drop)] {
        assert_eq!(refused.expect_err("it is dead").kind, FailureKind::Permanent);
    }
    assert!(epoch < other.own("ada", Urgency::IfFree));
    assert_eq!(other.commit(&[append_if_read("room", 1)]).len(), 1);
    driver.pass(LONG);
    other.member.renew().expect("nobody has declared it dead");
    // A node that begins anew is another one.
    Node::new(driver.join()).commit(&[append_if_read("room", 1)]);
}

/// Duty 5.
fn each_node_is_told_of_what_the_others_append(driver: &mut dyn SharedDriver) {
    let (mut one, mut other) = two(driver);
    let told = |noted: &Noted| {
        let heads = noted.heads.iter();
        let heads = heads.map(|head| {
            (head.state.channel.to_string(), head.state.log, head.first, head.state.last)
        });
        let mut heads: Vec<(String, LogId, Sequence, Sequence)> = heads.collect();
        heads.sort();
        heads
    };
    one.commit(&[subscribe("ada", "room"), subscribe("ada", "hall"), append("room", 2)]);
    let room = one.poll();
    assert_eq!(told(&room), [], "one's own pages are known");
    let noted = other.poll();
    let [(channel, log, 1, 2)] = &told(&noted)[..] else { panic!("{noted:?}") };
    assert_eq!(channel, "room");
    assert_eq!(other.poll(), Noted::default());

    one.commit(&[append("room", 3)]);
    other.commit(&[append_if_read("room", 1), append_if_read("hall", 1)]);
    one.commit(&[append("room", 1), append("room", 4)]);
    let noted = other.poll();
    let [(_, again, first, 11)] = &told(&noted)[..] else { panic!("{noted:?}") };
    assert!(again == log && *first <= 3, "{noted:?}");
    let noted = one.poll();
    assert_eq!(told(&noted).len(), 2, "{noted:?}");
    let mut reader = other.store.reader().expect("a reader opens");
    let pages = reader.read(*log, 1, usize::MAX).expect("the log is read");
    assert_eq!(pages.len(), 5);

    // Who comes later is told of what comes later.
    let mut third = Node::new(driver.join());
    assert_eq!(third.poll(), Noted::default());
    one.commit(&[append("hall", 2)]);
    assert_eq!(told(&third.poll()).len(), 1);
}

/// Duties 5 and 6.
fn logs_that_went_and_retained_messages_are_told(driver: &mut dyn SharedDriver) {
    let (mut one, mut other) = two(driver);
    let outcomes = one.commit(&[subscribe("ada", "room")]);
    let [Outcome::Subscribed { log, .. }] = outcomes[..] else { panic!("{outcomes:?}") };
    other.commit(&[drop_log("room")]);
    assert_eq!(one.poll().gone, [], "somebody reads it");
    one.commit(&[unsubscribe("ada", "room"), drop_log("room"), drop_log("none")]);
    assert_eq!(other.poll().gone, [log]);
    assert_eq!(one.poll().gone, [log], "also to whoever dropped it");

    let retained =
        |text: &'static str| Retained { publisher: "ada".into(), payload: text.as_bytes().into() };
    let name = "r\u{0}o\"om";
    one.commit(&[Change::Retain(name.into(), retained("1"))]);
    other.commit(&[Change::Retain(name.into(), retained("2"))]);
    for node in [&mut one, &mut other] {
        assert_eq!(node.poll().retained, [(name.into(), Some(retained("2")))]);
        assert_eq!(node.poll().retained, []);
        let read = node.member.retained(&[name.into(), "none".into()]);
        assert_eq!(read.expect("it is read"), [Some(retained("2")), None]);
    }
    other.commit(&[Change::DropRetained(name.into())]);
    assert_eq!(one.poll().retained, [(name.into(), None)]);
}

/// Duty 1.
fn a_claim_brings_what_is_stored(driver: &mut dyn SharedDriver) {
    let (mut one, mut other) = two(driver);
    let Claimed::Here { epoch, state, logs, has_session } = one.claim("ada", Urgency::IfFree)
    else {
        panic!("nobody owns it")
    };
    assert_eq!((state, logs, has_session), (None, vec![], false));
    let session = Change::OpenSession("ada".into(), 7);
    let changes = [put_client("ada", 3), subscribe("ada", "room"), append("room", 4), session];
    one.commit_for(&[("ada", epoch)], &changes);
    one.commit_for(&[("ada", epoch)], &[move_cursor("ada", "room", 2)]);

    let Claimed::Here { state, logs, has_session, .. } = other.claim("ada", Urgency::Force) else {
        panic!("it is taken by force")
    };
    let mut reader = other.store.reader().expect("a reader opens");
    assert_eq!(state, reader.client(&"ada".into()).expect("the client is read"));
    assert!(state.is_some() && has_session);
    let logs: Vec<_> =
        logs.iter().map(|log| (log.channel.as_str(), log.last, log.slowest)).collect();
    assert_eq!(logs, [("room", 4, 2)]);
}

/// Duty 7.
fn sessions_of_a_dead_node_are_told_to_one_other(driver: &mut dyn SharedDriver) {
    let (mut one, mut other) = two(driver);
    let mut third = Node::new(driver.join());
    let open = |client: &str| Change::OpenSession(client.into(), 7);
    one.commit(&[open("ada"), open("bob"), open("eve"), open("zoe")]);
    one.commit(&[Change::CloseSession("zoe".into())]);
    // One has moved, and its old node is late.
    other.commit(&[open("bob")]);
    one.commit(&[Change::CloseSession("bob".into())]);
    assert_eq!(other.store.load(rialto_domain::Load::All).expect("all is loaded").sessions, []);
    driver.pass(LONG);
    other.member.renew().expect("a lease is renewed");
    // The grace begins with the death; both live on.
    driver.pass(LONG);
    let mut crashed = other.poll().crashed;
    crashed.sort();
    assert_eq!(crashed, [("ada".into(), 7), ("eve".into(), 7)]);
    assert_eq!(other.poll().crashed, []);
    other.commit(&[Change::CloseSession("ada".into())]);
    third.member.renew().expect_err("it did not renew its lease for long");
    let mut fourth = Node::new(driver.join());
    driver.pass(LONG);
    fourth.member.renew().expect("a lease is renewed");
    driver.pass(LONG);
    let mut crashed = fourth.poll().crashed;
    crashed.sort();
    assert_eq!(crashed, [("bob".into(), 7), ("eve".into(), 7)], "what was told is told again");
}

/// Duty 8.
fn the_clocks_only_go_forward(driver: &mut dyn SharedDriver) {
    let (mut one, mut other) = two(driver);
    let note = |served, logical| Change::NoteClock(StoreClock { served, logical });
    one.commit(&[note(5, 70)]);
    other.commit(&[note(3, 90)]);
    let snapshot = one.store.load(rialto_domain::Load::Heads).expect("heads are loaded");
    assert_eq!(snapshot.clock, StoreClock { served: 5, logical: 90 });
}

/// Duty 9.
fn direct_messages_for_clients_of_others_say_so(driver: &mut dyn SharedDriver) {
    let (mut one, mut other) = two(driver);
    let epoch = one.own("ada", Urgency::IfFree);
    let direct = || Change::AppendDirect("ada".into(), page("#ada", 2));
    assert_eq!(other.commit(&[direct()]), [Outcome::ClientUnknown]);
    one.commit_for(&[("ada", epoch)], &[put_client("ada", 1)]);
    let outcomes = other.commit(&[direct()]);
    assert!(matches!(outcomes[..], [Outcome::Handed { first: 1, .. }]), "{outcomes:?}");
    let noted = one.poll();
    assert_eq!(noted.heads.len(), 1);
    assert_eq!((noted.heads[0].first, noted.heads[0].state.slowest), (1, 0));
    let outcomes = one.commit(&[direct()]);
    assert!(matches!(outcomes[..], [Outcome::Appended { first: 3, .. }]), "{outcomes:?}");
    one.commit_for(&[("ada", epoch)], &[Change::Release("ada".into())]);
    let outcomes = other.commit(&[direct()]);
    assert!(matches!(outcomes[..], [Outcome::Appended { first: 5, .. }]), "{outcomes:?}");
}
