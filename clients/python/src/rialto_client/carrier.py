"""Connections of asyncio: reading with pauses, writing in batches, an end that loses nothing."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import deque
from typing import Any, Callable, Coroutine, Deque, Iterator, List, Optional, cast

from .endpoint import Endpoint
from .environment import Clock, Listener, Timer
from .framing import FrameDecoder, FrameTooLarge
from .lookup import addresses_of

FRAME_BYTES_MAX = 64 * 1024 * 1024
"""The most bytes of one frame that are taken from the server."""
_BATCH_BYTES = 64 * 1024
_END_SECONDS = 2.0
_ABNORMAL = 1006


Run = Callable[[Coroutine[Any, Any, None]], "asyncio.Task[None]"]
"""Starts a task that ends with the client."""


class StreamCarrier(asyncio.Protocol):
    """A connection to ``endpoint``. Subclasses say how frames become bytes and back."""

    def __init__(self, loop: asyncio.AbstractEventLoop, clock: Clock, listener: Listener) -> None:
        self._loop = loop
        self._clock = clock
        self._listener: Optional[Listener] = listener
        self._transport: Optional[asyncio.Transport] = None
        self._connecting: Optional["asyncio.Task[None]"] = None
        self._has_opened = False
        self._is_paused = False
        self._received: Deque[bytes] = deque()
        self._frames: Optional[Iterator[bytes]] = None
        self._out: List[bytes] = []
        self._out_bytes = 0
        self._is_writable = True
        self._writers: List["asyncio.Future[None]"] = []
        self._done: List[Callable[[], None]] = []
        self._end_timer: Optional[Timer] = None
        self._is_gone = False

    def connect(self, run: Run, endpoint: Endpoint, tls: Optional[ssl.SSLContext]) -> None:
        """Begins to connect, in a task that ``run`` starts."""
        self._connecting = run(self._connect(endpoint, tls))

    # What subclasses say.

    def _begin(self) -> None:
        """The stream is there."""
        self._open()

    def _join(self, frames: List[bytes]) -> bytes:
        raise NotImplementedError

    def _split(self, received: bytes) -> Iterator[bytes]:
        raise NotImplementedError

    def _say_goodbye(self) -> None:
        """The connection is about to be ended."""

    def _close_code(self) -> int:
        return _ABNORMAL

    def _close_text(self) -> str:
        return ""

    # What the core asks.

    def send(self, frame: bytes) -> None:
        """Sends a frame together with others of this turn of the loop."""
        if not self._out:
            self._loop.call_soon(self._flush)
        self._out.append(frame)
        self._out_bytes += len(frame)
        if self._out_bytes > _BATCH_BYTES:
            self._flush()

    def pause(self) -> None:
        """Delivers no more frames, and stops reading."""
        self._is_paused = True
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()

    def resume(self) -> None:
        """Delivers frames again."""
        self._is_paused = False
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()
        self._loop.call_soon(self._deliver)

    def abort(self) -> None:
        """Ends it at once."""
        self._listener = None
        self._out.clear()
        if self._connecting is not None:
            self._connecting.cancel()
        if self._transport is not None:
            self._transport.abort()
        self._release_writers()

    def end(self, done: Callable[[], None]) -> None:
        """Sends what is waiting and ends the connection, in 2 seconds at most."""
        if self._is_gone or self._transport is None:
            self.abort()
            return done()
        self._listener = None
        self._say_goodbye()
        self._flush()
        self._received.clear()
        # What still comes is read and thrown away: unread, it would reset the connection, and what was sent be lost.
        self.resume()
        self._done.append(done)
        self._end_timer = self._clock.set(_END_SECONDS, self._transport.abort)
        if self._transport.can_write_eof():
            self._transport.write_eof()
        else:
            # TLS says goodbye, and would wait for the server's before the connection ends.
            self._transport.close()
            self._loop.call_soon(self._shut_down)

    def _shut_down(self) -> None:
        stream = self._transport.get_extra_info("socket") if self._transport is not None and self._is_writable else None
        if stream is not None and not self._is_gone:
            try:
                stream.shutdown(socket.SHUT_WR)
            except OSError:
                # It is gone already.
                pass

    @property
    def is_writable(self) -> bool:
        """Whether what is sent leaves soon; otherwise it piles up."""
        return self._is_writable

    @property
    def unsent_bytes(self) -> int:
        """How much of what was sent has not left."""
        written = self._transport.get_write_buffer_size() if self._transport is not None else 0
        return self._out_bytes + written

    def writable(self) -> "asyncio.Future[None]":
        """Returns what is done when it is writable, or over."""
        future: "asyncio.Future[None]" = self._loop.create_future()
        self._writers.append(future)
        return future

    # What asyncio tells.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The stream is there."""
        self._transport = cast(asyncio.Transport, transport)
        if self._listener is None:
            self._transport.abort()
        else:
            self._begin()

    def data_received(self, data: bytes) -> None:
        """Bytes came, some even after reading was paused."""
        if self._listener is not None:
            self._received.append(data)
            self._deliver()

    def pause_writing(self) -> None:
        """What was written does not leave."""
        self._is_writable = False

    def resume_writing(self) -> None:
        """It has left."""
        self._release_writers()

    def connection_lost(self, exc: Optional[Exception]) -> None:
        """The connection is over."""
        self._is_gone = True
        if self._end_timer is not None:
            self._end_timer.cancel()
        self._over(self._close_code() if self._has_opened else None, self._close_text() or str(exc or ""))
        done, self._done = self._done, []
        for act in done:
            act()

    async def _connect(self, endpoint: Endpoint, tls: Optional[ssl.SSLContext]) -> None:
        name = endpoint.host if tls is not None else None
        error: Exception = OSError("the host has no address")
        try:
            for address in await addresses_of(endpoint.host, endpoint.port):
                try:
                    # Without `happy_eyeballs_delay`: cancelled at the wrong moment it leaves a socket open (Python 3.11).
                    await self._loop.create_connection(lambda: self, address, endpoint.port, ssl=tls, server_hostname=name)
                    return
                except (OSError, ValueError) as failure:
                    error = failure
        except (OSError, ValueError) as failure:
            error = failure
        self._over(None, f"{endpoint.host}:{endpoint.port}: {error}")

    def _open(self) -> None:
        self._has_opened = True
        if self._listener is not None:
            self._listener.opened()

    def _deliver(self) -> None:
        try:
            while not self._is_paused and self._listener is not None:
                if self._frames is None:
                    if not self._received:
                        return
                    self._frames = self._split(self._received.popleft())
                self._deliver_some(self._frames)
        except FrameTooLarge as error:
            self._fail(str(error))

    def _deliver_some(self, frames: Iterator[bytes]) -> None:
        for frame in frames:
            if self._listener is not None:
                self._listener.frame(frame)
            if self._is_paused or self._listener is None:
                return
        self._frames = None

    def _fail(self, text: str) -> None:
        """The server does not keep to the rules."""
        self._over(self._close_code() if self._has_opened else None, text)
        self.abort()

    def _flush(self) -> None:
        if self._out and self._transport is not None and not self._transport.is_closing():
            self._transport.write(self._join(self._out))
        self._out.clear()
        self._out_bytes = 0

    def _over(self, code: Optional[int], text: str) -> None:
        self._release_writers()
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.closed(code, text)

    def _release_writers(self) -> None:
        self._is_writable = True
        writers, self._writers = self._writers, []
        for future in writers:
            if not future.done():
                future.set_result(None)


class SocketCarrier(StreamCarrier):
    """Frames on a socket, plain or TLS: each ends with a NUL (J-1)."""

    def __init__(self, loop: asyncio.AbstractEventLoop, clock: Clock, listener: Listener) -> None:
        super().__init__(loop, clock, listener)
        self._decoder = FrameDecoder(FRAME_BYTES_MAX)

    def _join(self, frames: List[bytes]) -> bytes:
        return b"\0".join(frames) + b"\0"

    def _split(self, received: bytes) -> Iterator[bytes]:
        return self._decoder.feed(received)
