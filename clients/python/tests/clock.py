"""A clock that stands still until it is moved."""

from typing import Awaitable, Callable, List


class MovedTimer:
    def __init__(self, clock: "MovedClock", at: float, act: Callable[[], object]) -> None:
        self.clock, self.at, self.act = clock, at, act

    def cancel(self) -> None:
        if self in self.clock.timers:
            self.clock.timers.remove(self)


class MovedClock:
    """Timers of the same time fire in the order in which they were set."""

    def __init__(self) -> None:
        self.time = 0.0
        self.timers: List[MovedTimer] = []

    def now(self) -> float:
        return self.time

    def set(self, wait: float, act: Callable[[], object]) -> MovedTimer:
        timer = MovedTimer(self, self.time + max(0.0, wait), act)
        self.timers.append(timer)
        return timer

    def advance(self, wait: float) -> None:
        end = self.time + wait
        while self._fire(end):
            pass

    async def advance_with(self, wait: float, settle: Callable[[], Awaitable[None]]) -> None:
        """Moves it on, and after each timer lets everything run that the timer has led to."""
        end = self.time + wait
        while self._fire(end):
            await settle()

    def jump(self, wait: float) -> None:
        """The machine sleeps: timers fire late."""
        self.time += wait
        self.advance(0)

    def _fire(self, end: float) -> bool:
        """Goes to the next timer until `end`, or else to there; says whether there was one."""
        due = min((it for it in self.timers if it.at <= end), key=lambda it: it.at, default=None)
        if due is None:
            self.time = max(self.time, end)
            return False
        due.cancel()
        self.time = max(self.time, due.at)
        due.act()
        return True
