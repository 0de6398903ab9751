"""The messages that one subscription has, and how far it has dealt with them (K-30 to K-36). No user code runs here."""

from __future__ import annotations

from collections import deque
from typing import Any, Callable, Deque, List, Mapping, Optional, Protocol

from .errors import RialtoError
from .options import Inbox, SlowEvent, SubscriptionEvent

_FAILURE_COUNT_MAX = 100


class Delivery:
    """A push that one or more subscriptions have; it is acknowledged when all of them are done with it (K-31)."""

    __slots__ = ("channel", "data", "sender", "qos", "id", "retained", "size", "open_count", "has_failed", "acknowledge")

    def __init__(self, push: Mapping[str, Any], size: int, acknowledge: Callable[["Delivery"], None]) -> None:
        self.channel = push.get("cn")
        self.data = push.get("dt")
        self.sender = push.get("cl") or ""
        self.retained = "rt" in push and is_on(push["rt"])
        # A retained push has no id, and is never acknowledged (J-115).
        self.qos = 1 if "id" in push and is_on(push.get("q")) and not self.retained else 0
        self.id: Optional[str] = str(push["id"]) if self.qos == 1 else None
        self.size = size
        self.open_count = 0
        self.has_failed = False
        self.acknowledge = acknowledge

    def leave(self) -> None:
        """One that had it is done with it."""
        self.open_count -= 1
        if self.open_count == 0 and self.qos == 1:
            self.acknowledge(self)


class InHand:
    """A message that one subscription has begun; ``handled``, ``failed`` or ``dropped`` ends it, once."""

    __slots__ = ("delivery", "_member", "_has_left")

    def __init__(self, member: "Member", delivery: Delivery) -> None:
        self.delivery = delivery
        self._member = member
        self._has_left = False

    def acknowledge(self) -> None:
        """The message is dealt with; calling it again does nothing."""
        if not self._has_left:
            self._has_left = True
            self.delivery.leave()

    def handled(self) -> None:
        """Its handler has returned."""
        if self._member.ack == "handled":
            self.acknowledge()
        self._member.finished()

    def failed(self) -> None:
        """Its handler has failed: unless it was acknowledged before, it comes again (K-32)."""
        self._member.finished()
        if not self._has_left:
            self._leave_unacknowledged()
            if self.delivery.qos == 1:
                self._member.has_failed()

    def abandoned(self) -> None:
        """Nobody deals with it in a loop any more; it may still be acknowledged (K-31)."""
        self._member.finished()
        if not self._has_left:
            self._member.abandon(self.delivery)

    def dropped(self) -> None:
        """Nobody deals with it."""
        self._member.finished()
        if not self._has_left:
            self._leave_unacknowledged()

    def _leave_unacknowledged(self) -> None:
        self.delivery.has_failed = True
        self.acknowledge()


class MemberOwner(Protocol):
    """What a subscription needs of the client's channels."""

    limits: Inbox

    def drained(self, size: int) -> None:
        """A message has left an inbox."""

    def tell_slow(self, event: SlowEvent) -> None:
        """Messages are dropped."""

    def tell_subscription(self, event: SubscriptionEvent) -> None:
        """The state of a subscription has changed."""

    def give_up(self, member: "Member") -> None:
        """Its handler failed too often (K-32)."""

    def abandon(self, delivery: Delivery) -> None:
        """A message may be given out again with the next connection."""


class MemberUser(Protocol):
    """Who takes the messages of a subscription."""

    def available(self) -> None:
        """There is a message to begin."""

    def became(self, state: str, error: Optional[RialtoError]) -> None:
        """It is ``active`` or has ``ended``."""


class Member:
    """One subscription of the application: its state, its inbox, its acknowledgements."""

    def __init__(
        self, owner: MemberOwner, channel: str, persistent: bool, listens: bool, ack: str, user: MemberUser, has_handler: bool,
    ) -> None:
        if ack not in ("handled", "manual", "received"):
            raise ValueError(f"ack is {ack!r}, not 'handled', 'manual' or 'received'")
        self.channel = channel
        self.persistent = persistent
        self.listens = listens
        self.ack = ack
        self.has_handler = has_handler
        """Whether messages that are begun are sure to end, so that they can be waited for (K-61)."""
        self.state = "pending"
        self._owner = owner
        self._limits = owner.limits
        self._user = user
        self._inbox: Deque[Delivery] = deque()
        self._bytes = 0
        self._ahead_count = 0
        self._failure_count = 0
        self._dropped_count = 0
        self._begun_count = 0
        self._idle: List[Callable[[], None]] = []

    @property
    def is_full(self) -> bool:
        """Whether its inbox is at a bound, and reading should stop."""
        return len(self._inbox) + self._ahead_count >= self._limits.count or self._bytes >= self._limits.bytes

    @property
    def is_half_full(self) -> bool:
        """Whether it has no room to go on reading: stopping and going on at each message would cost system calls."""
        return 2 * (len(self._inbox) + self._ahead_count) >= self._limits.count or 2 * self._bytes >= self._limits.bytes

    def set_ahead(self, count: int) -> None:
        """Says how many messages that were begun wait on another thread, and so are in the inbox all the same."""
        self._ahead_count = count
        self._owner.drained(0)
        self._tell_dropped()

    def take(self, delivery: Delivery) -> bool:
        """Takes a message; false if it is dropped, since there is no room and nothing promises it (K-36)."""
        if delivery.qos == 0 and (self._inbox or self._ahead_count) and self.is_full:
            if self._dropped_count == 0:
                self._owner.tell_slow(SlowEvent(self.channel))
            self._dropped_count += 1
            return False
        delivery.open_count += 1
        self._inbox.append(delivery)
        self._bytes += delivery.size
        self._user.available()
        return True

    def begin(self) -> Optional["InHand"]:
        """Returns the next message, if any."""
        if not self._inbox:
            return None
        delivery = self._inbox.popleft()
        self._begun_count += 1
        # As `_release`, without a call for each message.
        self._bytes -= delivery.size
        self._owner.drained(delivery.size)
        if self._dropped_count > 0:
            self._tell_dropped()
        in_hand = InHand(self, delivery)
        if self.ack == "received":
            in_hand.acknowledge()
        return in_hand

    def finished(self) -> None:
        """A message that was begun is over, whatever became of it."""
        self._begun_count -= 1
        if self._begun_count == 0:
            idle, self._idle = self._idle, []
            for act in idle:
                act()

    def has_failed(self) -> None:
        """A message could not be dealt with, and is unacknowledged (K-32)."""
        self._failure_count += 1
        if self._failure_count >= _FAILURE_COUNT_MAX and self.state != "ended":
            self._owner.give_up(self)

    def when_idle(self, act: Callable[[], None]) -> None:
        """Calls ``act`` when no handler runs."""
        if self._begun_count == 0 or not self.has_handler:
            act()
        else:
            self._idle.append(act)

    def forget_waiting(self) -> None:
        """Forgets what was not begun, unacknowledged."""
        waiting, self._inbox = self._inbox, deque()
        for delivery in waiting:
            self._release(delivery)
            delivery.has_failed = True
            delivery.leave()

    def become(self, state: str, error: Optional[RialtoError] = None, **about: Any) -> None:
        """Changes the state."""
        if self.state == "ended":
            return
        self.state = state
        if state == "ended":
            self.forget_waiting()
        self._owner.tell_subscription(SubscriptionEvent(self.channel, state, **about))
        if state in ("active", "ended"):
            self._user.became(state, error)

    def abandon(self, delivery: Delivery) -> None:
        """A message may be given out again with the next connection."""
        self._owner.abandon(delivery)

    def _release(self, delivery: Delivery) -> None:
        self._bytes -= delivery.size
        self._owner.drained(delivery.size)
        if self._dropped_count > 0:
            self._tell_dropped()

    def _tell_dropped(self) -> None:
        if self._dropped_count > 0 and not self._inbox and self._ahead_count == 0:
            self._owner.tell_slow(SlowEvent(self.channel, self._dropped_count))
            self._dropped_count = 0


def is_on(flag: object) -> bool:
    """Reads a flag by its value (J-20, J-116)."""
    return flag in (1, "1", True)
