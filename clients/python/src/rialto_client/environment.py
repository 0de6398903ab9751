"""What the core needs of the world: time, chance, connections, credentials. Tests give it others."""

from __future__ import annotations

from typing import Callable, Optional, Protocol

from .options import Identity, Provider, Why


class Timer(Protocol):
    """Something that is to happen."""

    def cancel(self) -> object:
        """Makes it not happen."""


class Clock(Protocol):
    """Time in seconds, from any beginning."""

    def now(self) -> float:
        """Returns the time."""

    def set(self, wait: float, act: Callable[[], object]) -> Timer:
        """Calls ``act`` after ``wait`` seconds."""


class Carrier(Protocol):
    """One connection to the server, from its attempt to its end."""

    def send(self, frame: bytes) -> None:
        """Sends a frame, soon."""

    def pause(self) -> None:
        """Delivers no more frames, and stops reading."""

    def resume(self) -> None:
        """Delivers frames again."""

    def abort(self) -> None:
        """Ends it at once; nothing of it is heard any more."""

    def end(self, done: Callable[[], None]) -> None:
        """Sends what is waiting, ends the connection and calls ``done``, at once if there is none."""


class Listener(Protocol):
    """Who hears of a carrier."""

    def opened(self) -> None:
        """It takes frames from now on."""

    def frame(self, frame: bytes) -> None:
        """A frame came."""

    def closed(self, code: Optional[int], text: str) -> None:
        """It ended, with the code of a WebSocket, 1006 for a socket, ``None`` if it never opened."""


class Environment(Protocol):
    """The world of one client."""

    @property
    def clock(self) -> Clock:
        """Its time."""

    def random(self) -> float:
        """Returns a number from 0 up to 1."""

    def open(self, address: str, listener: Listener) -> Carrier:
        """Begins to connect. ``ValueError``: the address is none."""

    def ask(self, provider: Provider, why: Why, answer: Callable[[Optional[Identity], Optional[BaseException]], None]) -> Timer:
        """Asks for credentials and calls ``answer`` with them or with an error; the timer cancels the question."""
