"""What a client must stand: calls at once, calls that are given up, handlers that end the program, forks."""

import asyncio
import os
import queue
import threading
import warnings
from typing import Any, List

from rialto_client import ErrorEvent, Message, blocking
from rialto_client.framing import to_json
from rialto_client.threads import NetworkThread
from tests.broker import WithTlsBroker
from tests.on_asyncio import PATIENCE, WithBroker, within


class Asyncio(WithBroker):
    async def test_k_45_publishes_that_are_under_way_at_once_leave_in_the_order_of_the_calls(self) -> None:
        async with self.client("listener") as listener, self.client("speaker") as speaker:
            got: List[int] = []
            complete = asyncio.Event()

            def handle(message: Message) -> None:
                got.append(message.data)
                if len(got) == 500:
                    complete.set()

            await listener.subscribe("order", handle)
            await asyncio.gather(*(speaker.publish("order", n) for n in range(500)))
            await within(complete.wait())
            self.assertEqual(got, list(range(500)))

    async def test_waiting_that_is_given_up_leaves_nothing(self) -> None:
        client = self.client("nobody", retry_first=True)
        self.broker.kill()
        try:
            client.connect()
            subscription = client.subscribe("room")
            for _ in range(3):
                for wait in (client.ready(), subscription.ready()):
                    with self.assertRaises(asyncio.TimeoutError):
                        await asyncio.wait_for(wait, 0.01)
            session: Any = client._session
            self.assertEqual((session._readiers, subscription._readiers), ([], []))
            await client.close()
        finally:
            self.broker.run()

    async def test_a_handler_is_told_that_it_cannot_wait_for_itself(self) -> None:
        async with self.client("listener") as client:
            told: "asyncio.Future[BaseException]" = asyncio.get_running_loop().create_future()

            async def handle(_: Message) -> None:
                try:
                    await client.drain()
                except RuntimeError as error:
                    told.set_result(error)

            await client.subscribe("room", handle)
            async with self.client("speaker") as speaker:
                await speaker.publish("room", 1, qos=1)
            self.assertIn("handlers", str(await within(told)))

    async def test_a_value_that_contains_itself_is_no_json(self) -> None:
        value: List[Any] = []
        value.append(value)
        with self.assertRaises(ValueError):
            to_json(value)
        with self.assertRaises(ValueError):
            to_json([float("inf")])
        with self.assertRaises(TypeError):
            to_json([object()])
        self.assertEqual(to_json({"ä": [1, 2.5, None, True, "\n"], "": {}}), '{"ä":[1,2.5,null,true,"\\n"],"":{}}')


class Blocking(WithTlsBroker):
    def test_k_45_publishes_without_waiting_leave_in_the_order_of_the_calls(self) -> None:
        with blocking.connect(self.broker.address(), "listener") as listener, blocking.connect(self.broker.address(), "speaker") as speaker:
            order = listener.subscribe("order").ready(timeout=PATIENCE)
            for answer in [speaker.publish_nowait("order", n, qos=0) for n in range(500)]:
                answer.result(PATIENCE)
            self.assertEqual([order.get(timeout=PATIENCE).data for _ in range(500)], list(range(500)))

    def test_a_handler_that_ends_the_program_is_one_that_fails(self) -> None:
        events: "queue.Queue[ErrorEvent]" = queue.Queue()
        handled = threading.Event()

        def handle(message: Message) -> None:
            if message.data == "exit":
                raise SystemExit(1)
            handled.set()

        with blocking.connect(self.broker.address(), "listener") as client:
            client.on("error", events.put)
            client.subscribe("room", handle).ready(timeout=PATIENCE)
            with blocking.connect(self.broker.address(), "speaker") as speaker:
                speaker.publish("room", "exit", qos=1)
                speaker.publish("room", "go on", qos=1)
            self.assertIsInstance(events.get(timeout=PATIENCE).error, SystemExit)
            self.assertTrue(handled.wait(PATIENCE))

    def test_an_act_that_fails_takes_no_other_with_it(self) -> None:
        thread, problems, done = NetworkThread(), [], threading.Event()
        thread.loop.set_exception_handler(lambda _, context: problems.append(context["exception"]))
        held = threading.Event()

        def fail() -> None:
            held.wait(PATIENCE)
            raise ValueError("an act may fail")

        thread.submit(fail)
        thread.submit(done.set)
        held.set()
        self.assertTrue(done.wait(PATIENCE))
        thread.stop(PATIENCE)
        self.assertEqual([str(it) for it in problems], ["an act may fail"])

    def test_after_a_fork_no_call_touches_what_is_the_parents(self) -> None:
        with blocking.connect(self.broker.address(), "parent") as client:
            subscription = client.subscribe("room").ready(timeout=PATIENCE)
            told: List[str] = []
            reader, writer = os.pipe()
            child = _forked()
            if child == 0:
                for call in (client.wake, subscription.stop):
                    try:
                        call()
                    except RuntimeError as error:
                        told.append(str(error).partition(":")[0])
                subscription._leave()
                os.write(writer, " ".join(told).encode())
                os._exit(0)
            os.close(writer)
            with os.fdopen(reader) as answer:
                self.assertEqual(answer.read(), "wake stop")
            os.waitpid(child, 0)
            self.assertEqual(client.request("$whoami")["client"], "parent")


def _forked() -> int:
    with warnings.catch_warnings():
        # From Python 3.12 on a fork beside threads is warned of; that is what is tried here.
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()
