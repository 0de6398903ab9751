"""Frames as text messages of a WebSocket (J-4)."""

from __future__ import annotations

import asyncio
from typing import Iterator, List, Optional

from . import websocket
from .carrier import FRAME_BYTES_MAX, StreamCarrier
from .endpoint import Endpoint
from .environment import Clock, Listener

_NO_CODE = 1005


class WebSocketCarrier(StreamCarrier):
    """A WebSocket, plain or TLS."""

    def __init__(self, loop: asyncio.AbstractEventLoop, clock: Clock, listener: Listener, endpoint: Endpoint) -> None:
        super().__init__(loop, clock, listener)
        self._handshake: Optional[websocket.Handshake] = websocket.Handshake(endpoint.host, endpoint.port, endpoint.target)
        self._decoder = websocket.MessageDecoder(FRAME_BYTES_MAX)
        self._closed_by_server = (super()._close_code(), "")
        self._has_said_goodbye = False

    def _begin(self) -> None:
        if self._transport is not None and self._handshake is not None:
            self._transport.write(self._handshake.request)

    def _join(self, frames: List[bytes]) -> bytes:
        return b"".join(websocket.encode(websocket.TEXT, frame) for frame in frames)

    def _split(self, received: bytes) -> Iterator[bytes]:
        try:
            if self._handshake is not None:
                rest = self._handshake.feed(received)
                if rest is None:
                    return
                self._handshake = None
                self._open()
                received = rest
            for opcode, body in self._decoder.feed(received):
                if opcode == websocket.TEXT:
                    yield body
                elif opcode == websocket.PING:
                    self._write(websocket.encode(websocket.PONG, body))
                elif opcode == websocket.CLOSE:
                    self._closed_by_server = websocket.read_close(body)
                    self._say_goodbye()
                    if self._transport is not None:
                        self._transport.close()
        except websocket.WebSocketError as error:
            self._write(websocket.encode_close(error.code))
            self._fail(str(error))

    def _say_goodbye(self) -> None:
        if self._has_opened and not self._has_said_goodbye:
            self._has_said_goodbye = True
            self._flush()
            code = self._closed_by_server[0]
            self._write(websocket.encode_close(code if 1000 <= code < _NO_CODE or code > 1006 else 1000))

    def _close_code(self) -> int:
        return self._closed_by_server[0]

    def _close_text(self) -> str:
        return self._closed_by_server[1]

    def _write(self, bytes_: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(bytes_)
