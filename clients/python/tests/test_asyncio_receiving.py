"""The asyncio client against a real broker: what comes, and what becomes of it (K-21 to K-32)."""

import asyncio
import unittest
from typing import Any, List, Tuple

import rialto_client
from rialto_client import ErrorEvent, Message, Refused
from tests.on_asyncio import WithBroker, take, within


class Messages(WithBroker):
    async def test_k_21_a_retained_message_goes_to_each_new_subscription_once(self) -> None:
        async with self.client("retainer") as speaker, self.client("retained-listener") as listener:
            await speaker.publish("weather", "rain", qos=1, retain=True)
            first: List[Tuple[Any, bool]] = []
            await listener.subscribe("weather", lambda it: first.append((it.data, it.retained)))
            (second,) = await within(take(listener.subscribe("weather"), 1))
            await listener.request("$time")
            self.assertEqual((second.data, first), ("rain", [("rain", True)]))

    async def test_k_27_direct_messages(self) -> None:
        async with self.client("ada") as ada, self.client("bob") as bob:
            got = asyncio.ensure_future(take(bob.direct(), 1))
            await ada.send("bob", "hello", qos=1)
            (message,) = await within(got)
            self.assertEqual((message.data, message.channel, message.sender), ("hello", "#bob", "ada"))
            with self.assertRaises(Refused) as caught:
                await ada.send("nobody-here", 1, qos=1)
            self.assertEqual(caught.exception.status, 8)

    async def test_k_32_a_failed_handler_leaves_its_message_which_comes_again(self) -> None:
        async with self.client("failing-speaker") as speaker:
            async with self.client("failing") as listener:
                failed: "asyncio.Future[ErrorEvent]" = asyncio.get_running_loop().create_future()
                listener.on("error", failed.set_result)

                async def fail(message: Message) -> None:
                    raise ValueError("not now")

                await listener.subscribe("fails", fail, persistent=True)
                await speaker.publish("fails", 7, qos=1)
                event = await within(failed)
                self.assertEqual((event.kind, event.message and event.message.data), ("handler", 7))
            async with self.client("failing") as listener:
                (message,) = await within(take(listener.subscribe("fails", persistent=True), 1))
                self.assertEqual(message.data, 7)

    async def test_k_31_manual_acknowledgement(self) -> None:
        async with self.client("manual-speaker") as speaker:
            async with self.client("manual") as listener:
                seen: "asyncio.Queue[Message]" = asyncio.Queue()
                await listener.subscribe("manual", seen.put, persistent=True, ack="manual")
                for n in range(2):
                    await speaker.publish("manual", n, qos=1)
                first = await within(seen.get())
                await within(seen.get())
                first.ack()
            async with self.client("manual") as listener:
                (message,) = await within(take(listener.subscribe("manual", persistent=True), 1))
                self.assertEqual(message.data, 1)

    async def test_k_30_parallel_handlers_only_where_asked_for(self) -> None:
        async with self.client("parallel-speaker") as speaker, self.client("parallel") as listener:
            for parallel in (1, 3):
                most = running = 0
                done: "asyncio.Queue[None]" = asyncio.Queue()

                async def handle(message: Message) -> None:
                    nonlocal most, running
                    running += 1
                    most = max(most, running)
                    await listener.request("$time")
                    running -= 1
                    await done.put(None)

                subscription = await listener.subscribe(f"parallel{parallel}", handle, parallel=parallel)
                for n in range(9):
                    speaker.publish_nowait(f"parallel{parallel}", n)
                for _ in range(9):
                    await within(done.get())
                self.assertEqual(most, parallel)
                await subscription.unsubscribe()

    async def test_k_26_leaving_a_loop_ends_the_subscription(self) -> None:
        async with self.client("leaver") as listener, self.client("leaver-speaker") as speaker:
            subscription = await listener.subscribe("left")
            lasting = await listener.subscribe("lasting", persistent=True)
            for channel in ("left", "lasting"):
                await speaker.publish(channel, 1, qos=1)
            await within(take(subscription, 1))
            await within(take(lasting, 1))
            there = (await listener.request("$mySubscriptions"))["subscriptions"]
            self.assertEqual((subscription.state, lasting.state), ("ended", "ended"))
            self.assertEqual(("left" in there, there.get("lasting")), (False, "persistent"))

    async def test_the_codec_says_how_values_become_json(self) -> None:
        class Complex:
            def encode(self, value: Any) -> Any:
                return [value.real, value.imag]

            def decode(self, data: Any) -> Any:
                return complex(*data)

        async with self.client("codec", codec=Complex()) as client, self.client("codec-speaker") as speaker:
            errors: List[ErrorEvent] = []
            client.on("error", errors.append)
            subscription = await client.subscribe("numbers")
            await speaker.publish("numbers", "not a number", qos=1)
            await speaker.publish("numbers", [1, 2], qos=1)
            (message,) = await within(take(subscription, 1))
            self.assertEqual((message.data, [it.kind for it in errors]), (1 + 2j, ["handler"]))
            await client.publish("numbers", 3j, qos=1)


if __name__ == "__main__":
    unittest.main()
