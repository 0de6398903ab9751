"""Publishes and requests (K-37, K-40 to K-49, K-61)."""

import json
import unittest
from typing import Optional

from rialto_client.errors import Full, Lost, RialtoError
from rialto_client.options import Outbox, Settings
from rialto_client.outbox import SENT_COUNT_MAX
from tests.script import Script, User


def small(full: str, count: int = 2) -> Script:
    return Script(Settings(retry_first=True, outbox=Outbox(count=count, full=full)))


def reason(error: Optional[RialtoError]) -> Optional[str]:
    return error.reason if error is not None else None


class Publishing(unittest.TestCase):
    def test_k_41_k_44_what_is_unanswered_leaves_again_byte_for_byte_before_anything_new(self) -> None:
        script = Script().online()
        script.frames.clear()
        for name in "abc":
            script.publish(name, data=json.dumps(name))
        first = list(script.frames)
        script.say(pubAck={"st": 1, "id": script.sent[-2]["pub"]["id"]})
        script.connection.closed(1006, "")
        script.publish("d")
        script.clock.advance(20)
        script.frames.clear()
        script.online()
        pubs = [frame for frame in script.frames if b'"pub"' in frame]
        self.assertEqual(pubs[:2], [first[0], first[2]])
        self.assertEqual(len(pubs), 3)
        self.assertEqual(script.outcomes, {"b": None})

    def test_k_41_answers_for_unknown_ids_or_doubled_ones_are_ignored(self) -> None:
        script = Script().online()
        script.take()
        script.publish("p")
        id = script.take()[0]["pub"]["id"]
        for answer in ({"st": 1, "id": "x"}, {"st": 1}, {"st": 1, "id": id}, {"st": 0, "id": id}, {"st": 1, "id": [1]}):
            script.say(pubAck=answer)
        self.assertEqual((script.outcomes, script.core.state), ({"p": None}, "online"))

    def test_k_18_every_status_of_a_pub_ack_has_its_outcome(self) -> None:
        for status, said, temporary in ((0, "refused", False), (5, "server-error", True), (7, "refused", False), (8, "refused", False), (99, "refused", False)):
            script = Script().online()
            script.publish("p")
            script.say(pubAck={"st": status, "id": script.sent[-1]["pub"]["id"], "mg": "no"})
            error = script.outcomes["p"]
            self.assertIsNotNone(error)
            self.assertEqual((reason(error), error and error.status, error and error.temporary), (said, status, temporary))
            self.assertEqual(script.of("publish")[-1].outcome, "refused" if said == "refused" else "failed")

    def test_k_43_at_qos_0_as_much_may_wait_for_the_connection_as_in_an_outbox(self) -> None:
        script = Script(Settings(retry_first=True, outbox=Outbox(bytes=100))).online()
        script.frames.clear()
        script.core.publisher.send_bounded("c", "1", False, 99)
        with self.assertRaises(Full) as refused:
            script.core.publisher.send_bounded("c", "2", False, 100)
        self.assertEqual((refused.exception.reason, refused.exception.temporary), ("overrun", True))
        self.assertEqual(script.of("publish")[-1].error, refused.exception)
        self.assertEqual(len(script.frames), 1)

    def test_k_40_a_refused_qos_0_publish_is_an_event(self) -> None:
        script = Script().online()
        script.core.publisher.send("c", "1", False)
        id = script.sent[-1]["pub"]["id"]
        self.assertLessEqual(len(id), 40)
        script.say(pubAck={"st": 7, "id": id})
        script.say(pubAck={"st": 7, "id": id})
        self.assertEqual([(it.channel, it.outcome) for it in script.of("publish")], [("c", "refused")])

    def test_k_42_offline_qos_0_fails_at_once(self) -> None:
        script = Script()
        with self.assertRaises(Lost) as caught:
            script.core.publisher.send("c", "1", False)
        self.assertEqual((caught.exception.status, caught.exception.temporary), (9, True))

    def test_k_43_at_most_1000_are_sent_and_unanswered(self) -> None:
        script = Script().online()
        script.take()
        for n in range(SENT_COUNT_MAX + 5):
            script.publish(str(n))
        sent = script.take()
        self.assertEqual(len(sent), SENT_COUNT_MAX)
        for packet in sent[:5]:
            script.say(pubAck={"st": 1, "id": packet["pub"]["id"]})
        self.assertEqual(len(script.take()), 5)

    def test_k_43_the_acts_at_the_bound(self) -> None:
        script = small("reject")
        script.publish("a"), script.publish("b")
        with self.assertRaises(Full) as caught:
            script.publish("c")
        self.assertEqual((caught.exception.reason, caught.exception.temporary), ("overrun", True))
        script = small("drop-oldest")
        for name in "abc":
            script.publish(name)
        self.assertEqual({name: reason(it) for name, it in script.outcomes.items()}, {"a": "overrun"})
        script = small("wait")
        for name in "abcd":
            script.publish(name, data=json.dumps(name))
        with self.assertRaises(Full):
            script.publish("nowait", may_wait=False)
        script.online()
        for _ in range(4):
            pubs = [it["pub"] for it in script.sent if "pub" in it]
            script.say(pubAck={"st": 1, "id": pubs[len(script.outcomes)]["id"]})
        self.assertEqual([it["pub"]["dt"] for it in script.sent if "pub" in it], ["a", "b", "c", "d"])
        self.assertEqual(list(script.outcomes.values()), [None] * 4)

    def test_k_46_no_answer_ends_the_connection_and_the_second_time_fails_the_publish(self) -> None:
        script = Script().online(ts=1000)
        script.publish("p")
        script.clock.advance(30)
        self.assertEqual(script.state, ("waiting", "no-ack"))
        script.clock.advance(1)
        script.online(ts=1000)
        script.clock.advance(30)
        self.assertEqual((reason(script.outcomes["p"]), script.state[1]), ("timeout", "no-ack"))

    def test_k_47_the_largest_fails_as_too_large_and_the_rest_goes_on(self) -> None:
        script = Script().online()
        script.publish("small")
        script.publish("large", data=json.dumps("x" * 100))
        script.publish("other")
        script.connection.closed(1009, "")
        self.assertEqual({name: reason(it) for name, it in script.outcomes.items()}, {"large": "too-large"})
        script.take()
        script.clock.advance(20)
        script.online()
        self.assertEqual(len([it for it in script.take() if "pub" in it]), 2)

    def test_k_48_cancelling_withdraws_only_what_was_not_sent(self) -> None:
        script = Script()
        unsent = script.publish("unsent")
        script.core.publisher.cancel(unsent)
        script.online()
        self.assertEqual([it for it in script.take() if "pub" in it], [])
        sent = script.publish("sent")
        script.core.publisher.cancel(sent)
        script.lose()
        script.online()
        again = [it["pub"] for it in script.take() if "pub" in it]
        self.assertEqual([it["id"] for it in again], [sent.id, sent.id])
        script.say(pubAck={"st": 1, "id": sent.id})
        self.assertEqual(script.outcomes, {})

    def test_k_49_requests_time_out_are_lost_or_repeated(self) -> None:
        script = Script()
        with self.assertRaises(Lost):
            script.ask_control()
        script.ask_control(repeat=True)
        script.online()
        script.ask_control()
        script.lose()
        self.assertEqual([reason(error) for _, error in script.answers], ["lost", "timeout"])
        script.online()
        script.ask_control()
        script.say(pubAck={"st": 1, "id": script.sent[-1]["pub"]["id"], "dt": {"time": 1}})
        self.assertEqual(script.answers[-1], ({"time": 1}, None))
        script.ask_control()
        script.clock.advance(10)
        self.assertEqual(reason(script.answers[-1][1]), "timeout")

    def test_k_37_what_is_no_packet_is_an_event_and_unknown_roots_are_nothing(self) -> None:
        script = Script().online()
        for frame in (b"{", b"\xff", b"1", b"[]", b'{"a":{},"b":{}}', b'{"connAck":5}'):
            script.connection.frame(frame)
        self.assertEqual([it.kind for it in script.of("error")], ["frame"] * 6)
        script.connection.frame(b'{"new":{}}')
        self.assertEqual((len(script.of("error")), script.core.state), (6, "online"))


class Draining(unittest.TestCase):
    def test_k_61_kept_publishes_and_handlers_finish_first(self) -> None:
        script = Script().online()
        holding = User()
        holding.holds = True
        script.subscribed("c", holding)
        script.say(push={"cn": "c", "dt": 1, "q": 1, "id": "m"})
        script.publish("p")
        id = script.take()[0]["pub"]["id"]
        closed = []
        script.core.drain(10, lambda: closed.append(True))
        self.assertEqual(script.take(), [{"unsub": {"cn": "c"}}])
        script.say(push={"cn": "c", "dt": 2, "q": 1, "id": "n"})
        script.say(unsubAck={"st": 1, "cn": "c"})
        script.say(pubAck={"st": 1, "id": id})
        self.assertEqual((closed, script.core.state), ([], "draining"))
        with self.assertRaises(RialtoError):
            script.core.check_open()
        holding.release()
        self.assertEqual((closed, script.core.state, script.outcomes), ([True], "closed", {"p": None}))
        self.assertEqual(script.take(), [{"pushAck": {"st": 1, "id": "m"}}, {"disconn": {}}])
        self.assertEqual(script.clock.timers, [])

    def test_k_61_it_goes_on_over_a_new_connection_until_its_limit(self) -> None:
        script = Script().online()
        script.publish("p")
        closed = []
        script.core.drain(10, lambda: closed.append(True))
        script.connection.closed(1006, "")
        script.clock.advance(1)
        self.assertEqual((len(script.opened), script.core.state), (2, "draining"))
        script.clock.advance(9)
        self.assertEqual((closed, reason(script.outcomes["p"])), ([True], "asked"))


if __name__ == "__main__":
    unittest.main()
