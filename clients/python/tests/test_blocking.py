"""The blocking client against a real broker: threads, deadlocks, Ctrl-C, the end of the program."""

import gc
import logging
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
import unittest
import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import Any, List

from rialto_client import Auth, Closed, ErrorEvent, Full, Lost, Message, Outbox, Refused, Why, blocking
from tests.broker import Broker, WithTlsBroker

PATIENCE = 30.0
# From Ctrl-C, or the last line, to the end of the program: two seconds, and what starting Python takes on a busy machine.
END_SECONDS_MAX = 10.0


class WithBroker(WithTlsBroker):
    def tearDown(self) -> None:
        # K-62
        gc.collect()
        for thread in threading.enumerate():
            if thread.name == "rialto-client-lookup":
                # It has answered, and is about to end.
                thread.join(PATIENCE)
        self.assertEqual([it.name for it in threading.enumerate() if it.name.startswith("rialto-client")], [])

    def client(self, name: Any, scheme: str = "jmqt", **options: Any) -> blocking.Client:
        tls = self.certificates.context() if scheme in ("jmqts", "wss") else None
        return blocking.connect(self.broker.address(scheme), name, tls=tls, **options)


def take(subscription: blocking.Subscription, count: int) -> List[Any]:
    return [subscription.get(PATIENCE).data for _ in range(count)]


class Calls(WithBroker):
    def test_publishes_reach_subscribers_in_order_over_each_carrier(self) -> None:
        for scheme in ("jmqt", "jmqts", "ws", "wss"):
            with self.subTest(scheme), self.client(f"bl-{scheme}", scheme) as listener, self.client(f"bs-{scheme}", scheme) as speaker:
                subscription = listener.subscribe("news").ready(PATIENCE)
                answers = [speaker.publish_nowait("news", n) for n in range(300)]
                speaker.publish("news", 300)
                speaker.publish("news", 301, qos=1)
                self.assertEqual(take(subscription, 302), list(range(302)))
                self.assertEqual([it.result(PATIENCE) for it in answers], [None] * 300)
                self.assertGreater(speaker.request("$time")["unix_ms"], 0)

    def test_any_thread_may_call_and_several_may_take(self) -> None:
        with self.client("many") as listener, self.client("many-speaker", "ws") as speaker:
            subscription = listener.subscribe("many").ready(PATIENCE)
            with ThreadPoolExecutor(8) as pool:
                list(pool.map(lambda n: speaker.publish("many", n, qos=1), range(200)))
                taken = [data for part in pool.map(lambda _: take(subscription, 25), range(8)) for data in part]
            self.assertEqual(sorted(taken), list(range(200)))

    def test_handlers_and_listeners_may_call_anything_that_does_not_wait_for_them(self) -> None:
        with self.client("caller") as client, self.client("caller-speaker") as speaker:
            seen: "queue.Queue[Any]" = queue.Queue()

            def handle(message: Message) -> None:
                client.publish("echo", client.request("$whoami"), qos=1)
                other = client.subscribe("other").ready(PATIENCE)
                speaker.publish("other", message.data, qos=1)
                seen.put(other.get(PATIENCE).data)
                other.unsubscribe()
                try:
                    client.drain()
                except RuntimeError as error:
                    seen.put(str(error))
                client.close()

            client.subscribe("c", handle).ready(PATIENCE)
            speaker.publish("c", "hello", qos=1)
            self.assertEqual(seen.get(timeout=PATIENCE), "hello")
            self.assertIn("drain: it waits for the handlers", seen.get(timeout=PATIENCE))

    def test_the_network_thread_refuses_calls_that_would_wait_for_itself(self) -> None:
        with self.client("self-waiting") as client:
            errors: "queue.Queue[BaseException]" = queue.Queue()

            def on_the_network_thread() -> None:
                for call in (lambda: client.publish("c", 1), client.close, lambda: client.subscribe("c")):
                    try:
                        call()
                    except RuntimeError as error:
                        errors.put(error)

            client._network.submit(on_the_network_thread)
            for _ in range(3):
                self.assertIn("network thread", str(errors.get(timeout=PATIENCE)))

    def test_a_failing_handler_is_an_event_and_its_message_comes_again(self) -> None:
        with self.client("bad-speaker") as speaker:
            errors: "queue.Queue[ErrorEvent]" = queue.Queue()
            with self.client("bad") as client:
                client.on("error", errors.put)

                def fail(message: Message) -> None:
                    raise ValueError("not now")

                client.subscribe("bad", fail, persistent=True).ready(PATIENCE)
                speaker.publish("bad", 7, qos=1)
                event = errors.get(timeout=PATIENCE)
                self.assertEqual((event.kind, event.message and event.message.data), ("handler", 7))
            with self.client("bad") as client:
                self.assertEqual(take(client.subscribe("bad", persistent=True), 1), [7])

    def test_what_was_taken_but_not_dealt_with_comes_again(self) -> None:
        with self.client("taker-speaker") as speaker:
            with self.client("taker") as client:
                subscription = client.subscribe("taken", persistent=True).ready(PATIENCE)
                for n in range(5):
                    speaker.publish("taken", n, qos=1)
                self.assertEqual(take(subscription, 3), [0, 1, 2])
            with self.client("taker") as client:
                self.assertEqual(take(client.subscribe("taken", persistent=True), 3), [2, 3, 4])

    def test_leaving_a_loop_ends_the_subscription(self) -> None:
        with self.client("leaver") as client, self.client("leaver-speaker") as speaker:
            subscription = client.subscribe("left").ready(PATIENCE)
            speaker.publish("left", 1, qos=1)
            for message in subscription:
                self.assertEqual(message.data, 1)
                message.ack()
                break
            self.assertNotIn("left", client.request("$mySubscriptions")["subscriptions"])
            with self.assertRaises(Closed):
                subscription.get()
            with self.assertRaises(Refused):
                client.subscribe("#forbidden").ready(PATIENCE)
            with self.assertRaises(TimeoutError):
                client.subscribe("silent").get(0.01)

    def test_errors_say_what_is_wrong(self) -> None:
        with self.assertRaises(Closed) as caught:
            blocking.connect("jmqt://127.0.0.1:1", "ada")
        self.assertEqual((caught.exception.reason, caught.exception.status), ("gave-up", 9))
        with self.client("wrong", outbox=Outbox(count=0)) as client:
            with self.assertRaises(TypeError):
                client.publish("c", object(), qos=1)
            with self.assertRaises(ValueError):
                client.publish("c", 1, qos=3)
            with self.assertRaises(Full):
                client.publish("c", 1, qos=1)
            with self.assertRaises(ValueError):
                client.subscribe("c", ack="never")
        for call in (lambda: client.publish("c", 1), lambda: client.publish_nowait("c", 1).result(), lambda: client.subscribe("c")):
            with self.assertRaises((Closed, RuntimeError)):
                call()
        client.close()

    def test_k_11_credentials_may_block_on_a_thread_of_their_own(self) -> None:
        names: List[str] = []

        def credentials(why: Why) -> Auth:
            names.append(threading.current_thread().name)
            return Auth({"client_name": "blocking-functional"})

        with self.client(credentials) as client:
            self.assertEqual(client.id, "blocking-functional")
        self.assertNotIn("rialto-client", names)

    def test_k_63_nothing_is_said_about_answers_that_nobody_looks_at(self) -> None:
        said: List[str] = []
        handler = logging.Handler()
        handler.emit = lambda record: said.append(record.getMessage())  # type: ignore[method-assign]
        logging.getLogger("asyncio").addHandler(handler)
        try:
            with warnings.catch_warnings(record=True) as warned, self.client("careless") as client:
                client.publish_nowait("$nothing", 1)
                client.subscribe("#forbidden")
                client.request("$time")
            gc.collect()
        finally:
            logging.getLogger("asyncio").removeHandler(handler)
        self.assertEqual((said, warned), ([], []))

    def test_nothing_is_lost_and_order_is_kept_while_the_broker_is_killed(self) -> None:
        total = 2000
        seen: List[int] = []
        complete = threading.Event()

        def handle(message: Message) -> None:
            seen.append(message.data)
            if message.data == total - 1:
                complete.set()

        with self.client("survivor") as listener, self.client("driver", outbox=Outbox(count=5000)) as speaker:
            listener.subscribe("load", handle, persistent=True).ready(PATIENCE)
            answers = []
            for n in range(total):
                answers.append(speaker.publish_nowait("load", n))
                if n % 100 == 99:
                    answers[-1].result(PATIENCE)
                if n % 900 == 450:
                    self.broker.kill()
                    threading.Thread(target=self.broker.run).start()
            for answer in answers:
                answer.result(PATIENCE)
            self.assertTrue(complete.wait(PATIENCE))
        self.assertEqual(list(dict.fromkeys(seen)), list(range(total)))


class Ends(WithBroker):
    def program(self, text: str) -> "subprocess.Popen[str]":
        head = f"import sys, time, threading\nfrom rialto_client import blocking\nADDRESS = {self.broker.address()!r}\n"
        return subprocess.Popen(
            [sys.executable, "-c", head + text], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ},
        )

    def test_ctrl_c_interrupts_every_call_that_waits(self) -> None:
        with socket.socket() as silent:
            silent.bind(("127.0.0.1", 0))
            silent.listen()
            port = silent.getsockname()[1]
            programs = {
                "get": "c = blocking.connect(ADDRESS, 'ctrl-get'); s = c.subscribe('c'); print('go', flush=True); s.get()",
                "loop": "c = blocking.connect(ADDRESS, 'ctrl-loop')\nprint('go', flush=True)\nfor m in c.subscribe('c'): pass",
                "connect": f"print('go', flush=True); blocking.connect('jmqt://127.0.0.1:{port}', 'x', retry_first=True)",
                "ready": "c = blocking.connect(ADDRESS, 'ctrl-r'); print('go', flush=True); c.subscribe('c').get(1000)",
            }
            children = {name: self.program(text) for name, text in programs.items()}
            for name, child in children.items():
                with self.subTest(name), child:
                    assert child.stdout is not None and child.stderr is not None
                    self.assertEqual(child.stdout.readline(), "go\n")
                    child.send_signal(signal.SIGINT)
                    begun = time.monotonic()
                    child.wait(PATIENCE)
                    self.assertLess(time.monotonic() - begun, END_SECONDS_MAX)
                    self.assertIn("KeyboardInterrupt", child.stderr.read())

    def test_the_end_of_the_program_closes_what_was_left_open(self) -> None:
        with self.program(
            "c = blocking.connect(ADDRESS, 'left-open')\nc.publish_nowait('c', 1)\n"
            "c.subscribe('c', lambda m: time.sleep(3600))\nc.subscribe('d')\nprint(c.state)"
        ) as child:
            assert child.stdout is not None and child.stderr is not None
            child.wait(PATIENCE)
            self.assertEqual((child.stdout.read(), child.stderr.read(), child.returncode), ("online\n", "", 0))

    @unittest.skipUnless(hasattr(os, "fork"), "there is no fork here")
    def test_after_a_fork_the_child_is_told_to_make_its_own(self) -> None:
        with self.program(
            "import os\nc = blocking.connect(ADDRESS, 'forker')\n"
            "if os.fork() == 0:\n"
            "    try:\n        c.publish('c', 1)\n    except RuntimeError as error:\n        print(error, flush=True)\n"
            "    sys.exit(0)\n"
            "os.wait()\nc.publish('c', 1, qos=1)\nprint('parent', c.state)"
        ) as child:
            assert child.stdout is not None
            said = child.stdout.read().splitlines()
            self.assertEqual(said, ["publish: the process was forked; a child needs a client of its own", "parent online"])

    def test_a_client_that_nobody_has_any_more_ends(self) -> None:
        client = self.client("forgotten")
        network = client._network
        del client
        gc.collect()
        self.assertFalse(network.submit(lambda: None))

    def test_k_42_offline_is_said_at_once(self) -> None:
        broker = Broker()
        try:
            with blocking.connect(broker.address(), "offline") as client:
                lost = threading.Event()
                client.on("state", lambda event: lost.set() if event.state == "waiting" else None)
                broker.kill()
                self.assertTrue(lost.wait(PATIENCE))
                with self.assertRaises(Lost) as caught:
                    client.publish("c", 1)
                self.assertEqual(caught.exception.status, 9)
                client.close()
        finally:
            broker.stop()


if __name__ == "__main__":
    unittest.main()
