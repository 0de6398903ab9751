"""What is known of one channel: its subscriptions, and the requests for it that the server has not answered (K-20 to K-25)."""

from __future__ import annotations

from collections import deque
from typing import Callable, Deque, List, Optional, Set

from .backoff import Backoff
from .environment import Clock, Timer
from .errors import Lost, RialtoError
from .inbox import Member

_END_SECONDS = 10.0


class Channel:
    """One channel."""

    def __init__(self) -> None:
        self.members: List[Member] = []
        self.asked: Deque[List[Member]] = deque()
        """For whom a ``sub`` was sent that is not answered, in order."""
        self.leavers: Deque[Callable[[Optional[RialtoError]], None]] = deque()
        """Who waits for an ``unsubAck``, in order."""
        self.was_made = False
        """Whether the server ever accepted it."""
        self.is_active = False
        """Whether it did so on this connection."""
        self.resumed = False
        """Whether the server took up the lost session, so that nothing is missing."""
        self.retained_for: Set[Member] = set()
        """Who is to get a retained message now (K-21)."""
        self._backoff: Optional[Backoff] = None
        self._timer: Optional[Timer] = None

    def wired(self) -> List[Member]:
        """Returns the subscriptions that are made on the wire."""
        return [member for member in self.members if not member.listens]

    def remove(self, member: Member) -> None:
        """Removes a subscription."""
        self.members.remove(member)
        self.retained_for.discard(member)

    def made(self, members: List[Member]) -> None:
        """The server has accepted a ``sub`` for these."""
        is_again = self.was_made and not self.is_active
        self.was_made = self.is_active = True
        self._backoff = None
        self.retained_for = set(members)
        for member in members:
            if is_again and member.state == "waiting":
                member.become("active", restored=True, gap=not self.resumed)
            elif member.state != "active":
                member.become("active")

    def kept(self, members: List[Member]) -> None:
        """The server has kept these, and stored what came for them."""
        self.is_active = True
        for member in members:
            member.become("active", restored=True, gap=False)

    def lost(self) -> None:
        """The connection is lost."""
        self.set_timer(None)
        self.is_active = False
        self.asked.clear()
        self.settle_leavers()

    def forget(self) -> None:
        """It is not subscribed to any more."""
        self.set_timer(None)
        self.was_made = self.is_active = False

    def await_end(self, name: str, clock: Clock, done: Callable[[Optional[RialtoError]], None]) -> None:
        """Calls ``done`` when the ``unsub`` that was sent is answered, or has not been in time."""

        def settle(error: Optional[RialtoError]) -> None:
            timer.cancel()
            done(error)

        def late() -> None:
            self.leavers.remove(settle)
            done(Lost(f"the end of the subscription to {name} was not answered in time", "timeout", None, True))

        timer = clock.set(_END_SECONDS, late)
        self.leavers.append(settle)

    def settle_leavers(self) -> None:
        """Answers those who wait for an ``unsubAck``: with the connection the subscription has ended."""
        leavers, self.leavers = self.leavers, deque()
        for leaver in leavers:
            leaver(None)

    def backoff(self, random: Callable[[], float]) -> Backoff:
        """Returns how long to wait before ``sub`` is repeated."""
        if self._backoff is None:
            self._backoff = Backoff(random)
        return self._backoff

    def set_timer(self, timer: Optional[Timer]) -> None:
        """Sets when ``sub`` is repeated, in place of when it was to be before."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = timer
