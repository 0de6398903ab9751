"""Frames of CoreMQ: ``+``, a length, a blank, a queue, a blank and a JSON object (C-1, C-2), without input or output."""

from __future__ import annotations

import json
from typing import Any, Dict, Iterable, Iterator, List, Tuple, Union

PORT = 6747
Frame = Tuple[str, Dict[str, Any]]
"""A queue and an object."""

_LENGTH_DIGITS_MAX = 8
_BYTES_MAX = 99_999_999
_ANSWERS = frozenset(("response", "history", "error", "master"))


class ConnectionClosed(Exception):
    """The connection is over."""


class ProtocolError(Exception):
    """What came is no frame."""


class Welcome(Dict[str, Any]):
    """What the server says first: a dict whose ``str`` is its text."""

    def __str__(self) -> str:
        return str(self.get("response", ""))


def construct_message(queue: str, message: Union[str, Dict[str, Any]]) -> bytes:
    """Returns the frame of a message; a text is an object with ``coremq_string``. ``ValueError``: it cannot be one."""
    if not isinstance(queue, str):
        raise ValueError(f"Queue name must be a string, not {queue!r}")
    if not queue:
        raise ValueError("Queue name must be at least one character in length")
    if " " in queue:
        raise ValueError("Queue name must not contain spaces")
    if isinstance(message, str):
        message = {"coremq_string": message}
    if not isinstance(message, dict):
        raise ValueError("Messages should be either a dictionary or a string")
    # ASCII, so that it has as many characters as bytes (C-6); the queue's name is counted in characters (C-2).
    body = json.dumps(message).encode("ascii")
    if len(body) > _BYTES_MAX:
        raise ValueError("Message cannot be 100MB or larger")
    return f"+{len(queue) + 1 + len(body)} {queue} ".encode("utf-8") + body


def checked_queues(queues: Iterable[Any], default: Iterable[str] = ()) -> List[str]:
    """Returns names of queues, given one by one or as a list. ``ValueError``: there is none."""
    names: List[str] = []
    for queue in queues:
        names += [queue] if isinstance(queue, str) else queue
    names = names or list(default)
    if not names:
        raise ValueError("Must pass at least one queue name")
    return names


def is_answer(own_id: str, frame: Frame) -> bool:
    """Whether a frame is the answer to a request or message, and not a message to the own queue (C-11, C-27)."""
    queue, message = frame
    return queue == own_id and "coremq_sender" not in message and not _ANSWERS.isdisjoint(message)


class FrameReader:
    """Cuts a stream of bytes into frames, however the transport cut it."""

    def __init__(self) -> None:
        self._read = bytearray()

    def feed(self, received: bytes) -> Iterator[Frame]:
        """Yields the frames that ``received`` completes. ``ProtocolError``: it goes on with something else."""
        self._read += received
        while self._read:
            blank = self._read.find(b" ", 0, _LENGTH_DIGITS_MAX + 2)
            head = self._read[: blank if blank >= 0 else _LENGTH_DIGITS_MAX + 2]
            if head[:1] != b"+" or (len(head) > 1 and not head[1:].isdigit()) or (blank < 0 and len(head) > _LENGTH_DIGITS_MAX + 1):
                raise ProtocolError(f"a frame begins with {bytes(head)!r}")
            if blank < 2:
                return
            end = self._end(blank + 1, int(head[1:]))
            if end < 0:
                return
            text = self._read[blank + 1 : end].decode("utf-8", "replace")
            del self._read[:end]
            yield _read_frame(text)

    def _end(self, begin: int, character_count: int) -> int:
        """Returns where so many characters end, or -1 if they are not there yet."""
        if len(self._read) - begin < character_count:
            return -1
        end = begin + character_count
        # Of every character that is no ASCII the bytes behind the first one do not count (C-2).
        counted = 0
        while counted < character_count:
            part = self._read[begin:end]
            if len(part) < end - begin:
                return -1
            counted += sum(1 for byte in part if byte & 0xC0 != 0x80)
            begin, end = end, end + character_count - counted
        while begin < len(self._read) and self._read[begin] & 0xC0 == 0x80:
            begin += 1
        return begin


def _read_frame(text: str) -> Frame:
    queue, blank, body = text.partition(" ")
    try:
        message = json.loads(body)
    except ValueError as error:
        raise ProtocolError(f"a frame holds no JSON: {error}") from None
    if not blank or not isinstance(message, dict):
        raise ProtocolError("a frame holds no JSON object")
    return queue, message
