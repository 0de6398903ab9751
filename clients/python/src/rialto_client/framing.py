"""Frames of JMQT on a plain or TLS socket: UTF-8 JSON text ended by a NUL byte (J-1, J-2), and the packets in them."""

from __future__ import annotations

import json
from json import encoder as _json_encoder
from typing import Any, Callable, Iterator, Mapping, Optional, Sequence, Tuple

Packet = Tuple[str, Mapping[str, Any]]
"""A packet's root and its body (J-12)."""

# As `raw_decode`, which only turns its exception into another.
_scan: Callable[[str, int], Tuple[Any, int]] = json.JSONDecoder().scan_once  # type: ignore[attr-defined]
_encoder = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _writer() -> Callable[[Any, int], Sequence[str]]:
    """Returns what writes JSON in parts.

    ``JSONEncoder.encode`` makes such a writer for each value, which takes as long as writing a small one (16 µs of 150 bytes against 9).
    The constructor is no documented one; where it is not as it was, ``encode`` is used.
    """
    try:
        make: Any = _json_encoder.c_make_encoder  # type: ignore[attr-defined]
        text: Any = _json_encoder.encode_basestring
        writer: Callable[[Any, int], Sequence[str]] = make(None, _encoder.default, text, None, ":", ",", False, False, False)
        if "".join(writer({"a": ["\n", 1.5, None]}, 0)) == '{"a":["\\n",1.5,null]}':
            return writer
    except (AttributeError, TypeError, ValueError):
        pass
    return lambda value, _: (_encoder.encode(value),)


_chunks = _writer()


class FrameTooLarge(Exception):
    """What was received without a NUL exceeds the decoder's limit."""


class FrameDecoder:
    """Cuts a byte stream into frames, however the transport cut it.

    ``limit`` is the most bytes of one frame, without its NUL, that are kept.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._rest = bytearray()

    def feed(self, received: bytes) -> Iterator[bytes]:
        """Yields the frames that ``received`` completes; empty ones are skipped (J-3). All of them must be taken."""
        # Only the new bytes are searched, so that a frame in many small reads costs no more than one in a large read.
        *frames, rest = received.split(b"\0")
        if frames and self._rest:
            frames[0] = bytes(self._rest) + frames[0]
            self._rest = bytearray()
        for frame in frames:
            if len(frame) > self._limit:
                self._refuse()
            if frame:
                yield frame
        self._rest += rest
        if len(self._rest) > self._limit:
            self._refuse()

    def _refuse(self) -> None:
        raise FrameTooLarge(f"a frame is longer than {self._limit} bytes")


def to_json(value: Any) -> str:
    """Returns a value as JSON text.

    ``ValueError`` is raised for a number that JSON does not have, ``TypeError`` for a value that JSON does not have.
    """
    if isinstance(value, str):
        return _encoder.encode(value)
    try:
        return "".join(_chunks(value, 0))
    except RecursionError:
        raise ValueError("a value contains itself, or is nested too deeply") from None


def encode(root: str, body: Mapping[str, Any]) -> bytes:
    """Returns a packet as JSON text in UTF-8, without the NUL of sockets; errors are those of ``to_json``."""
    return to_json({root: body}).encode("utf-8")


def decode(frame: bytes) -> Optional[Packet]:
    """Returns a frame's packet, or ``None`` for one that holds none (K-37)."""
    try:
        text = frame.decode("utf-8")
        value, end = _scan(text, 0)
        if end != len(text) and text[end:].strip():
            return None
    except (ValueError, StopIteration, RecursionError):
        # Blanks before a packet are lawful and rare.
        text = frame.decode("utf-8", "replace")
        return decode(text.lstrip().encode()) if text[:1].isspace() and text.strip() else None
    if not isinstance(value, dict) or len(value) != 1:
        return None
    ((root, body),) = value.items()
    return (root, body) if isinstance(body, dict) else None
