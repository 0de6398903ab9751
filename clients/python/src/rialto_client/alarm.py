"""A timer that is set anew."""

from __future__ import annotations

from typing import Callable, Optional

from .environment import Clock, Timer


class Alarm:
    """One timer: whoever sets it takes the place of what it was set for before."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._timer: Optional[Timer] = None

    def set(self, wait: float, act: Callable[[], None]) -> None:
        """Calls ``act`` in so many seconds."""
        self.cancel()
        self._timer = self._clock.set(wait, act)

    def cancel(self) -> None:
        """Calls nothing."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
