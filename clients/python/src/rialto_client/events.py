"""Who listens to the events of a client, and what becomes of errors that nobody listens to (K-63)."""

from __future__ import annotations

import logging
from typing import Any, Callable, Dict, List

from .options import ErrorEvent, Listener

NAMES = ("state", "subscription", "publish", "slow", "error")

_log = logging.getLogger("rialto_client")


class Events:
    """The listeners of one client. ``dispatch`` runs them later, in order, where user code may run."""

    def __init__(self) -> None:
        self._listeners: Dict[str, List[Listener]] = {name: [] for name in NAMES}

    def on(self, name: str, listener: Listener) -> Callable[[], None]:
        """Adds a listener, and returns how to remove it. ``ValueError``: there is no such event."""
        if name not in self._listeners:
            raise ValueError(f"there is no event {name!r}; there are {', '.join(NAMES)}")
        listeners = self._listeners[name]
        listeners.append(listener)

        def remove() -> None:
            if listener in listeners:
                listeners.remove(listener)

        return remove

    def are_heard(self, name: str) -> bool:
        """Whether somebody listens; errors are always of interest."""
        return name == "error" or bool(self._listeners[name])

    def emit(self, name: str, event: Any) -> None:
        """Calls the listeners. One that fails is an ``error`` event."""
        if name == "error" and not self._listeners[name]:
            _log.error("%s failed", event.kind, exc_info=event.error)
        for listener in list(self._listeners[name]):
            try:
                listener(event)
            except Exception as error:
                if name == "error":
                    _log.error("a listener failed", exc_info=error)
                else:
                    self.emit("error", ErrorEvent("listener", error))
