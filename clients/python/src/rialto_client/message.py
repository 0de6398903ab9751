"""A message, as applications see it."""

from __future__ import annotations

from typing import Any, Callable, NamedTuple, Optional


class _Fields(NamedTuple):
    channel: str
    data: Any
    sender: str
    """The publisher's client id; empty for the server."""
    qos: int
    id: Optional[str]
    retained: bool


class Message(_Fields):
    """A message: ``channel``, ``data``, ``sender`` (empty for the server), ``qos``, ``id`` and ``retained``."""

    _acknowledge: Callable[[], None]

    def ack(self) -> None:
        """Acknowledges it, where the subscription's ``ack`` is ``"manual"``, or before its handler has returned."""
        self._acknowledge()
