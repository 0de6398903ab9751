"""When to send an ``hb``, and when a connection counts as silent (K-8, K-16, K-17, K-34)."""

from __future__ import annotations

from typing import Optional, Protocol

from .environment import Clock, Timer

_PROBE_SECONDS = 5.0
_SILENCE = 2
"""How many times the session's timeout nothing may be heard."""


class HeartbeatOwner(Protocol):
    """What a heartbeat asks for."""

    def beat(self) -> None:
        """Send an ``hb``."""

    def silent(self) -> None:
        """The connection is silent."""

    def late(self) -> None:
        """A timer was so late that the machine must have slept."""


class Heartbeat:
    """The heartbeat of one session after the other."""

    def __init__(self, clock: Clock, owner: HeartbeatOwner) -> None:
        self._clock = clock
        self._owner = owner
        self._timeout = 0.0
        self._last_sent = self._last_heard = 0.0
        self._timer: Optional[Timer] = None
        self._probe: Optional[Timer] = None
        self._due = 0.0
        self._reads = True
        self.sent_count = 0
        """How many ``hb`` were sent on this connection."""
        self.answered_count = 0
        """How many of them were answered."""

    def start(self, timeout: float) -> None:
        """Begins with a session whose timeout is so many seconds."""
        self._timeout = timeout
        self.sent_count = self.answered_count = 0
        self._reads = True
        self._last_sent = self._last_heard = self._clock.now()
        self._plan()

    def stop(self) -> None:
        """Ends, with the session."""
        for timer in (self._timer, self._probe):
            if timer is not None:
                timer.cancel()
        self._timer = self._probe = None

    def sent(self) -> None:
        """A packet was sent."""
        self._last_sent = self._clock.now()

    def heard(self) -> None:
        """A frame came."""
        now = self._clock.now()
        self._last_heard = now
        if self._probe is not None:
            self._probe.cancel()
            self._probe = None
        if now - self._last_sent >= self._timeout / 3:
            self._beat()

    def answered(self) -> None:
        """An ``hbAck`` came; one that nothing asked for does not count."""
        self.answered_count = min(self.answered_count + 1, self.sent_count)

    def reading(self, does: bool) -> None:
        """Time in which the client itself does not read is no silence of the server's."""
        self._reads = does
        self._last_heard = self._clock.now()
        if self._timer is not None:
            self._plan()

    def probe(self) -> None:
        """Asks whether the connection is still there."""
        self._beat()
        if self._probe is None and self._reads:
            self._probe = self._clock.set(_PROBE_SECONDS, self._owner.silent)

    def _beat(self) -> None:
        self.sent_count += 1
        self._owner.beat()

    def _plan(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        beat = self._last_sent + self._timeout / 3
        silent = self._last_heard + _SILENCE * self._timeout
        self._due = min(beat, silent) if self._reads else beat
        self._timer = self._clock.set(max(0.0, self._due - self._clock.now()), self._tick)

    def _tick(self) -> None:
        self._timer = None
        now = self._clock.now()
        if now - self._due > self._timeout:
            self._last_heard = now
            self._owner.late()
            self._plan()
        elif self._reads and now - self._last_heard >= _SILENCE * self._timeout:
            self._owner.silent()
        else:
            if now - self._last_sent >= self._timeout / 3:
                self._beat()
            self._plan()
