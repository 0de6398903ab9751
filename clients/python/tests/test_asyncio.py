"""The asyncio client against a real broker, over each carrier."""

import asyncio
import gc
import threading
import unittest
import warnings
from typing import Any, List, Optional

import rialto_client
from rialto_client import Auth, Closed, Full, Lost, Message, Outbox, Refused, StateEvent, Token, Unauthorized, Why
from tests.on_asyncio import WithBroker, take, within


class Carriers(WithBroker):
    async def test_publishes_reach_subscribers_in_order(self) -> None:
        for scheme in ("jmqt", "jmqts", "ws", "wss"):
            with self.subTest(scheme):
                async with self.client(f"listener-{scheme}", scheme) as listener, self.client(f"speaker-{scheme}", scheme) as speaker:
                    subscription = await listener.subscribe(f"news/{scheme}")
                    answers = [speaker.publish_nowait(f"news/{scheme}", {"n": n, "text": "Grüße 🌍"}) for n in range(300)]
                    messages = await within(take(subscription, 300))
                    self.assertEqual([it.data["n"] for it in messages], list(range(300)))
                    self.assertEqual(messages[0].data["text"], "Grüße 🌍")
                    self.assertEqual(messages[0].sender, f"speaker-{scheme}")
                    await within(asyncio.gather(*answers))

    async def test_control_channels_answer_and_refuse(self) -> None:
        for scheme in ("jmqt", "ws"):
            async with self.client(f"asker-{scheme}", scheme) as client:
                self.assertGreater((await client.request("$time"))["unix_ms"], 0)
                with self.assertRaises(Refused) as caught:
                    await client.request("$nothing")
                self.assertEqual((caught.exception.status, caught.exception.reason), (11, "refused"))

    async def test_large_messages_arrive_whole(self) -> None:
        for scheme in ("jmqt", "jmqts", "ws", "wss"):
            async with self.client(f"large-{scheme}", scheme) as listener, self.client(f"larger-{scheme}", scheme) as speaker:
                subscription = await listener.subscribe("large")
                await within(speaker.publish("large", "x" * 200_000, qos=1))
                (message,) = await within(take(subscription, 1))
                self.assertEqual(len(message.data), 200_000)

    async def test_qos_0_in_bulk_arrives_in_order(self) -> None:
        async with self.client("bulk-listener") as listener, self.client("bulk-speaker", "ws") as speaker:
            subscription = await listener.subscribe("bulk")
            reading = asyncio.ensure_future(take(subscription, 5000))
            for n in range(5000):
                await speaker.publish("bulk", n)
            self.assertEqual([it.data for it in await within(reading)], list(range(5000)))


class Sessions(WithBroker):
    async def test_k_7_a_server_that_is_not_there_fails_the_first_connection(self) -> None:
        client = rialto_client.connect("jmqt://127.0.0.1:1", "ada")
        with self.assertRaises(Closed) as caught:
            await client
        self.assertEqual((caught.exception.reason, caught.exception.status, client.state), ("gave-up", 9, "closed"))
        with self.assertRaises(Closed):
            await client.publish("c", 1)
        await client.close()

    async def test_a_connection_that_is_no_broker_of_websockets_fails(self) -> None:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 404 Not Found\r\n\r\n")
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        client = rialto_client.connect(f"ws://127.0.0.1:{port}", "ada")
        with self.assertRaises(Closed) as caught:
            await within(client)
        self.assertIn("404", str(caught.exception))
        server.close()
        await client.close()

    async def test_k_60_closing_works_while_it_connects(self) -> None:
        accepted = asyncio.Event()

        async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            accepted.set()
            await reader.read()
            writer.close()

        server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        for scheme in ("jmqt", "ws", "jmqts"):
            client = rialto_client.connect(f"{scheme}://127.0.0.1:{port}", "ada")
            opening = asyncio.ensure_future(client.__aenter__())
            await within(accepted.wait())
            accepted.clear()
            await within(client.close())
            with self.assertRaises(Closed):
                await within(opening)
        server.close()

    async def test_k_11_credentials_may_be_a_function(self) -> None:
        asked: List[Why] = []

        async def credentials(why: Why) -> Auth:
            asked.append(why)
            return Auth({"client_name": "functional"})

        async with rialto_client.connect(self.broker.address(), credentials) as client:
            self.assertEqual((client.id, asked), ("functional", [Why(0)]))

        def refuse(why: Why) -> str:
            raise Unauthorized("not today")

        with self.assertRaises(Refused) as caught:
            await rialto_client.connect(self.broker.address(), refuse)
        self.assertEqual(caught.exception.reason, "unauthorized")
        with self.assertRaises(Refused):
            await rialto_client.connect(self.broker.address(), Token("ada", "wrong"))

    async def test_k_14_a_newer_client_of_the_same_id_ends_the_older(self) -> None:
        async with self.client("twin") as older:
            ended: "asyncio.Future[StateEvent]" = asyncio.get_running_loop().create_future()
            stop = older.on("state", lambda event: ended.set_result(event) if event.state == "closed" else None)
            subscription = older.subscribe("c")
            async with self.client("twin", "ws") as newer:
                self.assertEqual((await within(ended)).reason, "taken-over")
                stop()
                await newer.request("$time")
                with self.assertRaises(Closed):
                    await within(take(subscription, 1))
                self.assertEqual(older.state, "closed")
            await within(older)
            self.assertEqual(older.state, "online")

    async def test_another_loop_or_thread_is_told_what_to_use(self) -> None:
        async with self.client("at-home") as client:
            errors: List[str] = []

            def elsewhere() -> None:
                for call in (lambda: client.publish_nowait("c", 1), lambda: client.subscribe("c")):
                    try:
                        call()
                    except RuntimeError as error:
                        errors.append(str(error))
                try:
                    asyncio.run(client.publish("c", 1))
                except RuntimeError as error:
                    errors.append(str(error))

            thread = threading.Thread(target=elsewhere)
            thread.start()
            await asyncio.get_running_loop().run_in_executor(None, thread.join)
            self.assertEqual(len(errors), 3)
            for error in errors:
                self.assertIn("rialto_client.blocking", error)


class Publishes(WithBroker):
    async def test_k_63_nothing_is_said_about_answers_that_nobody_looks_at(self) -> None:
        async with self.client("careless") as client:
            with warnings.catch_warnings(record=True) as said:
                failed: List[Any] = []
                client.on("publish", failed.append)
                client.publish_nowait("$nothing", 1)
                client.subscribe("#forbidden")
                await client.request("$time")
                gc.collect()
                await asyncio.sleep(0)
            self.assertEqual((said, len(failed)), ([], 1))

    async def test_k_43_the_outbox_waits_or_refuses(self) -> None:
        client = self.client("bounded", outbox=Outbox(count=2))
        client.connect()
        waiting = [asyncio.ensure_future(client.publish("c", n, qos=1)) for n in range(4)]
        await asyncio.sleep(0)
        with self.assertRaises(Full):
            client.publish_nowait("c", 1)
        with self.assertRaises(Lost):
            await client.publish("c", 1)
        waiting[3].cancel()
        await within(asyncio.gather(*waiting[:3]))
        with self.assertRaises(asyncio.CancelledError):
            await waiting[3]
        await client.close()

    async def test_wrong_arguments_are_errors_of_the_call(self) -> None:
        async with self.client("wrong") as client:
            for data in (object(), float("nan"), b"bytes", "\ud800"):
                with self.assertRaises((TypeError, ValueError)):
                    await client.publish("c", data, qos=1)
            with self.assertRaises(ValueError):
                await client.publish("c", 1, qos=2)
            with self.assertRaises(ValueError):
                client.subscribe("c", ack="later")
            with self.assertRaises(ValueError):
                client.on("nothing", print)
            with self.assertRaises(ValueError):
                rialto_client.connect("localhost", "ada")
            with self.assertRaises(Refused):
                await client.subscribe("#other")

    async def test_k_61_draining_lets_publishes_and_handlers_finish(self) -> None:
        async with self.client("drained") as listener:
            handled: List[int] = []
            begun, draining = asyncio.Event(), asyncio.Event()
            listener.on("state", lambda event: draining.set() if event.state == "draining" else None)

            async def handle(message: Message) -> None:
                begun.set()
                await draining.wait()
                handled.append(message.data)

            await listener.subscribe("drained", handle)
            async with self.client("drained-speaker") as speaker:
                answers = [speaker.publish_nowait("drained", n) for n in range(50)]
            self.assertEqual([it.exception() for it in answers], [None] * 50)
            await within(begun.wait())
            await listener.drain()
            self.assertEqual(handled, [0])
            with self.assertRaises(Closed):
                listener.subscribe("more")


class Crashes(WithBroker):
    async def test_k_41_k_44_nothing_is_lost_and_order_is_kept_while_the_broker_is_killed(self) -> None:
        total, kills = 3000, 0
        loop = asyncio.get_running_loop()
        for scheme in ("jmqt", "wss"):
            seen: List[int] = []
            complete = asyncio.Event()

            def handle(message: Message) -> None:
                seen.append(message.data)
                if message.data == total - 1:
                    complete.set()

            channel = f"load/{scheme}"
            async with self.client(f"survivor-{scheme}", scheme) as listener:
                await listener.subscribe(channel, handle, persistent=True)
                async with self.client(f"driver-{scheme}", scheme, outbox=Outbox(count=200)) as speaker:
                    restart: Optional["asyncio.Future[None]"] = None
                    publishes: List["asyncio.Task[None]"] = []
                    for n in range(total):
                        publishes.append(asyncio.ensure_future(speaker.publish(channel, n, qos=1)))
                        if n % 100 == 99:
                            await within(publishes[-1])
                        if n % 900 == 450:
                            kills += 1
                            self.broker.kill()
                            restart = loop.run_in_executor(None, self.broker.run)
                    await within(asyncio.gather(*publishes))
                    if restart is not None:
                        await restart
                await within(complete.wait())
            # A repeated publish may come twice, but the first of each is in order and none is missing.
            self.assertEqual(list(dict.fromkeys(seen)), list(range(total)))
        self.assertEqual(kills, 6)


if __name__ == "__main__":
    unittest.main()
