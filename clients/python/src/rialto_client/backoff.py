"""How long the client waits before it tries to connect again (K-6)."""

from __future__ import annotations

from typing import Callable

SHORTEST = 0.1
LONGEST = 20.0
STEADY = 20.0
"""Seconds online after which the count of rounds begins anew."""

_AT_LEAST = {"server-stopping": (1.0, 5.0), "server-full": (5.0, 20.0)}


class Backoff:
    """Counts rounds of attempts and draws the wait before the next one.

    ``random`` returns a number from 0 up to 1, so that tests can choose it.
    """

    def __init__(self, random: Callable[[], float]) -> None:
        self._random = random
        self._round = 0

    def next_wait(self, reason: str) -> float:
        """Returns the seconds to wait after a loss for ``reason``, and counts the round."""
        # The exponent is bounded: after days offline 2**round would no longer fit a float.
        longest = min(LONGEST, 2.0 ** min(self._round, 10))
        self._round += 1
        wait = self._between(SHORTEST, longest)
        if reason in _AT_LEAST:
            wait = max(wait, self._between(*_AT_LEAST[reason]))
        return wait

    def connection_ended(self, seconds_online: float) -> None:
        """Begins the count anew if the connection lasted."""
        if seconds_online >= STEADY:
            self._round = 0

    def _between(self, low: float, high: float) -> float:
        return low + (high - low) * self._random()
