"""Frames of JMQT on a plain or TLS socket: UTF-8 JSON text ended by a NUL byte (J-1, J-2)."""

from __future__ import annotations

import json
from typing import Any, List, Mapping, Optional, Tuple

Packet = Tuple[str, Mapping[str, Any]]
"""A packet's root and its body (J-12)."""


class FrameTooLarge(Exception):
    """What was received without a NUL exceeds the decoder's limit."""


class FrameDecoder:
    """Cuts a byte stream into frames, however the transport cut it.

    ``limit`` is the most bytes of one frame, without its NUL, that are kept.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._rest = bytearray()

    def feed(self, received: bytes) -> List[bytes]:
        """Returns the frames that ``received`` completes; empty ones are skipped (J-3)."""
        # Only the new bytes are searched, so that a frame in many small reads costs no more than one in a large read.
        first, *others = received.split(b"\0")
        self._rest += first
        frames: List[bytes] = []
        for part in others:
            self._check()
            if self._rest:
                frames.append(bytes(self._rest))
            self._rest = bytearray(part)
        self._check()
        return frames

    def _check(self) -> None:
        if len(self._rest) > self._limit:
            raise FrameTooLarge(f"a frame is longer than {self._limit} bytes")


def encode(root: str, body: Mapping[str, Any]) -> bytes:
    """Returns a packet as JSON text in UTF-8, without the NUL of sockets.

    ``ValueError`` is raised for a number that JSON does not have, ``TypeError`` for a value that JSON does not have.
    """
    text = json.dumps({root: body}, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode("utf-8")


def decode(frame: bytes) -> Optional[Packet]:
    """Returns a frame's packet, or ``None`` for a frame that is to be ignored and counted (K-37)."""
    try:
        value = json.loads(frame.decode("utf-8"))
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict) or len(value) != 1:
        return None
    ((root, body),) = value.items()
    return (root, body) if isinstance(body, dict) else None
