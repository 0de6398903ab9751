"""What the tests of the asyncio client against a real broker have in common."""

import asyncio
import gc
import unittest
from typing import Any, List

import rialto_client
from rialto_client import Client, Message
from tests.broker import WithTlsBroker

PATIENCE = 30.0


class WithBroker(WithTlsBroker, unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self) -> None:
        self.problems: List[Any] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: self.problems.append(context))

    async def asyncTearDown(self) -> None:
        # K-62, K-63: nothing is left, and nothing is said about what nobody looked at.
        gc.collect()
        await asyncio.sleep(0)
        left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task() and "rialto_client" in repr(task)]
        self.assertEqual((left, self.problems), ([], []))

    def client(self, name: str, scheme: str = "jmqt", **options: Any) -> Client:
        tls = self.certificates.context() if scheme in ("jmqts", "wss") else None
        return rialto_client.connect(self.broker.address(scheme), name, tls=tls, **options)


async def within(awaitable: Any) -> Any:
    return await asyncio.wait_for(awaitable, PATIENCE)


async def take(subscription: Any, count: int) -> List[Message]:
    messages: List[Message] = []
    async for message in subscription:
        messages.append(message)
        if len(messages) == count:
            message.ack()
            break
    return messages
