"""The system's clock for the runner, with a count of its timers."""

import asyncio
from typing import Any, Callable, Set


class CountedClock:
    """The time of an event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._timers: Set[asyncio.TimerHandle] = set()

    def now(self) -> float:
        return self._loop.time()

    def set(self, wait: float, act: Callable[[], object]) -> Any:
        def fire() -> None:
            self._timers.discard(timer)
            act()

        timer = self._loop.call_later(wait, fire)
        self._timers.add(timer)
        return timer

    def count(self) -> int:
        return sum(1 for timer in self._timers if not timer.cancelled())
