"""States, attempts, credentials and heartbeats (K-1 to K-19)."""

import random
import re
import unittest
from pathlib import Path

from rialto_client.backoff import Backoff
from rialto_client.errors import Unauthorized
from rialto_client.farewell import WORDS
from rialto_client.options import Auth, Settings, Token, Why
from tests.script import Script


class Words(unittest.TestCase):
    def test_k_19_every_word_of_the_server_means_what_the_specification_says(self) -> None:
        specification = (Path(__file__).resolve().parents[3] / "spec" / "client.md").read_text()
        clause = specification.split("- **K-19**")[1].split("- **")[0]
        table = {}
        for row in (line.split("|") for line in clause.splitlines() if line.startswith("  | `")):
            table.update(dict.fromkeys(re.findall("[a-z-]+", row[1]), row[2].strip(" `")))
        self.assertEqual(WORDS, table)


class States(unittest.TestCase):
    def test_k_1_each_change_is_one_event(self) -> None:
        script = Script().online()
        script.connection.closed(1006, "")
        script.clock.advance(1)
        script.core.close(lambda: None)
        changes = [(it.previous, it.state, it.reason) for it in script.of("state")]
        self.assertEqual(changes, [
            ("idle", "connecting", None), ("connecting", "online", None), ("online", "waiting", "lost"),
            ("waiting", "connecting", None), ("connecting", "closed", "asked"),
        ])
        self.assertEqual(script.clock.timers, [])

    def test_k_10_nothing_but_auth_and_conn_leaves_before_the_session(self) -> None:
        script = Script(credentials=Auth({"client_name": "ada"}))
        script.publish("p")
        script.subscribe("c")
        script.connection.opened()
        self.assertEqual(script.take(), [{"auth": {"dt": {"client_name": "ada"}}}])
        script.say(authAck={"st": 1, "cl": "ada", "at": "t"})
        self.assertEqual(script.take(), [{"conn": {"cl": "ada", "at": "t"}}])
        script.say(connAck={"st": 1, "ts": 15})
        self.assertEqual([*map(next, map(iter, script.take()))], ["sub", "pub"])
        self.assertEqual(script.core.connection.id, "ada")

    def test_k_4_an_abandoned_connection_is_ignored(self) -> None:
        script = Script().online()
        old = script.connection
        script.lose()
        old.closed(1006, "")
        old.opened()
        old.frame(b'{"connAck":{"st":7,"rs":"taken-over"}}')
        self.assertEqual(script.core.state, "connecting")
        script.online()
        old.frame(b'{"connAck":{"st":7,"rs":"taken-over"}}')
        self.assertEqual(script.core.state, "online")

    def test_k_5_an_attempt_takes_10_seconds_at_most(self) -> None:
        script = Script()
        script.clock.advance(9.9)
        self.assertEqual(script.core.state, "connecting")
        script.clock.advance(0.1)
        self.assertEqual(script.state, ("waiting", "timeout"))
        self.assertTrue(script.carrier.is_aborted)

    def test_k_3_k_14_taken_over_is_final_until_the_application_connects_again(self) -> None:
        script = Script().online()
        script.say(connAck={"st": 7, "rs": "taken-over", "mg": "another"})
        self.assertEqual(script.state, ("closed", "taken-over"))
        script.clock.advance(100_000)
        self.assertEqual((len(script.opened), script.clock.timers), (1, []))
        script.core.connect()
        self.assertEqual(script.online().core.state, "online")

    def test_k_3_k_19_the_last_words_decide_whether_it_tries_again(self) -> None:
        endings = [
            ({"st": 7, "mg": "taken over by a newer connection of the same client"}, "taken-over", "closed"),
            ({"st": 7, "mg": "disconnected by the server"}, "removed", "closed"),
            ({"st": 7, "mg": "access was withdrawn"}, "withdrawn", "closed"),
            ({"st": 7, "mg": "1000 pushes are unacknowledged"}, "overrun", "waiting"),
            ({"st": 7, "rs": "shutting-down"}, "server-stopping", "waiting"),
            ({"st": 7, "rs": "silent"}, "lost", "waiting"),
            ({"st": 5, "mg": "the store failed"}, "server-error", "waiting"),
            ({"st": 10, "mg": "packet is larger than 9 bytes"}, "too-large", "waiting"),
        ]
        for body, reason, state in endings:
            script = Script().online()
            script.say(connAck=body)
            self.assertEqual(script.state, (state, reason))
        codes = [(1001, "", "server-stopping"), (1008, "", "removed"), (1008, "taken-over: x", "taken-over"), (1009, "", "too-large"),
                 (1013, "", "server-full"), (1000, "", "lost"), (1008, "slow consumer", "overrun")]
        for code, text, reason in codes:
            script = Script().online()
            script.connection.closed(code, text)
            self.assertEqual(script.state[1], reason)

    def test_a_full_server_is_no_refusal(self) -> None:
        script = Script()
        script.connection.opened()
        script.say(connAck={"st": 7, "mg": "the server has 9 connections, the most allowed"})
        self.assertEqual(script.state, ("waiting", "server-full"))
        self.assertGreaterEqual(script.of("state")[-1].wait, 5)

    def test_k_60_closing_works_in_every_state(self) -> None:
        for prepare in (lambda it: None, Script.online, lambda it: it.online().connection.closed(1006, "")):
            script = Script()
            prepare(script)
            script.publish("p")
            closed = []
            script.core.close(lambda: closed.append(True))
            self.assertEqual((script.state, closed, script.clock.timers), (("closed", "asked"), [True], []))
            error = script.outcomes["p"]
            self.assertEqual(error and error.reason, "asked")
        self.assertEqual(Script().online().core.state, "online")


class Attempts(unittest.TestCase):
    def test_k_6_waits_stay_within_their_bounds(self) -> None:
        for seed in range(100):
            backoff = Backoff(random.Random(seed).random)
            for n in range(2000):
                self.assertTrue(0.1 <= backoff.next_wait("lost") <= min(20.0, 2.0 ** min(n, 10)))
            self.assertTrue(5 <= Backoff(random.Random(seed).random).next_wait("server-full") <= 20)

    def test_k_6_only_a_session_that_lasted_begins_the_count_anew(self) -> None:
        script = Script(random=lambda: 0.999999)
        waits = []
        for seconds in (1, 1, 1, 20):
            script.online()
            for _ in range(seconds):
                script.clock.advance(1)
                script.say(hbAck={})
            script.connection.closed(1006, "")
            waits.append(round(script.of("state")[-1].wait))
            script.clock.advance(waits[-1])
        self.assertEqual(waits, [1, 2, 4, 1])

    def test_k_6_the_addresses_of_a_round_follow_each_other_without_a_wait(self) -> None:
        script = Script(Settings(retry_first=True, in_order=True), addresses=("jmqt://a", "jmqt://b", "jmqt://c"))
        for _ in range(3):
            script.connection.closed(None, "refused")
            script.clock.advance(0)
        self.assertEqual(script.opened, ["jmqt://a", "jmqt://b", "jmqt://c"])
        self.assertEqual(script.core.state, "waiting")
        script.clock.advance(1)
        self.assertEqual(script.opened[-1], "jmqt://a")

    def test_k_7_without_retrying_the_first_round_is_all(self) -> None:
        script = Script(Settings(), addresses=("jmqt://a", "jmqt://b"))
        script.connection.closed(None, "refused")
        script.clock.advance(0)
        script.connection.closed(None, "refused")
        self.assertEqual(script.state, ("closed", "gave-up"))
        self.assertEqual(sorted(script.opened), ["jmqt://a", "jmqt://b"])
        error = script.core.error
        self.assertEqual(error and (error.status, error.reason), (9, "gave-up"))

    def test_k_7_give_up_after_bounds_the_time_without_a_session(self) -> None:
        script = Script(Settings(retry_first=True, give_up_after=30)).online()
        script.connection.closed(1006, "")
        while script.core.state != "closed":
            if script.core.state == "connecting":
                script.connection.closed(None, "refused")
            script.clock.advance(0.5)
        self.assertEqual(script.state, ("closed", "gave-up"))
        self.assertTrue(29 <= script.clock.time <= 31)

    def test_k_8_a_hint_cuts_the_wait_and_asks_whether_the_server_is_there(self) -> None:
        script = Script().online(ts=1000)
        script.connection.closed(1013, "")
        script.core.connection.wake()
        script.clock.advance(0.25)
        script.online(ts=1000).take()
        script.core.connection.wake()
        self.assertEqual(script.take(), [{"hb": {}}])
        script.clock.advance(5)
        self.assertEqual(script.state, ("waiting", "silent"))

    def test_k_8_a_machine_that_slept_asks_too(self) -> None:
        script = Script().online()
        script.take()
        script.clock.jump(3600)
        self.assertEqual((script.core.state, script.take()), ("online", [{"hb": {}}]))
        script.clock.advance(5)
        self.assertEqual(script.state[1], "silent")


    def test_k_16_a_frame_that_comes_while_timers_sleep_is_a_reason_for_a_heartbeat(self) -> None:
        script = Script().online()
        script.take()
        script.clock.time += 4
        script.say(hbAck={})
        self.assertEqual(script.take(), [])
        script.clock.time += 2
        script.say(hbAck={})
        self.assertEqual(script.take(), [{"hb": {}}])


class Asking(unittest.TestCase):
    def test_k_11_k_12_a_function_is_asked_before_each_attempt_and_once_more_after_a_6(self) -> None:
        script = Script(credentials=lambda why: "never called here")
        script.answer(Token("ada", "t1"), None)
        script.connection.opened()
        script.say(connAck={"st": 6})
        script.answer(Token("ada", "t2"), None)
        script.connection.opened()
        self.assertEqual([it["conn"]["at"] for it in script.take()], ["t1", "t2"])
        script.say(connAck={"st": 6})
        self.assertEqual(script.state, ("closed", "unauthorized"))
        self.assertEqual(script.asked, [Why(0), Why(1, "unauthorized", 6)])

    def test_k_11_its_errors_are_temporary_unless_they_say_unauthorized(self) -> None:
        script = Script(credentials=lambda why: "never called here")
        script.answer(None, ValueError("no network"))
        self.assertEqual(script.state, ("waiting", "unreachable"))
        script.clock.advance(1)
        script.clock.advance(10)
        self.assertEqual(script.state, ("waiting", "timeout"))
        script.clock.advance(2)
        script.answer(None, Unauthorized())
        self.assertEqual(script.state, ("closed", "unauthorized"))

    def test_k_12_a_value_is_not_asked_again(self) -> None:
        script = Script()
        script.connection.opened()
        script.say(connAck={"st": 6})
        self.assertEqual(script.state, ("closed", "unauthorized"))

    def test_k_13_another_client_id_ends_the_client(self) -> None:
        script = Script(credentials=lambda why: "never called here")
        script.answer(Token("ada", "t"), None)
        script.online().lose()
        script.answer(Token("bob", "t"), None)
        script.online()
        self.assertEqual(script.state, ("closed", "identity-changed"))


class Heartbeats(unittest.TestCase):
    def test_k_16_k_17_heartbeats_leave_in_time_and_a_silent_server_is_left(self) -> None:
        script = Script().online()
        script.take()
        script.clock.advance(5)
        self.assertEqual(script.take(), [{"hb": {}}])
        script.say(hbAck={})
        script.clock.advance(29)
        self.assertEqual(script.core.state, "online")
        script.clock.advance(1)
        self.assertEqual(script.state, ("waiting", "silent"))

    def test_heartbeats_stop_with_the_session(self) -> None:
        # J-113
        script = Script().online()
        script.connection.closed(1013, "")
        script.take()
        # At a full server the next attempt is at least 5 seconds away, as long as a heartbeat would be.
        script.clock.advance(5)
        self.assertEqual(script.take(), [])
        script.core.close(lambda: None)
        script.clock.advance(100)
        self.assertEqual((script.take(), script.clock.timers), ([], []))

    def test_k_16_a_missing_timeout_is_15_and_what_is_sent_puts_the_heartbeat_off(self) -> None:
        for wrong in (None, 0, "15"):
            script = Script().online(ts=wrong)
            script.clock.advance(4)
            script.publish("p")
            script.take()
            script.clock.advance(4.9)
            self.assertEqual(script.take(), [])
            script.clock.advance(0.1)
            self.assertEqual(script.take(), [{"hb": {}}])

    def test_k_17_time_in_which_the_client_does_not_read_is_no_silence(self) -> None:
        script = Script().online()
        script.core.connection.read(False)
        script.clock.advance(1000)
        self.assertEqual(script.core.state, "online")
        script.core.connection.read(True)
        script.clock.advance(30)
        self.assertEqual(script.state[1], "silent")


if __name__ == "__main__":
    unittest.main()
