"""Publishes that are kept until the server has answered them (K-41 to K-48), without any input or output."""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import Callable, Deque, Iterator, List, Optional

from .errors import RialtoError

SENT_COUNT_MAX = 1_000
"""The most publishes that are sent and unanswered (K-43)."""

Settle = Callable[[Optional[RialtoError]], None]
"""Called once, with the error of a call or with ``None`` when it was answered with success."""


class Publish:
    """A QoS 1 publish: its id, its frame as it leaves each time, and how far it has come."""

    __slots__ = ("id", "channel", "frame", "settle", "is_sent", "was_sent", "sent_at", "silence_count", "is_over")

    def __init__(self, id: str, channel: str, frame: bytes, settle: Settle) -> None:
        self.id = id
        self.channel = channel
        self.frame = frame
        self.settle = settle
        self.is_sent = False
        """Whether it has left in this connection."""
        self.was_sent = False
        """Whether it has left in any."""
        self.sent_at = 0.0
        self.silence_count = 0
        """How many connections it got no answer on in time."""
        self.is_over = False


class KeptPublishes:
    """Keeps publishes in the order of the calls, at most ``count_max`` of them and ``bytes_max`` bytes of frames."""

    def __init__(self, count_max: int, bytes_max: int) -> None:
        self._count_max = count_max
        self._bytes_max = bytes_max
        self._bytes = 0
        self._sent_count = 0
        # By id, in the order of the calls. An ordinary dict would search over all that was taken from its front.
        self._all: "OrderedDict[str, Publish]" = OrderedDict()
        # Those that have not left in this connection, in order, and some that are over.
        self._unsent: Deque[Publish] = deque()

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[Publish]:
        return iter(self._all.values())

    def has_room(self, size: int) -> bool:
        """Whether a frame of ``size`` bytes can be kept now."""
        return len(self._all) < self._count_max and self._bytes + size <= self._bytes_max

    def could_have_room(self, size: int) -> bool:
        """Whether a frame of ``size`` bytes can ever be kept."""
        return self._count_max > 0 and size <= self._bytes_max

    def keep(self, publish: Publish) -> None:
        """Keeps a publish, for which there must be room."""
        if publish.id in self._all or not self.has_room(len(publish.frame)):
            raise ValueError("the id is kept already, or the outbox is full")
        self._all[publish.id] = publish
        self._unsent.append(publish)
        self._bytes += len(publish.frame)

    def next_unsent(self) -> Optional[Publish]:
        """Returns the publish that may leave now, if any; ``sent`` says that it did."""
        while self._unsent and self._unsent[0].is_over:
            self._unsent.popleft()
        return self._unsent[0] if self._unsent and self._sent_count < SENT_COUNT_MAX else None

    def sent(self, now: float) -> None:
        """The publish that ``next_unsent`` returned has left."""
        publish = self._unsent.popleft()
        publish.is_sent = publish.was_sent = True
        publish.sent_at = now
        self._sent_count += 1

    def answered(self, id: object) -> Optional[Publish]:
        """Forgets a publish that was answered and returns it; ``None``: the id is not of one that was sent."""
        publish = self._all.get(id) if isinstance(id, str) else None
        if publish is None or not publish.is_sent:
            return None
        self.forget(publish)
        return publish

    def forget(self, publish: Publish) -> bool:
        """Forgets a publish; false if it was forgotten before."""
        if self._all.pop(publish.id, None) is None:
            return False
        publish.is_over = True
        self._bytes -= len(publish.frame)
        if publish.is_sent:
            self._sent_count -= 1
        return True

    def oldest_unsent(self) -> Optional[Publish]:
        """Returns the oldest publish that never left, if any (K-43)."""
        return next((publish for publish in self._unsent if not publish.was_sent and not publish.is_over), None)

    def oldest_sent(self) -> Optional[Publish]:
        """Returns the publish that waits longest for its answer in this connection (K-46)."""
        return next((publish for publish in self._all.values() if publish.is_sent), None)

    def largest_sent(self) -> Optional[Publish]:
        """Returns the largest unanswered publish of this connection (K-47)."""
        return max((it for it in self._all.values() if it.is_sent), key=lambda it: len(it.frame), default=None)

    def connection_ended(self) -> None:
        """Makes all that is unanswered leave again, in the order it was first sent (K-44)."""
        self._unsent = deque(self._all.values())
        self._sent_count = 0
        for publish in self._all.values():
            publish.is_sent = False

    def take_all(self) -> List[Publish]:
        """Forgets all publishes and returns them."""
        publishes = list(self._all.values())
        for publish in publishes:
            self.forget(publish)
        return publishes
