"""Messages that no subscription is there for yet (K-35)."""

from __future__ import annotations

from typing import Callable, Dict, List, Set

from .inbox import Delivery
from .options import SlowEvent

_COUNT_MAX = 1_000
_BYTES_MAX = 8 * 1024 * 1024
_NOTED_COUNT_MAX = 1_000


class Unclaimed:
    """Keeps QoS 1 messages, unacknowledged, up to 1,000 or 8 MiB; others are dropped, with one event for each channel."""

    def __init__(self, tell_slow: Callable[[SlowEvent], None]) -> None:
        self._tell_slow = tell_slow
        self._kept: Dict[str, Delivery] = {}
        self._bytes = 0
        self._noted: Set[str] = set()

    def keep(self, delivery: Delivery) -> None:
        """Keeps a message, if it may be kept and there is room."""
        channel = str(delivery.channel)
        if delivery.id is None:
            if channel not in self._noted and len(self._noted) < _NOTED_COUNT_MAX:
                self._noted.add(channel)
                self._tell_slow(SlowEvent(channel, 1))
        elif len(self._kept) < _COUNT_MAX and self._bytes + delivery.size <= _BYTES_MAX and delivery.id not in self._kept:
            self._kept[delivery.id] = delivery
            self._bytes += delivery.size

    def take(self, channel: str) -> List[Delivery]:
        """Returns the messages of a channel, in the order they came, and forgets them."""
        taken = [delivery for delivery in self._kept.values() if delivery.channel == channel]
        for delivery in taken:
            del self._kept[str(delivery.id)]
            self._bytes -= delivery.size
        return taken

    def clear(self) -> None:
        """Forgets all: with the next connection the server sends them again."""
        self._kept.clear()
        self._bytes = 0
