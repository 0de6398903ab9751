"""CoreMQ's clients: frames, the README's example, messages and answers, losses."""

import asyncio
import contextlib
import io
import json
import socket
import threading
import unittest
from typing import Any, Dict, List, Tuple

from rialto_client import coremq
from rialto_client.coremq import ConnectionClosed, CoreMqClientFactory, CoreMqClientProtocol, MessageQueue, ProtocolError, construct_message
from rialto_client.coremq.frames import FrameReader
from tests.broker import Broker

PATIENCE = 30.0


class Frames(unittest.TestCase):
    def test_c_1_c_2_frames_are_the_same_however_they_were_cut(self) -> None:
        frames: List[Tuple[str, Dict[str, Any]]] = [("a", {"n": 1}), ("raum-ä", {"t": "größer 😀"}), ("b", {}), ("ü", {"x": "y" * 300})]
        stream = b"".join(construct_message(queue, message) for queue, message in frames)
        # A server that does not write ASCII counts characters all the same.
        text = 'ä {"t":"😀"}'
        stream += f"+{len(text)} {text}".encode()
        frames.append(("ä", {"t": "😀"}))
        for size in range(1, 60):
            reader = FrameReader()
            got = [frame for start in range(0, len(stream), size) for frame in reader.feed(stream[start : start + size])]
            self.assertEqual(got, frames)

    def test_what_is_no_frame(self) -> None:
        for stream in (b"x", b"+x 1", b"+123456789", b"+2 ab", b"+4 a {1", b"+4 a []"):
            with self.assertRaises(ProtocolError):
                list(FrameReader().feed(stream))

    def test_what_cannot_be_a_message(self) -> None:
        wrong: List[Any] = [(1, {}), ("", {}), ("a b", {}), ("a", [1]), ("a", None)]
        for queue, message in wrong:
            with self.assertRaises(ValueError):
                construct_message(queue, message)
        self.assertEqual(construct_message("a", "text"), b'+27 a {"coremq_string": "text"}')


class WithBroker(unittest.TestCase):
    broker: Broker

    @classmethod
    def setUpClass(cls) -> None:
        cls.broker = Broker(coremq=True)

    @classmethod
    def tearDownClass(cls) -> None:
        cls.broker.stop()

    def queue(self) -> MessageQueue:
        mq = MessageQueue("127.0.0.1", self.broker.coremq_port)
        self.addCleanup(mq.close)
        return mq


class Waiting(WithBroker):
    def test_the_example_of_the_readme(self) -> None:
        m = MessageQueue("127.0.0.1", self.broker.coremq_port)
        m.connect()
        self.assertEqual(str(m.welcome_message), "OK: Welcome to CoreMQ server")
        m.subscribe("test")
        m.send_message(queue="test", message=dict(a=1))
        self.assertEqual(m.get_message(0.01), (None, None))
        m.close()

    def test_answers_are_those_of_the_call_and_messages_wait(self) -> None:
        ada, bob = self.queue(), self.queue()
        ada.set_options(echo=True)
        self.assertEqual(ada.subscribe("a", "b")[1], {"response": "OK: Subscribe successful"})
        for n in range(20):
            queue, answer = bob.send_message("a", {"n": n})
            self.assertEqual((queue, answer), (bob.connection_id, {"response": "OK: Message sent"}))
        self.assertEqual(ada.send_message("b", "text")[1], {"response": "OK: Message sent"})
        bob.send_message(str(ada.connection_id), {"response": "not an answer"})
        self.assertEqual(ada.send_message("#", {})[0], ada.connection_id)
        got = [ada.get_message(PATIENCE) for _ in range(22)]
        self.assertEqual([message["n"] for _, message in got[:20] if message], list(range(20)))
        self.assertEqual([queue for queue, _ in got[20:]], ["b", ada.connection_id])
        _, answer = ada.get_history()
        self.assertEqual([it["n"] for it in (answer or {})["history"]["a"]], list(range(10, 20)))
        self.assertEqual(ada.unsubscribe("a")[1], {"response": "OK: Unsubscribe successful"})
        self.assertEqual((ada.subscriptions, ada.options), (["b"], {"echo": True}))
        for call in (bob.subscribe, bob.unsubscribe, bob.get_history):
            with self.assertRaisesRegex(ValueError, "Must pass at least one queue name"):
                call()

    def test_a_lost_connection_is_made_again_with_its_subscriptions_and_options(self) -> None:
        ada, bob = self.queue(), self.queue()
        ada.subscribe(["again"])
        bob.connect()
        first = ada.connection_id
        self.broker.kill()
        self.broker.run()
        self.assertEqual(ada.get_message(0.01), (None, None))
        self.assertNotEqual(ada.connection_id, first)
        self.assertEqual(bob.send_message("again", {"n": 1})[1], {"response": "OK: Message sent"})
        queue, message = ada.get_message(PATIENCE)
        self.assertEqual((queue, message and message["n"]), ("again", 1))
        self.broker.kill()
        with self.assertRaises(OSError):
            ada.get_message()
        self.broker.run()

    def test_listening_and_stress_print(self) -> None:
        ada, bob = self.queue(), self.queue()
        ada.subscribe("printed")
        bob.send_message("printed", {"n": 1})
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            ada.listen(0.05)
            bob.stress("printed", count=20)
            coremq.parallel_stress("127.0.0.1", self.broker.coremq_port, "stressed", count=5, wait=0, workers=2, listeners=3)
        lines = printed.getvalue().splitlines()
        self.assertTrue(lines[0].startswith("printed {'n': 1"), lines)
        self.assertTrue(lines[1].startswith("20 messages in "), lines)
        self.assertEqual(lines[2], "messages sent: 10, missing at listeners: 0")

    def test_bye_closes(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            def serve() -> None:
                connection, _ = server.accept()
                with connection:
                    for message in ({"response": "OK"}, {"response": "BYE"}):
                        connection.sendall(construct_message("id", message))
                    connection.recv(1)

            thread = threading.Thread(target=serve)
            thread.start()
            mq = MessageQueue("127.0.0.1", server.getsockname()[1])
            self.assertEqual(mq.get_message(PATIENCE), ("id", {"response": "BYE"}))
            self.assertIsNone(mq.socket)
            thread.join()


class Asyncio(WithBroker, unittest.IsolatedAsyncioTestCase):
    async def test_iterating_and_asking(self) -> None:
        async with coremq.connect("127.0.0.1", self.broker.coremq_port) as ada:
            async with coremq.connect("127.0.0.1", self.broker.coremq_port) as bob:
                self.assertEqual(str(ada.welcome_message), "OK: Welcome to CoreMQ server")
                await ada.subscribe("a")
                answers = await asyncio.gather(*(bob.send_message("a", {"n": n}) for n in range(200)))
                self.assertEqual({json.dumps(it[1]) for it in answers}, {'{"response": "OK: Message sent"}'})
                got: List[int] = []
                async for queue, message in ada:
                    got.append(message["n"])
                    if len(got) == 200:
                        break
                self.assertEqual(got, list(range(200)))
                self.assertEqual([it["n"] for it in (await bob.get_history("a"))["a"]], list(range(190, 200)))
            with self.assertRaises(ConnectionClosed):
                await bob.send_message("a", {})

    async def test_a_lost_connection_is_made_again(self) -> None:
        loop = asyncio.get_running_loop()
        async with coremq.connect("127.0.0.1", self.broker.coremq_port) as ada:
            await ada.subscribe("again")
            await ada.set_options(echo=True)
            self.broker.kill()
            with self.assertRaises(ConnectionClosed):
                await ada.send_message("again", {})
            await loop.run_in_executor(None, self.broker.run)
            publishing = asyncio.ensure_future(self.publish_until_cancelled())
            _, message = await asyncio.wait_for(ada.__anext__(), PATIENCE)
            self.assertEqual(message["n"], 1)
            publishing.cancel()
            await asyncio.gather(publishing, return_exceptions=True)

    async def publish_until_cancelled(self) -> None:
        async with coremq.connect("127.0.0.1", self.broker.coremq_port) as bob:
            while True:
                await bob.send_message("again", {"n": 1})

    async def test_the_factory_and_its_protocol(self) -> None:
        came: "asyncio.Queue[Tuple[str, Dict[str, Any]]]" = asyncio.Queue()

        class Protocol(CoreMqClientProtocol):
            async def new_message(self, queue: str, message: Dict[str, Any]) -> None:
                await came.put((queue, message))

        async def until(text: str) -> None:
            while text not in json.dumps((await asyncio.wait_for(came.get(), PATIENCE))[1]):
                pass

        servers = ["127.0.0.1:1", f"127.0.0.1:{self.broker.coremq_port}"]
        factory = CoreMqClientFactory(Protocol, servers, subscriptions=["f"])
        factory.logger.disabled = True
        await factory.connect()
        protocol = factory.connection
        assert protocol is not None
        self.assertTrue(await asyncio.wait_for(protocol.connected_future, PATIENCE))
        await until("Subscribe successful")
        protocol.set_options(echo=True)
        protocol.send_message("f", {"n": 1})
        await until('"n": 1')
        protocol.get_history()
        await until('"history"')
        protocol.unsubscribe("f")
        await until("Unsubscribe successful")
        protocol.subscribe("g")
        await until("Subscribe successful")
        self.broker.kill()
        await asyncio.get_running_loop().run_in_executor(None, self.broker.run)
        await until("Subscribe successful")
        again = factory.connection
        assert again is not None and again is not protocol
        self.assertEqual((again.subscriptions, again.options), (["g"], {"echo": True}))
        again.close()


if __name__ == "__main__":
    unittest.main()
