"""A client's side of RFC 6455, without input or output: handshake and frames; no extensions, text messages only."""

from __future__ import annotations

import base64
import hashlib
import os
from typing import Iterator, List, NamedTuple, Optional, Tuple

TEXT = 1
CLOSE = 8
PING = 9
PONG = 10

_CONTINUATION = 0
_BINARY = 2
_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_HEAD_BYTES_MAX = 16 * 1024
_CONTROL_BYTES_MAX = 125


class WebSocketError(Exception):
    """The server does not keep to the protocol; ``code`` is what it is told."""

    def __init__(self, text: str, code: int = 1002) -> None:
        super().__init__(text)
        self.code = code


class Message(NamedTuple):
    """A whole message: ``TEXT``, ``CLOSE``, ``PING`` or ``PONG``, and its bytes."""

    opcode: int
    body: bytes


class Handshake:
    """The opening of one WebSocket."""

    def __init__(self, host: str, port: int, target: str) -> None:
        self._key = base64.b64encode(os.urandom(16)).decode()
        self._read = bytearray()
        name = f"[{host}]" if ":" in host else host
        self.request = (
            f"GET {target} HTTP/1.1\r\nHost: {name}:{port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {self._key}\r\n\r\n"
        ).encode()

    def feed(self, received: bytes) -> Optional[bytes]:
        """Returns what follows the server's answer, once it is there and accepts. ``WebSocketError``: it does not."""
        self._read += received
        end = self._read.find(b"\r\n\r\n")
        if end < 0:
            if len(self._read) > _HEAD_BYTES_MAX:
                raise WebSocketError("the answer to the WebSocket's opening is too long")
            return None
        self._check(self._read[:end].decode("latin-1"))
        return bytes(self._read[end + 4 :])

    def _check(self, head: str) -> None:
        first, *lines = head.split("\r\n")
        if first.split(" ")[1:2] != ["101"]:
            raise WebSocketError(f"not a WebSocket: {first}")
        headers = {}
        for line in lines:
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        accept = base64.b64encode(hashlib.sha1((self._key + _GUID).encode()).digest()).decode()
        if headers.get("upgrade", "").lower() != "websocket" or headers.get("sec-websocket-accept") != accept:
            raise WebSocketError("not a WebSocket: the server's answer does not fit the request")


def encode(opcode: int, body: bytes) -> bytes:
    """Returns a whole message in one masked frame."""
    size = len(body)
    if size <= 125:
        head = bytes((0x80 | opcode, 0x80 | size))
    elif size <= 0xFFFF:
        head = bytes((0x80 | opcode, 0x80 | 126)) + size.to_bytes(2, "big")
    else:
        head = bytes((0x80 | opcode, 0x80 | 127)) + size.to_bytes(8, "big")
    mask = os.urandom(4)
    return head + mask + _masked(body, mask)


def encode_close(code: int) -> bytes:
    """Returns a frame that closes the WebSocket."""
    return encode(CLOSE, code.to_bytes(2, "big"))


def read_close(body: bytes) -> Tuple[int, str]:
    """Returns code and text of a close frame; 1005 if it has none."""
    return (int.from_bytes(body[:2], "big"), body[2:].decode("utf-8", "replace")) if len(body) >= 2 else (1005, "")


def _masked(body: bytes, mask: bytes) -> bytes:
    # As whole integers: a loop over the bytes takes a hundred times as long.
    size = len(body)
    key = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(body, "little") ^ int.from_bytes(key, "little")).to_bytes(size, "little")


class MessageDecoder:
    """Puts messages together from what the server sends, however the transport and the server cut them.

    ``limit`` is the most bytes of one message that are kept.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._read = bytearray()
        self._at = 0
        self._parts: List[bytes] = []
        self._size = 0

    def feed(self, received: bytes) -> Iterator[Message]:
        """Yields the messages that ``received`` completes. All of them must be taken."""
        self._read += received
        while True:
            frame = self._next_frame()
            if frame is None:
                break
            message = self._take(*frame)
            if message is not None:
                yield message
        del self._read[: self._at]
        self._at = 0

    def _next_frame(self) -> Optional[Tuple[bool, int, bytes]]:
        read, at = self._read, self._at
        if len(read) - at < 2:
            return None
        first, second = read[at], read[at + 1]
        if first & 0x70 or second & 0x80:
            raise WebSocketError("a frame of the server is masked, or uses an extension")
        size, begin = second, at + 2
        if size >= 126:
            width = 2 if size == 126 else 8
            if len(read) - begin < width:
                return None
            size = int.from_bytes(read[begin : begin + width], "big")
            begin += width
        if size > self._limit:
            raise WebSocketError(f"a frame is longer than {self._limit} bytes", 1009)
        if len(read) - begin < size:
            return None
        self._at = begin + size
        return bool(first & 0x80), first & 0x0F, bytes(read[begin : begin + size])

    def _take(self, is_last: bool, opcode: int, body: bytes) -> Optional[Message]:
        if opcode in (CLOSE, PING, PONG):
            if not is_last or len(body) > _CONTROL_BYTES_MAX:
                raise WebSocketError("a control frame is in parts, or too long")
            return Message(opcode, body)
        if opcode == _BINARY:
            raise WebSocketError("a binary message", 1003)
        if opcode not in (TEXT, _CONTINUATION) or (opcode == _CONTINUATION) != bool(self._parts):
            raise WebSocketError("a frame is out of place")
        self._size += len(body)
        if self._size > self._limit:
            raise WebSocketError(f"a message is longer than {self._limit} bytes", 1009)
        self._parts.append(body)
        if not is_last:
            return None
        whole = b"".join(self._parts)
        self._parts, self._size = [], 0
        return Message(TEXT, whole)
