"""CoreMQ for asyncio: calls that are awaited, and messages by iterating."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from typing import Any, AsyncIterator, Deque, Dict, Generator, List, Optional, Tuple, Union

from ..backoff import Backoff
from .frames import PORT, ConnectionClosed, Frame, FrameReader, ProtocolError, Welcome, checked_queues, construct_message, is_answer

_READ_BYTES = 64 * 1024
_INBOX_COUNT_MAX = 1_000
_CONNECT_SECONDS = 10.0


class AsyncMessageQueue(AsyncIterator[Tuple[str, Dict[str, Any]]]):
    """A connection to a CoreMQ server that is made again after each loss, with its subscriptions and options.

    Use it as ``async with coremq.connect("host") as mq``. While 1,000 messages wait it reads no more.
    """

    def __init__(self, server: str, port: int) -> None:
        self.server = server
        self.port = port
        self.connection_id: Optional[str] = None
        self.welcome_message: Optional[Welcome] = None
        self.subscriptions: List[str] = []
        self.options: Dict[str, Any] = {}
        self._task: Optional["asyncio.Task[None]"] = None
        self._writer: Optional[asyncio.StreamWriter] = None
        self._answers: Deque["asyncio.Future[Frame]"] = deque()
        self._inbox: Deque[Frame] = deque()
        # Made where they are used: before Python 3.10 they belong to the loop of that moment.
        self._changed: asyncio.Event
        self._has_room: asyncio.Event
        self._welcomed: "asyncio.Future[None]"

    def __repr__(self) -> str:
        return f"<AsyncMessageQueue {self.server}:{self.port} {self.connection_id}>"

    def __await__(self) -> Generator[Any, None, "AsyncMessageQueue"]:
        return self._begin().__await__()

    async def __aenter__(self) -> "AsyncMessageQueue":
        return await self._begin()

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def __aiter__(self) -> "AsyncMessageQueue":
        return self

    async def __anext__(self) -> Frame:
        while not self._inbox:
            if self._task is None:
                raise StopAsyncIteration
            self._changed.clear()
            await self._changed.wait()
        frame = self._inbox.popleft()
        self._has_room.set()
        return frame

    async def send_message(self, queue: str, message: Union[str, Dict[str, Any]]) -> Frame:
        """Sends a message or request, and returns the server's answer to it.

        ``ConnectionClosed``: there is no connection, or it was lost before the answer.
        """
        frame = construct_message(queue, message)
        if self._writer is None:
            raise ConnectionClosed("not connected")
        answer: "asyncio.Future[Frame]" = asyncio.get_running_loop().create_future()
        self._answers.append(answer)
        self._has_room.set()
        self._writer.write(frame)
        return await answer

    async def get_history(self, *queues: Any) -> Dict[str, List[Dict[str, Any]]]:
        """Returns the last messages of queues, of those subscribed to if none is named."""
        _, answer = await self._request("coremq_gethistory", checked_queues(queues, self.subscriptions))
        history: Dict[str, List[Dict[str, Any]]] = answer.get("history", {})
        return history

    async def subscribe(self, *queues: Any) -> Frame:
        """Subscribes to queues."""
        names = checked_queues(queues)
        self.subscriptions += [name for name in names if name not in self.subscriptions]
        return await self._request("coremq_subscribe", names)

    async def unsubscribe(self, *queues: Any) -> Frame:
        """Unsubscribes from queues."""
        names = checked_queues(queues)
        self.subscriptions = [name for name in self.subscriptions if name not in names]
        return await self._request("coremq_unsubscribe", names)

    async def set_options(self, **options: Any) -> Frame:
        """Sets options of the connection; ``None`` removes one."""
        self.options.update(options)
        self.options = {name: value for name, value in self.options.items() if value is not None}
        return await self._request("coremq_options", options)

    async def close(self) -> None:
        """Ends the connection. Calls that wait fail, and an iteration is over."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        self._changed.set()

    async def _request(self, name: str, value: Any) -> Frame:
        return await self.send_message(self.connection_id or "-", {name: value})

    async def _begin(self) -> "AsyncMessageQueue":
        if self._task is None:
            self._changed, self._has_room = asyncio.Event(), asyncio.Event()
            self._welcomed = asyncio.get_running_loop().create_future()
            reader = await self._open()
            self._task = asyncio.ensure_future(self._run(reader))
            await asyncio.wait_for(self._welcomed, _CONNECT_SECONDS)
        return self

    async def _open(self) -> asyncio.StreamReader:
        reader, writer = await asyncio.wait_for(asyncio.open_connection(self.server, self.port), _CONNECT_SECONDS)
        self._writer = writer
        return reader

    async def _run(self, first: asyncio.StreamReader) -> None:
        backoff = Backoff(random.random)
        loop = asyncio.get_running_loop()
        reader: Optional[asyncio.StreamReader] = first
        while True:
            begun = loop.time()
            try:
                await self._serve(reader or await self._open())
            except (OSError, asyncio.TimeoutError, ConnectionClosed, ProtocolError):
                pass
            finally:
                await self._lost()
            reader = None
            backoff.connection_ended(loop.time() - begun)
            await asyncio.sleep(backoff.next_wait("lost"))

    async def _serve(self, reader: asyncio.StreamReader) -> None:
        frames = FrameReader()
        self.connection_id = None
        while True:
            received = await reader.read(_READ_BYTES)
            if not received:
                raise ConnectionClosed("the server closed the connection")
            for frame in frames.feed(received):
                if self.connection_id is None:
                    self._welcome(frame)
                elif is_answer(self.connection_id, frame):
                    if self._answers and not self._answers[0].done():
                        self._answers[0].set_result(frame)
                    if self._answers:
                        self._answers.popleft()
                else:
                    self._inbox.append(frame)
                    self._changed.set()
            while len(self._inbox) >= _INBOX_COUNT_MAX and not self._answers:
                self._has_room.clear()
                await self._has_room.wait()

    def _welcome(self, frame: Frame) -> None:
        self.connection_id, self.welcome_message = frame[0], Welcome(frame[1])
        if not self._welcomed.done():
            self._welcomed.set_result(None)
        for name, value in (("coremq_subscribe", self.subscriptions), ("coremq_options", self.options)):
            if value and self._writer is not None:
                ignored: "asyncio.Future[Frame]" = asyncio.get_running_loop().create_future()
                self._answers.append(ignored)
                self._writer.write(construct_message(frame[0], {name: value}))

    async def _lost(self) -> None:
        writer, self._writer = self._writer, None
        answers, self._answers = self._answers, deque()
        for answer in answers:
            if not answer.done():
                answer.set_exception(ConnectionClosed("the connection was lost before the answer came"))
                # Nobody has to look at it.
                answer.exception()
        if writer is not None:
            writer.close()
            try:
                await writer.wait_closed()
            except OSError:
                pass


def connect(server: str, port: int = PORT) -> AsyncMessageQueue:
    """Returns a connection to be awaited, or entered with ``async with``."""
    return AsyncMessageQueue(server, port)
