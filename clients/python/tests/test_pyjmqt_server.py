"""The interface of pyjmqt's server: what callbacks are given, what becomes of their answers, and callbacks that fail."""

import asyncio
import contextlib
import os
import unittest
from typing import Any, List, Tuple
from unittest import mock

from rialto_client import Refused, connect
from rialto_client.pyjmqt.server import settings
from rialto_client.pyjmqt.server.decisions import number
from tests.broker import Certificates
from tests.program import CODES, Program
from tests.served import PATIENCE


class TheInterface(unittest.TestCase):
    def test_each_callback_gets_what_the_original_gives_it(self) -> None:
        with Program() as program:
            async def work() -> None:
                async with program.connect("ada") as ada:
                    room = await ada.subscribe("room", persistent=True)
                    await ada.publish("room", {"n": 1}, qos=1)
                    self.assertIsNone(await ada.request("$ask", [1]))
                    await room.unsubscribe()

            program.run(work)
            program.server.stop()
            peer = mock.ANY, "SOCKET"
            self.assertEqual(program.heard, [
                ("auth", ({"client_name": "ada"}, *peer)), ("connect", ("ada", "t", *peer)), ("subscribe", ("ada", "room", True, *peer)),
                ("publish", ("ada", "room", {"n": 1}, 1, *peer)), ("control", ("ada", "$ask", [1], *peer)),
                ("unsubscribe", ("ada", "room", *peer)), ("disconnect", ("ada", *peer)), ("close", ("ada", *peer)),
            ])
            self.assertRegex(program.of("close")[0][1], r"^127\.0\.0\.1:\d+$")

    def test_tls_and_websocket_have_the_originals_names(self) -> None:
        certificates = Certificates()
        made = os.path.dirname(certificates.authority)
        with Program(
            "ENABLE_SSL = 1", f"SSL_CERT_PATH = {made}/server.pem", f"SSL_KEY_PATH = {made}/server.key", "SSL_SOCKET_PORT = 0", "SSL_WEBSOCKET_PORT = 0",
        ) as program:
            async def work() -> None:
                configuration = program.server.get_server_config()
                for scheme, key in (("jmqt", "SOCKET"), ("ws", "WEBSOCKET"), ("jmqts", "SSL_SOCKET"), ("wss", "SSL_WEBSOCKET")):
                    address = f"{scheme}://127.0.0.1:{configuration[key + '_PORT']}"
                    async with connect(address, scheme, tls=certificates.context()):
                        pass

            program.run(work)
            self.assertEqual([given[2] for given in program.of("auth")], ["SOCKET", "WEB_SOCKET", "SSL_SOCKET", "SSL_WEB_SOCKET"])
        certificates.remove()

    def test_refusals_keep_their_status_and_those_that_cannot_be_sent_are_failed(self) -> None:
        self.assertEqual([number(it) for it in (0, 5, 6, 7, 255, -1, 1, 9, 256, None, "7", True)], [0, 5, 6, 7, 255, 0, 0, 0, 0, 0, 0, 0])
        with Program() as program:
            program.answers["subscribe"] = lambda client, channel, *_: int(channel)
            program.answers["control"] = lambda client, channel, data, *_: (data, {"seen": data})

            async def work() -> None:
                async with program.connect("ada") as ada:
                    for given, status in ((7, 7), (11, 11), (0, 0), (-1, 0), (9, 0), (200, 200)):
                        with self.assertRaises(Refused) as refused:
                            await ada.subscribe(str(given))
                        self.assertEqual(refused.exception.status, status)
                    with self.assertRaises(Refused) as refused:
                        await ada.request("$ask", 20)
                    self.assertEqual(refused.exception.status, 20)

            program.run(work)

    def test_a_callback_that_fails_or_answers_nonsense_refuses_and_the_server_goes_on(self) -> None:
        with Program() as program:
            def fail(client: str, channel: str, *_: Any) -> Any:
                if channel == "raise":
                    raise ValueError("a callback may fail")
                return {"nothing": None, "text": "1", "object": object(), "true": True}[channel]

            program.answers["publish"] = fail
            program.answers["control"] = lambda *_: (1, object())

            async def work() -> None:
                async with program.connect("ada") as ada:
                    for channel, status in (("raise", 5), ("nothing", 0), ("text", 0), ("object", 0)):
                        with self.assertRaises(Refused) as refused:
                            await ada.publish(channel, 1, qos=1)
                        self.assertEqual(refused.exception.status, status)
                    with self.assertRaises(Refused):
                        await ada.request("$ask")
                    await ada.publish("true", 1, qos=1)

            program.run(work)

    def test_a_callback_that_hangs_refuses_its_client_alone_and_is_cancelled(self) -> None:
        with mock.patch("rialto_client.pyjmqt.server.settings._ALWAYS", _with_timeout("300ms")), Program() as program:
            ended: List[str] = []

            async def hang(client: str, channel: str, *_: Any) -> int:
                if channel == "never":
                    try:
                        await program.loop.create_future()
                    finally:
                        ended.append(channel)
                return CODES.OK

            program.answers["publish"] = hang

            async def work() -> None:
                async with program.connect("ada") as ada, program.connect("bob") as bob:
                    waits = ada.publish_nowait("never", 1)
                    await bob.publish("at once", 1, qos=1)
                    self.assertFalse(waits.done())
                    with self.assertRaises(Refused) as refused:
                        await waits
                    self.assertEqual((refused.exception.status, refused.exception.temporary), (CODES.SERVER_ERROR, True))
                    await ada.publish("again", 1, qos=1)

            program.run(work)
            self.assertEqual(ended, ["never"])

    def test_calls_within_and_without_a_decision(self) -> None:
        with Program() as program:
            server = program.server

            async def decide(client: str, token: str, *_: Any) -> int:
                await server.force_sub(client, "#" + client, True)
                await server.force_sub(client, "news", persistent_flag=1)
                await server.force_sub(client, "gone", False)
                await server.force_unsub(client, "gone")
                await server.force_sub("later", "news", True)
                await server.force_pub("news", {"in": client}, qos=0, retain=False)
                self.assertEqual(await server.get_subscriptions(client), {"news": "persistent"})
                return CODES.OK if client != "eve" else CODES.FAILED

            program.answers["connect"] = decide

            async def work() -> None:
                self.assertEqual(await server.get_subscriptions("nobody"), {})
                async with program.connect("ada") as ada:
                    news = ada.listen("news")
                    self.assertEqual((await news.__anext__()).data, {"in": "ada"})
                    self.assertEqual(await server.get_subscriptions("ada"), {"#ada": "persistent", "news": "persistent"})
                    self.assertEqual(await server.get_subscriptions("later"), {"#later": "persistent", "news": "persistent"})
                    with self.assertRaises(Refused):
                        await program.connect("eve")
                    # What a decision asked for is done though it refuses.
                    self.assertEqual((await news.__anext__()).data, {"in": "eve"})
                    await server.force_sub("ada", "more", False)
                    await server.force_pub("more", 1, 0, False)
                    await server.force_pub("#nobody", 1, 0, False)
                    await server.force_unsub("ada", "news")
                    await server.force_unsub("nobody", "news")
                    self.assertEqual(await server.get_subscriptions("ada"), {"#ada": "persistent", "more": "temp"})
                    with self.assertRaises(Exception):
                        await server.force_pub("$no", 1, 0, False)
                    with self.assertRaises(ValueError):
                        await server.force_pub("news", float("nan"), 0, False)

            program.run(work)
            with self.assertRaisesRegex(RuntimeError, "event loop"):
                asyncio.run(server.get_subscriptions("ada"))

    def test_what_is_missing_or_no_coroutine_is_said_in_the_originals_words(self) -> None:
        with Program() as program:
            program.server.set_publish_validator(lambda *_: 1)  # type: ignore[arg-type]
            with self.assertRaises(Exception) as failed:
                program.server.start()
            self.assertEqual(
                str(failed.exception),
                "<publish validator> is not set or not an 'async' function. Call 'set_publish_validator' and pass an async function.",
            )

    def test_it_starts_and_stops_within_a_running_loop(self) -> None:
        with Program() as program:
            async def work() -> None:
                closed = asyncio.Event()
                program.answers["close"] = lambda *_: closed.set()
                program.server.start()
                with self.assertRaisesRegex(RuntimeError, "already"):
                    program.server.start()
                async with program.connect("ada"):
                    pass
                program.server.stop()
                await closed.wait()

            program.loop.run_until_complete(asyncio.wait_for(work(), PATIENCE))
            tasks = asyncio.all_tasks(program.loop)
            program.loop.run_until_complete(asyncio.wait_for(asyncio.gather(*tasks), PATIENCE))

    def test_ctrl_c_within_a_callback_ends_the_loop_once(self) -> None:
        with Program() as program:
            def interrupted(*_: Any) -> Any:
                raise KeyboardInterrupt

            program.answers["publish"] = interrupted

            async def work() -> None:
                async with program.connect("ada") as ada:
                    with contextlib.suppress(Refused):
                        await ada.publish("room", 1, qos=1)

            with self.assertRaises(KeyboardInterrupt):
                program.run(work)
            program.server.stop()
            self.assertEqual(len(program.of("close")), 1)
            for task in asyncio.all_tasks(program.loop):
                task.cancel()
                program.loop.run_until_complete(asyncio.wait([task]))

    def test_no_program_is_an_error_that_says_what_to_do(self) -> None:
        for line, said in (("RIALTO_BINARY = /nowhere/rialto", "cannot be started"), ("RIALTO_BINARY = ''", "RIALTO_BINARY")):
            with Program(line) as program, mock.patch.dict(os.environ, {"PATH": "/nowhere"}):
                with self.assertRaisesRegex(RuntimeError, said):
                    program.server.start()

    def test_who_does_not_know_the_secret_is_not_heard(self) -> None:
        with Program() as program:
            async def work() -> None:
                runner: Any = program.server._runner
                port = int(runner._webhook.url.rstrip("/").rpartition(":")[2])
                body = b'{"event":"connect","id":"1"}'
                for request, status in (
                    (b"POST / HTTP/1.1\r\nContent-Length: %d\r\nRialto-Timestamp: 1\r\n\r\n%s" % (len(body), body), b"401"),
                    (b"POST / HTTP/1.1\r\n\r\n", b"413"), (b"GET / HTTP/1.1\r\nX: " + b"y" * 20_000, b"431"),
                ):
                    reader, writer = await asyncio.open_connection("127.0.0.1", port)
                    writer.write(request)
                    self.assertEqual((await reader.readline()).split()[1], status)
                    self.assertEqual((await reader.read())[-4:], b"\r\n\r\n")
                    writer.close()

            program.run(work)
            self.assertEqual(program.heard, [])


def _with_timeout(timeout: str) -> Tuple[str, ...]:
    return tuple(f"webhook.timeout={timeout}" if it.startswith("webhook.timeout=") else it for it in settings._ALWAYS)


if __name__ == "__main__":
    unittest.main()
