"""Subscriptions and what they receive (K-20 to K-36)."""

import unittest
from typing import Any, Dict, List

from rialto_client.options import Inbox, Settings
from tests.script import Script, User


def push(script: Script, data: Any, id: str = "", channel: str = "c", **more: Any) -> None:
    body: Dict[str, Any] = {"cn": channel, "dt": data, "cl": "bob", **more}
    if id:
        body.update(q=1, id=id)
    script.say(push=body)


def acknowledged(script: Script) -> List[str]:
    return [it["pushAck"]["id"] for it in script.take() if "pushAck" in it]


class Subscribing(unittest.TestCase):
    def test_k_20_k_31_two_subscriptions_share_one_and_both_must_be_done(self) -> None:
        script = Script().online()
        first, second = User(), User()
        second.holds = True
        script.subscribed("c", first)
        script.subscribed("c", second)
        push(script, 1, "p")
        self.assertEqual((first.seen, second.seen, acknowledged(script)), ([1], [1], []))
        second.release()
        self.assertEqual(acknowledged(script), ["p"])
        script.core.channels.unsubscribe(first.member, lambda _: None)
        self.assertEqual(script.take(), [])
        script.core.channels.unsubscribe(second.member, lambda _: None)
        self.assertEqual(script.take(), [{"unsub": {"cn": "c"}}])

    def test_k_21_one_more_subscription_gets_the_retained_message_alone(self) -> None:
        script = Script().online()
        first = script.subscribed("c")
        push(script, "old", rt=1)
        second = script.subscribe("c")
        self.assertEqual(script.take()[-1], {"sub": {"cn": "c"}})
        script.say(subAck={"st": 1, "cn": "c"})
        push(script, "old", rt="1")
        push(script, "new")
        self.assertEqual((first.seen, second.seen), (["old", "new"], ["old", "new"]))

    def test_k_22_another_persistence_is_refused_at_once(self) -> None:
        script = Script().online()
        script.subscribed("c")
        other = script.subscribe("c", persistent=True)
        self.assertEqual((other.member.state, script.take()), ("ended", []))

    def test_k_23_k_24_subscriptions_are_made_again_first_and_say_that_there_is_a_gap(self) -> None:
        script = Script().online()
        script.subscribed("one")
        script.subscribed("two", persistent=True)
        script.subscribed("three", persistent=True)
        script.connection.closed(1006, "")
        script.publish("p")
        script.take()
        script.clock.advance(1)
        script.online()
        _, sub, asked, pub = script.take()
        self.assertEqual((sub, asked["pub"]["cn"], pub["pub"]["cn"]), ({"sub": {"cn": "one"}}, "$mySubscriptions", "c"))
        script.say(subAck={"st": 1, "cn": "one"})
        answer = {"channels": ["two"], "subscriptions": {"two": "persistent", "#ada": "persistent"}}
        script.say(pubAck={"st": 1, "id": asked["pub"]["id"], "dt": answer})
        self.assertEqual(script.take(), [{"sub": {"cn": "three", "pr": 1}}])
        script.say(subAck={"st": 1, "cn": "three"})
        told = [(it.channel, it.restored, it.gap) for it in script.of("subscription")[-3:]]
        self.assertEqual(told, [("one", True, True), ("two", True, False), ("three", True, True)])

    def test_k_24_a_session_that_was_taken_up_has_no_gap(self) -> None:
        script = Script().online()
        script.subscribed("c")
        script.connection.closed(1006, "")
        script.clock.advance(1)
        script.online(resumed=1)
        script.say(subAck={"st": 1, "cn": "c"})
        last = script.of("subscription")[-1]
        self.assertEqual((last.restored, last.gap), (True, False))

    def test_k_18_k_25_every_status_of_a_sub_ack_has_its_outcome(self) -> None:
        for status in (0, 6, 7, 8, 10, 11, 99):
            script = Script().online()
            user = script.subscribe("c")
            script.say(subAck={"st": status, "cn": "c", "mg": "no"})
            self.assertEqual((user.member.state, user.error and getattr(user.error, "status")), ("ended", status))
            last = script.of("subscription")[-1]
            self.assertEqual((last.reason, last.status, last.text), ("refused", status, "no"))
        script = Script().online(ts=1000)
        user = script.subscribe("c")
        script.take()
        script.say(subAck={"st": 5, "cn": "c"})
        self.assertEqual((user.member.state, script.take()), ("pending", []))
        script.clock.advance(1)
        self.assertEqual(script.take(), [{"sub": {"cn": "c"}}])

    def test_k_26_stop_says_nothing_and_unsubscribe_is_answered(self) -> None:
        script = Script().online()
        user = script.subscribed("c", persistent=True)
        script.core.channels.stop(user.member)
        self.assertEqual((user.member.state, script.take()), ("ended", []))
        outcomes: List[Any] = []
        for status in (1, 0):
            user = script.subscribed("c")
            script.core.channels.unsubscribe(user.member, outcomes.append)
            script.say(unsubAck={"st": status, "cn": "c"})
        self.assertEqual([it and it.status for it in outcomes], [None, 0])
        user = script.subscribed("c")
        script.core.channels.unsubscribe(user.member, outcomes.append)
        script.clock.advance(10)
        self.assertEqual(outcomes[-1].reason, "timeout")

    def test_k_27_listening_sends_nothing(self) -> None:
        script = Script().online()
        script.take()
        user = script.subscribe("#ada", listens=True)
        push(script, "hello", "p", "#ada")
        self.assertEqual((user.seen, script.take()), (["hello"], [{"pushAck": {"st": 1, "id": "p"}}]))
        script.core.channels.unsubscribe(user.member, lambda _: None)
        self.assertEqual(script.take(), [])


class Receiving(unittest.TestCase):
    def test_k_34_of_10_000_acknowledgements_the_oldest_is_forgotten_first(self) -> None:
        script = Script().online(ts=1000)
        script.subscribed("c", persistent=True)
        for number in range(10_002):
            push(script, 1, f"m{number}")
        script.take()
        script.lose()
        script.online()
        again = acknowledged(script)
        self.assertEqual((len(again), again[0], again[-1]), (10_000, "m2", "m10001"))

    def test_k_32_a_failed_handler_leaves_its_message_which_comes_again(self) -> None:
        script = Script().online()
        failing = ["bad"]

        def handle(data: Any) -> None:
            if data in failing:
                raise ValueError(data)

        user = script.subscribed("c", User(handle), persistent=True)
        push(script, "bad", "p")
        push(script, "good", "q")
        self.assertEqual((user.seen, acknowledged(script)), (["bad", "good"], ["q"]))
        script.lose()
        script.online().take()
        failing.clear()
        push(script, "bad", "p")
        self.assertEqual(acknowledged(script), ["p"])

    def test_k_32_a_hundred_failures_end_the_subscription(self) -> None:
        script = Script().online()

        def handle(data: Any) -> None:
            raise ValueError(data)

        user = script.subscribed("c", User(handle))
        for n in range(150):
            push(script, n)
        for n in range(100):
            self.assertEqual(user.member.state, "active")
            push(script, n, str(n))
        last = script.of("subscription")[-1]
        self.assertEqual((last.state, last.reason, script.take()), ("ended", "handler-failed", []))

    def test_k_33_a_push_that_comes_again_is_only_acknowledged_again(self) -> None:
        script = Script().online()
        user = User()
        user.holds = True
        script.subscribed("c", user)
        push(script, 1, "p")
        push(script, 1, "p")
        self.assertEqual(acknowledged(script), [])
        user.release()
        push(script, 1, "p")
        self.assertEqual((user.seen, acknowledged(script)), ([1], ["p", "p"]))

    def test_k_34_an_acknowledgement_is_settled_by_a_later_heartbeat(self) -> None:
        script = Script().online()
        user = script.subscribed("c")
        push(script, 1, "p")
        script.say(hbAck={})
        push(script, 1, "p")
        self.assertEqual(user.seen, [1])
        for _ in range(2):
            script.clock.advance(5)
            script.say(hbAck={})
        push(script, 2, "p")
        self.assertEqual(user.seen, [1, 2])

    def test_k_34_what_was_acknowledged_offline_leaves_first(self) -> None:
        script = Script().online()
        lasting, passing = User(), User()
        lasting.holds = passing.holds = True
        script.subscribed("c", lasting, persistent=True)
        script.subscribed("d", passing)
        push(script, 1, "p")
        push(script, 2, "q", "d")
        script.connection.closed(1006, "")
        lasting.release()
        passing.release()
        script.take()
        script.clock.advance(1)
        script.online()
        self.assertEqual([next(iter(it)) for it in script.take()], ["conn", "pushAck", "sub", "pub"])
        script.say(subAck={"st": 1, "cn": "d"})
        push(script, 1, "p")
        push(script, 3, "q", "d")
        self.assertEqual((lasting.seen, passing.seen), ([1], [2, 3]))

    def test_k_35_stored_messages_wait_for_a_subscription_and_others_are_dropped(self) -> None:
        script = Script().online()
        script.take()
        for n in range(1100):
            push(script, n, str(n), "#ada")
        push(script, "gone", channel="#ada")
        push(script, "gone", channel="#ada")
        self.assertEqual((acknowledged(script), [it.dropped for it in script.of("slow")]), ([], [1]))
        user = script.subscribe("#ada", listens=True)
        self.assertEqual((user.seen, acknowledged(script)), (list(range(1000)), [str(n) for n in range(1000)]))

    def test_k_36_at_the_bound_reading_stops_unless_a_call_waits(self) -> None:
        script = Script(Settings(retry_first=True, inbox=Inbox(count=2))).online()
        user = User()
        user.holds = True
        script.subscribed("c", user)
        for n in range(3):
            self.assertFalse(script.carrier.is_paused)
            push(script, n)
        self.assertTrue(script.carrier.is_paused)
        sent = script.publish("p")
        script.core.answers_wait()
        self.assertFalse(script.carrier.is_paused)
        for n in range(3, 10):
            push(script, n)
        script.say(pubAck={"st": 1, "id": sent.id})
        self.assertTrue(script.carrier.is_paused)
        while user.held:
            user.release()
        self.assertFalse(script.carrier.is_paused)
        self.assertEqual((user.seen, [it.dropped for it in script.of("slow")]), ([0, 1, 2], [None, 7]))

    def test_k_36_at_64_mib_the_connection_is_left_and_opened_again_at_half(self) -> None:
        script = Script(Settings(retry_first=True, inbox=Inbox(count=10_000, bytes=1 << 40))).online()
        user = User()
        user.holds = True
        script.subscribed("c", user, persistent=True)
        text = "x" * (1024 * 1024)
        for n in range(66):
            if script.core.state == "online":
                push(script, text, str(n))
        self.assertEqual(script.state, ("waiting", "overrun"))
        script.clock.advance(60)
        self.assertEqual(len(script.opened), 1)
        for _ in range(40):
            user.release()
        script.clock.advance(1)
        self.assertEqual(len(script.opened), 2)


if __name__ == "__main__":
    unittest.main()
