"""The world of a client in asyncio."""

from __future__ import annotations

import asyncio
import random
import ssl
from typing import Any, Callable, Coroutine, Optional, Set

from .carrier import SocketCarrier, StreamCarrier
from .endpoint import parse
from .environment import Clock, Listener, Timer
from .options import Identity, Provider, Why
from .websocket_carrier import WebSocketCarrier


class LoopClock:
    """The time of an event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.now = loop.time

    def set(self, wait: float, act: Callable[[], object]) -> Timer:
        """Calls ``act`` after ``wait`` seconds."""
        return self._loop.call_later(wait, act)


class LoopEnvironment:
    """Time, chance, connections and credentials, and the tasks of a client."""

    def __init__(self, loop: asyncio.AbstractEventLoop, tls: Optional[ssl.SSLContext], clock: Optional[Clock] = None) -> None:
        self.clock: Clock = clock or LoopClock(loop)
        self.loop = loop
        self._tls = tls
        self._carrier: Optional[StreamCarrier] = None
        self._tasks: Set["asyncio.Task[None]"] = set()

    def random(self) -> float:
        """Returns a number from 0 up to 1."""
        return random.random()

    def open(self, address: str, listener: Listener) -> StreamCarrier:
        """Begins to connect."""
        endpoint = parse(address)
        carrier: StreamCarrier
        if endpoint.is_websocket:
            carrier = WebSocketCarrier(self.loop, self.clock, listener, endpoint)
        else:
            carrier = SocketCarrier(self.loop, self.clock, listener)
        if endpoint.has_tls and self._tls is None:
            self._tls = ssl.create_default_context()
        carrier.connect(self.run, endpoint, self._tls if endpoint.has_tls else None)
        self._carrier = carrier
        return carrier

    def ask(self, provider: Provider, why: Why, answer: Callable[[Optional[Identity], Optional[BaseException]], None]) -> Timer:
        """Asks for credentials, in a task of its own."""

        async def question() -> None:
            try:
                given = provider(why)
                identity: Identity = given if isinstance(given, (tuple, str)) else await given
            except Exception as error:
                answer(None, error)
            else:
                answer(identity, None)

        return self.run(question())

    def run(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        """Starts a task, which ``finish`` ends."""
        task: "asyncio.Task[None]" = self.loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._over)
        return task

    @property
    def is_own_task(self) -> bool:
        """Whether the caller runs in one of these tasks."""
        return asyncio.current_task() in self._tasks

    def _over(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        # One that ends the program, Ctrl-C in a handler, is raised by the loop already.
        if isinstance(error, Exception):
            self.loop.call_exception_handler({"message": "a task of the client failed", "exception": error, "task": task})

    async def finish(self) -> None:
        """Cancels the tasks that still run, save the one that calls this, and waits for them for at most 2 seconds."""
        tasks = self._tasks - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=2.0)

    @property
    def is_writable(self) -> bool:
        """Whether what is sent leaves soon."""
        return self._carrier is None or self._carrier.is_writable

    @property
    def unsent_bytes(self) -> int:
        """How much of what was sent has not left."""
        return 0 if self._carrier is None else self._carrier.unsent_bytes

    async def writable(self) -> None:
        """Waits until what is sent leaves soon, or the connection is over."""
        if self._carrier is not None and not self._carrier.is_writable:
            await self._carrier.writable()
