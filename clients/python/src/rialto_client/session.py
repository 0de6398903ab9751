"""Joins the core to asyncio: futures of calls, listeners of events, tasks of handlers."""

from __future__ import annotations

import asyncio
import os
import ssl
from typing import Any, Callable, List, Optional, Sequence

from .core import Core
from .environment import Clock
from .errors import RialtoError
from .events import Events
from .framing import to_json
from .inbox import InHand, Member
from .loop import LoopEnvironment
from .message import Message
from .options import Auth, Codec, Credentials, ErrorEvent, Settings, Token
from .outbox import Publish

# At 20 microseconds each; every break is a write of its own, and wakes the broker.
_SENDS_WITHOUT_A_BREAK = 512

_forks = 0


def _count_fork() -> None:
    global _forks
    _forks += 1


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_count_fork)


class Session:
    """A client on one event loop."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, addresses: Sequence[str], credentials: Credentials, settings: Settings,
        codec: Codec, tls: Optional[ssl.SSLContext], events: Events, clock: Optional[Clock],
    ) -> None:
        self.loop = loop
        self.codec = codec
        self.ended_by_itself: Callable[[], None] = lambda: None
        self.env = LoopEnvironment(loop, tls, clock)
        self.core = Core(self.env, addresses, credentials, settings, self)
        self._events = events
        self._expected_id = _id_in(credentials)
        self._forks = _forks
        self._readiers: List["asyncio.Future[None]"] = []
        self._sent_count = 0

    @property
    def is_of_parent(self) -> bool:
        """Whether this process was forked after the client was made."""
        return self._forks != _forks

    def check_process(self, call: str) -> None:
        """``RuntimeError``: the call comes from another process than the client's."""
        if self.is_of_parent:
            raise RuntimeError(f"{call}: the process was forked; a child needs a client of its own")

    def check_loop(self, running: Optional[asyncio.AbstractEventLoop], call: str) -> None:
        """``RuntimeError``: the call comes from another thread or loop than the client's."""
        if running is not self.loop:
            raise RuntimeError(
                f"{call}: this client belongs to another event loop or thread; "
                f"use asyncio.run_coroutine_threadsafe(…, loop) or rialto_client.blocking"
            )

    # Calls.

    async def ready(self) -> None:
        """Waits until there is a session."""
        if self.core.connection.is_online:
            return
        if self.core.error is not None:
            raise self.core.error
        future: "asyncio.Future[None]" = self.loop.create_future()
        self._readiers.append(future)
        try:
            await future
        finally:
            if future in self._readiers:
                self._readiers.remove(future)

    def send_now(self, channel: str, payload: str, retain: bool) -> bool:
        """Publishes with QoS 0, unless there is something to wait for: then ``send`` is to do it."""
        if (self._sent_count + 1) % _SENDS_WITHOUT_A_BREAK == 0 or not self.env.is_writable:
            return False
        self.core.check_open()
        self.core.publisher.send(channel, payload, retain)
        self._sent_count += 1
        return True

    def send_bounded(self, channel: str, payload: str, retain: bool) -> None:
        """Publishes with QoS 0 without waiting. ``Full``: what was sent before does not leave."""
        self.core.check_open()
        self.core.publisher.send_bounded(channel, payload, retain, self.env.unsent_bytes)

    async def send(self, channel: str, payload: str, retain: bool) -> None:
        """Publishes with QoS 0."""
        self.core.check_open()
        # Again after each wait: whoever waited before may have filled it.
        while not self.env.is_writable:
            await self.env.writable()
        self.core.publisher.send(channel, payload, retain)
        self._sent_count += 1
        if self._sent_count % _SENDS_WITHOUT_A_BREAK == 0:
            # A loop that publishes would otherwise keep everything else from running. Behind the send: calls that are under way at once,
            # as with `gather`, would leave in another order (K-45).
            await asyncio.sleep(0)

    def keep(self, channel: str, payload: str, retain: bool, may_wait: bool) -> "asyncio.Future[None]":
        """Publishes with QoS 1. Cancelling the future withdraws what has not left."""
        self.core.check_open()
        future: "asyncio.Future[None]" = self.loop.create_future()
        publish = self.core.publisher.keep(channel, payload, retain, lambda error: settle(future, None, error), may_wait)
        self.core.answers_wait()
        future.add_done_callback(lambda it: self._cancel(publish) if it.cancelled() else None)
        return future

    async def ask(self, control: str, payload: str, timeout: float, repeat: bool) -> Any:
        """Asks a control channel."""
        self.core.check_open()
        future: "asyncio.Future[Any]" = self.loop.create_future()
        request = self.core.requests.ask(control, payload, timeout, repeat, lambda answer, error: settle(future, answer, error))
        self.core.answers_wait()
        try:
            return await future
        finally:
            self.core.requests.cancel(request)
            self.core.answers_wait()

    @property
    def own_id(self) -> str:
        """The id of this client. ``RuntimeError``: it is not known before the first session."""
        id = self.core.connection.id or self._expected_id
        if not id:
            raise RuntimeError("direct: the client has no id before its first session")
        return id

    async def connect(self) -> None:
        """Connects, and waits until there is a session."""
        self.core.connect()
        await self.ready()

    async def unsubscribe(self, member: Member) -> None:
        """Ends a subscription at the server too."""
        future: "asyncio.Future[None]" = self.loop.create_future()
        self.core.channels.unsubscribe(member, lambda error: settle(future, None, error))
        await future

    async def drain(self, timeout: float) -> None:
        """Lets what is under way finish, then closes. ``RuntimeError``: what calls it is one of those that it would wait for."""
        if self.env.is_own_task:
            raise RuntimeError("drain: it waits for the handlers, and this is one of them; use close, or another task")
        await self._end(lambda done: self.core.drain(timeout, done))

    async def close(self) -> None:
        """Ends, and leaves nothing behind."""
        await self._end(self.core.close)

    async def _end(self, how: Callable[[Callable[[], None]], None]) -> None:
        future: "asyncio.Future[None]" = self.loop.create_future()
        how(lambda: settle(future, None, None))
        try:
            await future
        except asyncio.CancelledError:
            self.core.close(lambda: None)
            raise
        finally:
            await self.env.finish()

    def encode(self, data: Any) -> str:
        """Returns data as JSON text."""
        return to_json(self.codec.encode(data))

    def message(self, in_hand: InHand) -> Message:
        """Returns a message for the application. The codec's errors are raised."""
        delivery = in_hand.delivery
        data = self.codec.decode(delivery.data)
        message = Message(str(delivery.channel), data, delivery.sender, delivery.qos, delivery.id, delivery.retained)
        message._acknowledge = in_hand.acknowledge
        return message

    def handler_failed(self, in_hand: InHand, message: Optional[Message], error: BaseException) -> None:
        """A handler, or the codec before it, has failed (K-32)."""
        in_hand.failed()
        self.tell("error", ErrorEvent("handler", error, message))

    # What the core tells.

    def tell(self, name: str, event: Any) -> None:
        """Tells the listeners, later: no user code runs while a packet is taken in."""
        if self._events.are_heard(name):
            self.loop.call_soon(self._events.emit, name, event)

    def came_online(self) -> None:
        """There is a session."""
        self._settle_readiers(None)

    def has_ended(self, error: RialtoError) -> None:
        """The client has ended."""
        self._settle_readiers(error)
        if error.reason != "asked":
            self.ended_by_itself()

    def _settle_readiers(self, error: Optional[RialtoError]) -> None:
        readiers, self._readiers = self._readiers, []
        for future in readiers:
            settle(future, None, error)

    def _cancel(self, publish: Publish) -> None:
        self.core.publisher.cancel(publish)
        self.core.answers_wait()


def settle(future: "asyncio.Future[Any]", result: Any, error: Optional[RialtoError]) -> None:
    """Ends a future, if nothing has yet. Its error is taken as seen: nobody has to look at it (K-63)."""
    if future.done():
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)
        future.exception()


def _id_in(credentials: Credentials) -> str:
    """Returns the client id that credentials name, if they do."""
    if isinstance(credentials, Token):
        return credentials.client
    data = credentials.data if isinstance(credentials, Auth) else {"client_name": credentials}
    name = data.get("client_name") if isinstance(data, dict) else None
    return name if isinstance(name, str) else ""


def checked_qos(qos: int) -> int:
    """Returns a quality of service. ``ValueError``: it is none."""
    if qos not in (0, 1):
        raise ValueError(f"qos is {qos!r}, neither 0 nor 1")
    return qos
