"""Clocks for the runner: one that ``advance`` moves, and the system's with a count of its timers."""

import asyncio
from typing import Any, Awaitable, Callable, Set


class MovedTimer:
    def __init__(self, clock: "MovedClock", at: float, act: Callable[[], object]) -> None:
        self.clock, self.at, self.act = clock, at, act

    def cancel(self) -> None:
        self.clock.timers.discard(self)


class MovedClock:
    """Time stands still until it is moved."""

    def __init__(self) -> None:
        self.time = 0.0
        self.timers: Set[MovedTimer] = set()

    def now(self) -> float:
        return self.time

    def set(self, wait: float, act: Callable[[], object]) -> MovedTimer:
        timer = MovedTimer(self, self.time + max(0.0, wait), act)
        self.timers.add(timer)
        return timer

    async def advance(self, wait: float, settle: Callable[[], Awaitable[None]]) -> None:
        end = self.time + wait
        while True:
            due = min((it for it in self.timers if it.at <= end), key=lambda it: it.at, default=None)
            if due is None:
                break
            due.cancel()
            self.time = max(self.time, due.at)
            due.act()
            await settle()
        self.time = end


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
