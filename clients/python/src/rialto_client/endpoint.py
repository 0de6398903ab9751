"""Addresses of brokers."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urlsplit

_PORTS = {"jmqt": 8010, "jmqts": 8011, "ws": 8012, "wss": 8013}


class Endpoint(NamedTuple):
    """Where and how to connect."""

    scheme: str
    host: str
    port: int
    target: str
    """What a WebSocket asks for: path and query."""

    @property
    def has_tls(self) -> bool:
        """Whether the connection is encrypted."""
        return self.scheme in ("jmqts", "wss")

    @property
    def is_websocket(self) -> bool:
        """Whether frames are messages of a WebSocket."""
        return self.scheme in ("ws", "wss")


def parse(address: str) -> Endpoint:
    """Returns the parts of an address. ``ValueError``: it is none."""
    parts = urlsplit(address)
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ValueError(f"{address!r} is not an address such as 'jmqt://host:8010', or one with jmqts, ws or wss")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Endpoint(parts.scheme, parts.hostname, parts.port or _PORTS[parts.scheme], target)
