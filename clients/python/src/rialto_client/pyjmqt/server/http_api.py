"""Calls of the broker's HTTP API, over connections that are kept."""

from __future__ import annotations

import asyncio
import json
from typing import Any, List, Optional, Tuple

_Stream = Tuple[asyncio.StreamReader, asyncio.StreamWriter]
_IDLE_COUNT_MAX = 16


class ApiError(Exception):
    """The broker did not do what it was asked; ``status`` is that of HTTP."""

    def __init__(self, text: str, status: int) -> None:
        super().__init__(text)
        self.status = status


class HttpApi:
    """Asks the broker on ``port`` of loopback, with a key. A call that is cancelled ends its connection."""

    def __init__(self, key: str) -> None:
        self.port = 0
        self._key = key
        self._idle: List[_Stream] = []

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        """Returns what a call answers, ``None`` if nothing. ``ApiError``: it was refused; ``OSError``: the broker is not there."""
        content = b"" if body is None else json.dumps(body, allow_nan=False).encode()
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {self._key}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
        )
        status, said = await self._exchange(head.encode() + content)
        answer = json.loads(said) if said else None
        if status >= 400:
            detail = answer.get("detail", "") if isinstance(answer, dict) else ""
            raise ApiError(f"{method} {path} was answered with {status}: {detail}", status)
        return answer

    def close(self) -> None:
        """Closes the connections that are kept."""
        while self._idle:
            self._idle.pop()[1].close()

    async def _exchange(self, request: bytes) -> Tuple[int, bytes]:
        while self._idle:
            stream = self._idle.pop()
            try:
                return await self._over(stream, request)
            except (asyncio.IncompleteReadError, ConnectionError) as error:
                # The broker closed it while it was not used, and has not seen the request.
                if getattr(error, "partial", b""):
                    raise ConnectionResetError("the broker's answer was cut off") from error
        stream = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            return await self._over(stream, request)
        except asyncio.IncompleteReadError as error:
            raise ConnectionResetError("the broker closed the connection") from error

    async def _over(self, stream: _Stream, request: bytes) -> Tuple[int, bytes]:
        reader, writer = stream
        is_whole = False
        try:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            status, length = int(head.split(b" ", 2)[1]), _length(head)
            said = await reader.readexactly(length)
            is_whole = True
        finally:
            if is_whole and len(self._idle) < _IDLE_COUNT_MAX:
                self._idle.append(stream)
            else:
                writer.close()
        return status, said


def _length(head: bytes) -> int:
    """Returns how long a body is; the API says so wherever there is one."""
    fields = (line.partition(b":") for line in head.split(b"\r\n"))
    length: Optional[bytes] = next((value for name, _, value in fields if name.lower() == b"content-length"), None)
    return int(length or 0)
