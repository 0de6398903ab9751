"""Publishes that are kept until the server has answered them (K-41 to K-46), without any input or output."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import List, Optional

WINDOW = 1_000
"""The most publishes that are sent and unanswered (K-43)."""


@dataclass
class Kept:
    """A publish: its id, its frame as it leaves each time, and whether it has left in this connection or before."""

    id: str
    frame: bytes
    in_flight: bool = False
    ever_sent: bool = False


class Outbox:
    """Keeps publishes in the order of the calls, at most ``count`` of them and ``limit`` bytes of frames."""

    def __init__(self, count: int = 10_000, limit: int = 16 * 1024 * 1024) -> None:
        self._count = count
        self._limit = limit
        self._bytes = 0
        self._in_flight = 0
        self._all: "OrderedDict[str, Kept]" = OrderedDict()
        # Those that have not left in this connection, in order.
        self._unsent: "OrderedDict[str, Kept]" = OrderedDict()

    def __len__(self) -> int:
        return len(self._all)

    def has_room(self, size: int) -> bool:
        """Whether a frame of ``size`` bytes can be kept now."""
        return len(self._all) < self._count and self._bytes + size <= self._limit

    def keep(self, id: str, frame: bytes) -> None:
        """Keeps a publish. ``ValueError``: there is no room for it, or its id is kept already."""
        if id in self._all or not self.has_room(len(frame)):
            raise ValueError("the id is kept already, or the outbox is full")
        self._all[id] = self._unsent[id] = Kept(id, frame)
        self._bytes += len(frame)

    def take(self) -> List[bytes]:
        """Returns the frames that may leave now, in order, and counts them as in flight."""
        frames: List[bytes] = []
        while self._unsent and self._in_flight < WINDOW:
            _, kept = self._unsent.popitem(last=False)
            kept.in_flight = kept.ever_sent = True
            self._in_flight += 1
            frames.append(kept.frame)
        return frames

    def answered(self, id: str) -> bool:
        """Forgets a publish that was answered. False: the id is not of one in flight, the answer is ignored."""
        kept = self._all.get(id)
        if kept is None or not kept.in_flight:
            return False
        self._forget(kept)
        return True

    def withdraw(self, id: str) -> bool:
        """Forgets a publish that never left (K-48). False: it has left, or is not kept."""
        kept = self._all.get(id)
        if kept is None or kept.ever_sent:
            return False
        self._forget(kept)
        return True

    def drop_oldest(self) -> Optional[str]:
        """Forgets the oldest publish that never left and returns its id (K-43); none: ``None``."""
        oldest = next((kept for kept in self._unsent.values() if not kept.ever_sent), None)
        if oldest is None:
            return None
        self._forget(oldest)
        return oldest.id

    def connection_ended(self) -> None:
        """Makes all that is unanswered leave again, in the order it was first sent (K-44)."""
        self._unsent = OrderedDict(self._all)
        self._in_flight = 0
        for kept in self._all.values():
            kept.in_flight = False

    def _forget(self, kept: Kept) -> None:
        del self._all[kept.id]
        self._unsent.pop(kept.id, None)
        self._bytes -= len(kept.frame)
        if kept.in_flight:
            self._in_flight -= 1
