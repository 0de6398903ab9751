"""Subscriptions, as applications see them: a handler, or an iterator (K-26, K-30 to K-32)."""

from __future__ import annotations

import asyncio
from typing import Any, AsyncIterator, Awaitable, Callable, Coroutine, Generator, List, Optional, Type

from .errors import RialtoError, ended_by, ending
from .inbox import InHand, Member
from .message import Message
from .session import Session, settle

Handler = Callable[[Message], Any]
"""Takes a message; what it returns is awaited, if it can be."""

_MESSAGES_WITHOUT_A_BREAK = 64


class Subscription(AsyncIterator[Message]):
    """A subscription. ``await`` it to know that it is active; iterate over it, unless it has a handler."""

    def __init__(
        self, session: Session, channel: str, handler: Optional[Handler], persistent: bool, listens: bool, ack: str, parallel: int,
    ) -> None:
        if parallel < 1:
            raise ValueError(f"parallel is {parallel}, less than 1")
        self.channel = channel
        self._session = session
        self._handler = handler
        self._parallel = parallel
        self._running_count = 0
        self._in_hand: Optional[InHand] = None
        self._reader: Optional["asyncio.Future[None]"] = None
        self._readiers: List["asyncio.Future[None]"] = []
        self._error: Optional[RialtoError] = None
        self._member = Member(session.core.channels, channel, persistent, listens, ack, _User(self), handler is not None)
        session.core.channels.add(self._member)

    @property
    def state(self) -> str:
        """``pending``, ``active``, ``waiting`` (not online) or ``ended``."""
        return self._member.state

    async def ready(self) -> None:
        """Waits until it is active. ``Refused``: the server refused it."""
        if self._member.state == "ended":
            raise self._error or ending("asked")
        if self._member.state == "pending":
            future: "asyncio.Future[None]" = self._session.loop.create_future()
            self._readiers.append(future)
            try:
                await future
            finally:
                if future in self._readiers:
                    self._readiers.remove(future)

    def __await__(self) -> Generator[Any, None, "Subscription"]:
        yield from self.ready().__await__()
        return self

    async def unsubscribe(self) -> None:
        """Ends it at the server too."""
        await self._session.unsubscribe(self._member)

    def stop(self) -> None:
        """Ends it here only: for a persistent one the server stores on."""
        self._session.core.channels.stop(self._member)

    def __aiter__(self) -> "Iteration":
        return Iteration(self)

    async def __anext__(self) -> Message:
        if self._handler is not None:
            raise RuntimeError(f"the subscription to {self.channel} has a handler, which gets its messages")
        if self._reader is not None:
            raise RuntimeError(f"another task waits for a message of {self.channel}")
        if self._in_hand is not None:
            in_hand, self._in_hand = self._in_hand, None
            in_hand.handled()
        while True:
            message = self._begin()
            if message is not None:
                return message
            if self._member.state == "ended":
                if ended_by(self._error) and self._error is not None:
                    raise self._error
                raise StopAsyncIteration
            self._reader = self._session.loop.create_future()
            try:
                await self._reader
            finally:
                self._reader = None

    async def __aenter__(self) -> "Subscription":
        await self.ready()
        return self

    async def __aexit__(self, kind: Optional[Type[BaseException]], *_: object) -> None:
        self._leave()

    def _leave(self) -> None:
        """The message in hand stays unacknowledged (K-31)."""
        if self._in_hand is not None:
            in_hand, self._in_hand = self._in_hand, None
            in_hand.abandoned()
        channels = self._session.core.channels
        if self._member.persistent:
            channels.stop(self._member)
        elif self._member.state != "ended":
            channels.unsubscribe(self._member, lambda _: None)

    def _begin(self) -> Optional[Message]:
        in_hand = self._member.begin()
        while in_hand is not None:
            try:
                message = self._session.message(in_hand)
            except Exception as error:
                self._session.handler_failed(in_hand, None, error)
                in_hand = self._member.begin()
            else:
                self._in_hand = in_hand
                return message
        return None

    def _available(self) -> None:
        if self._handler is None:
            if self._reader is not None:
                settle(self._reader, None, None)
        elif self._running_count < self._parallel:
            in_hand = self._member.begin()
            if in_hand is not None:
                self._running_count += 1
                self._session.env.run(self._handle_all(self._handler, in_hand))

    def _became(self, state: str, error: Optional[RialtoError]) -> None:
        if state == "ended":
            self._error = error
            if self._reader is not None:
                settle(self._reader, None, None)
        readiers, self._readiers = self._readiers, []
        for future in readiers:
            settle(future, None, (error or ending("asked")) if state == "ended" else None)

    async def _handle_all(self, handler: Handler, first: InHand) -> None:
        count = 0
        in_hand: Optional[InHand] = first
        try:
            while in_hand is not None:
                waits = self._handle(handler, in_hand)
                if waits is not None:
                    await waits
                count += 1
                if count % _MESSAGES_WITHOUT_A_BREAK == 0:
                    await asyncio.sleep(0)
                in_hand = self._member.begin()
        finally:
            self._running_count -= 1

    def _handle(self, handler: Handler, in_hand: InHand) -> Optional[Coroutine[Any, Any, None]]:
        """Calls the handler, and returns what is left to wait for: a plain function's message costs no coroutine."""
        message: Optional[Message] = None
        try:
            message = self._session.message(in_hand)
            result = handler(message)
        except BaseException as error:
            self._has_failed(in_hand, message, error)
        else:
            if result is not None and hasattr(result, "__await__"):
                return self._wait_for(result, in_hand, message)
            in_hand.handled()
        return None

    async def _wait_for(self, result: Awaitable[Any], in_hand: InHand, message: Message) -> None:
        try:
            await result
        except BaseException as error:
            self._has_failed(in_hand, message, error)
        else:
            in_hand.handled()

    def _has_failed(self, in_hand: InHand, message: Optional[Message], error: BaseException) -> None:
        """A handler has failed, or is ended with all others, which goes on."""
        if isinstance(error, Exception):
            return self._session.handler_failed(in_hand, message, error)
        in_hand.dropped()
        raise error


class Iteration(AsyncIterator[Message]):
    """One loop over a subscription. When the loop is left, so is the subscription (K-26)."""

    def __init__(self, subscription: Subscription) -> None:
        self._subscription = subscription

    def __aiter__(self) -> "Iteration":
        return self

    async def __anext__(self) -> Message:
        return await self._subscription.__anext__()

    def __del__(self) -> None:
        # Python tells an iterator in no other way that its loop was left.
        loop = self._subscription._session.loop
        if not loop.is_closed():
            loop.call_soon_threadsafe(self._subscription._leave)


class _User:
    """Hears of a subscription's messages and states."""

    def __init__(self, subscription: Subscription) -> None:
        self._subscription = subscription

    def available(self) -> None:
        """There is a message to begin."""
        self._subscription._available()

    def became(self, state: str, error: Optional[RialtoError]) -> None:
        """It is ``active`` or has ``ended``."""
        self._subscription._became(state, error)
