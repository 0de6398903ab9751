"""An asyncio client over TCP."""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from typing import Any, Awaitable, Callable, Dict, Mapping, Optional

from .backoff import Backoff
from .framing import FrameDecoder, FrameTooLarge, decode, encode
from .outbox import Outbox

Handler = Callable[[Any], Awaitable[None]]
_LARGEST_FRAME = 16 * 1024 * 1024
_ATTEMPT_SECONDS = 10.0


class ClientError(Exception):
    """A call failed. ``status`` is the server's, or 9 without a connection."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"{text} (status {status})")
        self.status = status


class Client:
    """One JMQT session that is opened again after a loss; use it as ``async with Client(…) as client``."""

    def __init__(self, host: str, port: int, auth: Mapping[str, Any]) -> None:
        self._host, self._port, self._auth = host, port, auth
        self._outbox = Outbox()
        self._calls: Dict[str, "asyncio.Future[None]"] = {}
        self._subs: Dict[str, "asyncio.Future[None]"] = {}
        self._handlers: Dict[str, Handler] = {}
        self._writer: Optional[asyncio.StreamWriter] = None
        self._task: Optional["asyncio.Task[None]"] = None

    async def __aenter__(self) -> "Client":
        first: "asyncio.Future[None]" = asyncio.get_running_loop().create_future()
        self._task = asyncio.ensure_future(self._run(first))
        try:
            await first
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def publish(self, channel: str, data: Any) -> None:
        """Publishes at QoS 1 and returns when the broker has answered, over as many connections as that takes."""
        id = uuid.uuid4().hex
        frame = encode("pub", {"cn": channel, "dt": data, "q": 1, "id": id})
        if self._task is None or not self._outbox.has_room(len(frame)):
            raise ClientError(9, "the client is closed, or its outbox is full")
        self._outbox.keep(id, frame)
        answer = self._calls[id] = asyncio.get_running_loop().create_future()
        self._flush()
        try:
            await answer
        finally:
            self._calls.pop(id, None)
            self._outbox.withdraw(id)

    async def subscribe(self, channel: str, handler: Handler) -> None:
        """Subscribes; ``handler`` gets each message's data, which is acknowledged when it has returned."""
        if self._writer is None or channel in self._handlers:
            raise ClientError(9, "not online, or subscribed already")
        self._handlers[channel] = handler
        answer = self._subs[channel] = asyncio.get_running_loop().create_future()
        self._send(encode("sub", {"cn": channel}))
        try:
            await answer
        except BaseException:
            self._handlers.pop(channel, None)
            raise
        finally:
            self._subs.pop(channel, None)

    async def close(self) -> None:
        """Ends the session; calls that wait fail with status 9."""
        task, self._task = self._task, None
        if self._writer is not None:
            self._send(encode("disconn", {}))
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        for call in [*self._calls.values(), *self._subs.values()]:
            if not call.done():
                call.set_exception(ClientError(9, "the client was closed"))

    async def _run(self, first: "asyncio.Future[None]") -> None:
        backoff = Backoff(random.random)
        while True:
            started = time.monotonic()
            try:
                await self._connection(first)
            except (OSError, asyncio.TimeoutError, asyncio.IncompleteReadError, FrameTooLarge, ClientError) as error:
                if not first.done():
                    first.set_exception(error)
                    return
            backoff.connection_ended(time.monotonic() - started)
            await asyncio.sleep(backoff.next_wait("lost"))

    async def _connection(self, first: "asyncio.Future[None]") -> None:
        reader, writer = await asyncio.wait_for(asyncio.open_connection(self._host, self._port), _ATTEMPT_SECONDS)
        heartbeat: Optional["asyncio.Task[None]"] = None
        try:
            decoder = FrameDecoder(_LARGEST_FRAME)
            writer.write(encode("auth", {"dt": dict(self._auth)}) + b"\0")
            silence = _ATTEMPT_SECONDS
            while True:
                received = await asyncio.wait_for(reader.read(65536), silence)
                if not received:
                    raise ConnectionResetError("the server closed the connection")
                for root, body in filter(None, map(decode, decoder.feed(received))):
                    if root == "authAck":
                        _expect(body)
                        writer.write(encode("conn", {"cl": body["cl"], "at": body["at"]}) + b"\0")
                    elif root == "connAck":
                        _expect(body)
                        seconds = max(float(body.get("ts", 15)), 1.0)
                        silence = 2 * seconds
                        heartbeat = asyncio.ensure_future(self._heartbeat(seconds / 3))
                        self._writer = writer
                        self._online()
                        if not first.done():
                            first.set_result(None)
                    else:
                        await self._packet(root, body)
        finally:
            self._writer = None
            self._outbox.connection_ended()
            if heartbeat is not None:
                heartbeat.cancel()
            writer.close()

    def _online(self) -> None:
        for channel in self._handlers:
            self._send(encode("sub", {"cn": channel}))
        self._flush()

    async def _heartbeat(self, every: float) -> None:
        while True:
            await asyncio.sleep(every)
            self._send(encode("hb", {}))

    async def _packet(self, root: str, body: Mapping[str, Any]) -> None:
        if root == "pubAck" and self._outbox.answered(str(body.get("id"))):
            _answer(self._calls.get(str(body.get("id"))), body)
            self._flush()
        elif root == "subAck":
            _answer(self._subs.get(str(body.get("cn"))), body)
        elif root == "push" and body.get("cn") in self._handlers:
            await self._handlers[body["cn"]](body.get("dt"))
            if "id" in body:
                self._send(encode("pushAck", {"id": body["id"]}))

    def _flush(self) -> None:
        if self._writer is not None:
            for frame in self._outbox.take():
                self._send(frame)

    def _send(self, frame: bytes) -> None:
        if self._writer is not None:
            self._writer.write(frame + b"\0")


def _expect(body: Mapping[str, Any]) -> None:
    if body.get("st") != 1:
        raise ClientError(int(body.get("st", 0)), str(body.get("mg", "refused")))


def _answer(call: Optional["asyncio.Future[None]"], body: Mapping[str, Any]) -> None:
    if call is None or call.done():
        return
    try:
        _expect(body)
    except ClientError as error:
        call.set_exception(error)
    else:
        call.set_result(None)
