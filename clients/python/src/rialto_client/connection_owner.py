"""Who is told what a connection brings, and why one ended."""

from __future__ import annotations

from typing import Any, Mapping, NamedTuple, Optional, Protocol

from .options import StateEvent


class ConnectionOwner(Protocol):
    """Who is told what the connection brings."""

    def state_changed(self, event: StateEvent) -> None:
        """The state has changed."""

    def online(self, resumed: bool) -> None:
        """A session has begun; it is the first to hear of it."""

    def packet(self, root: str, body: Mapping[str, Any], size: int) -> None:
        """A packet came, in a frame of ``size`` bytes."""

    def unreadable(self) -> None:
        """A frame came that holds no packet."""

    def lost(self, reason: str) -> None:
        """A session is over."""

    def ended(self, event: StateEvent) -> None:
        """The client has ended."""

    def has_room(self) -> bool:
        """Whether a connection may be opened again after an overrun."""


class Said(NamedTuple):
    """What the server or the system said about the end of a connection."""

    status: Optional[int] = None
    text: Optional[str] = None
