"""The listener on loopback that the broker asks: signed requests of HTTP/1.1, one after the other on each connection."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import socket
import time
from collections import OrderedDict
from typing import Any, Awaitable, Callable, Dict, Mapping, Optional, Set

Ask = Callable[[Mapping[str, Any]], Awaitable[Optional[bytes]]]

_HEAD_BYTES_MAX = 16 * 1024
_BODY_BYTES_MAX = 64 * 1024 * 1024
_CLOCK_DIFFERENCE_MAX_S = 300
# Notifications that are known to have been dealt with: the broker repeats one whose answer it did not get.
_KNOWN_COUNT_MAX = 10_000
_BACKLOG_COUNT = 1024


class Webhook:
    """Takes requests that are signed with ``secret``, and answers what ``ask`` returns. It is bound when it is made."""

    def __init__(self, loop: asyncio.AbstractEventLoop, secret: str, ask: Ask) -> None:
        self.loop = loop
        self.ask = ask
        self.connections: Set[Connection] = set()
        self._secret = secret.encode()
        self._tasks: Set["asyncio.Task[Optional[bytes]]"] = set()
        self._notifications: "OrderedDict[str, asyncio.Task[Optional[bytes]]]" = OrderedDict()
        self._server: Optional[asyncio.AbstractServer] = None
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self._socket.listen(_BACKLOG_COUNT)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/"

    async def serve(self) -> None:
        """Begins to take requests; those that came before have waited."""
        self._server = await self.loop.create_server(lambda: Connection(self), sock=self._socket, backlog=_BACKLOG_COUNT)

    async def close(self, patience_s: float) -> None:
        """Waits so long for callbacks that still run, cancels them, and closes everything."""
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=patience_s)
        for task in set(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=patience_s)
        self.abandon()

    def abandon(self) -> None:
        """Closes everything at once."""
        if self._server is not None:
            self._server.close()
        self._socket.close()
        for connection in list(self.connections):
            connection.close()

    def is_signed(self, timestamp: bytes, signature: bytes, body: bytes) -> bool:
        """Whether the broker sent this, just now."""
        if not timestamp.isdigit() or abs(time.time() - int(timestamp)) > _CLOCK_DIFFERENCE_MAX_S:
            return False
        digest = hmac.new(self._secret, timestamp + b"." + body, hashlib.sha256).hexdigest()
        return hmac.compare_digest(signature, b"sha256=" + digest.encode())

    def begin(self, event: Mapping[str, Any]) -> "asyncio.Task[Optional[bytes]]":
        """Starts to deal with an event; a notification that comes again is dealt with once."""
        is_notification = event["event"] in ("disconnect", "close")
        known = self._notifications.get(event["id"]) if is_notification else None
        if known is not None:
            return known
        task: "asyncio.Task[Optional[bytes]]" = self.loop.create_task(_asked(self.ask, event))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        if is_notification:
            self._notifications[event["id"]] = task
            if len(self._notifications) > _KNOWN_COUNT_MAX:
                self._notifications.popitem(last=False)
        return task


async def _asked(ask: Ask, event: Mapping[str, Any]) -> Optional[bytes]:
    return await ask(event)


class Connection(asyncio.Protocol):
    """One connection of the broker."""

    def __init__(self, webhook: Webhook) -> None:
        self._webhook = webhook
        self._received = bytearray()
        self._transport: Optional[asyncio.Transport] = None
        self._task: Optional["asyncio.Task[Optional[bytes]]"] = None
        self._is_decision = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._webhook.connections.add(self)

    def data_received(self, data: bytes) -> None:
        self._received += data
        if self._task is None:
            self._take()

    def connection_lost(self, error: Optional[Exception]) -> None:
        self._webhook.connections.discard(self)
        self._transport = None
        # The broker has refused for itself what took too long. A notification it will repeat, so that goes on.
        if self._task is not None and self._is_decision:
            self._task.cancel()

    def close(self) -> None:
        """Ends it."""
        if self._transport is not None:
            self._transport.close()

    def _take(self) -> None:
        """Takes the next request, if it is complete."""
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            if len(self._received) > _HEAD_BYTES_MAX:
                self._refuse(b"431 Request Header Fields Too Large")
            return
        headers = _headers(bytes(self._received[:end]))
        length = headers.get(b"content-length", b"")
        if not length.isdigit() or int(length) > _BODY_BYTES_MAX:
            self._refuse(b"413 Content Too Large")
            return
        start, stop = end + 4, end + 4 + int(length)
        if len(self._received) < stop:
            return
        body = bytes(self._received[start:stop])
        del self._received[:stop]
        if not self._webhook.is_signed(headers.get(b"rialto-timestamp", b""), headers.get(b"rialto-signature", b""), body):
            self._refuse(b"401 Unauthorized")
            return
        event = json.loads(body)
        self._is_decision = event["event"] not in ("disconnect", "close")
        self._task = self._webhook.begin(event)
        self._task.add_done_callback(self._answer)

    def _answer(self, task: "asyncio.Task[Optional[bytes]]") -> None:
        self._task = None
        # A Ctrl-C that comes while a callback runs ends its task, and must not be raised a second time while the server stops.
        if task.cancelled() or task.exception() is not None or self._transport is None:
            self.close()
            return
        answer = task.result()
        if answer is None:
            self._transport.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        else:
            head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(answer)
            self._transport.write(head + answer)
        if self._received:
            self._take()

    def _refuse(self, status: bytes) -> None:
        if self._transport is not None:
            self._transport.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            self._transport.close()
        self._received.clear()


def _headers(head: bytes) -> Dict[bytes, bytes]:
    lines = (line.partition(b":") for line in head.split(b"\r\n")[1:])
    return {name.lower(): value.strip() for name, _, value in lines}
