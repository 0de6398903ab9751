"""The eight callbacks of a server program."""

from __future__ import annotations

import inspect
from typing import Any, Awaitable, Callable, Dict

Callback = Callable[..., Awaitable[Any]]

# Events of webhooks, what the original calls their callbacks, and how these are set: in the order in which it looks at them.
_CALLBACKS = (
    ("auth", "authentication validator", "set_authentication_validator"),
    ("connect", "connection validator", "set_connection_validator"),
    ("disconnect", "disconnection notifier", "set_disconnection_notifier"),
    ("close", "connection close notifier", "set_conn_close_notifier"),
    ("subscribe", "subscription validator", "set_subscription_validator"),
    ("unsubscribe", "unsubscription validator", "set_unsubscription_validator"),
    ("publish", "publish validator", "set_publish_validator"),
    ("control", "control channel handler", "set_control_channel_handler"),
)


class Callbacks:
    """What a program has set, by the event that it is called for."""

    def __init__(self) -> None:
        self._callbacks: Dict[str, Callback] = {}

    def set(self, event: str, callback: Callback) -> None:
        """Sets what is called for an event, in the place of what was."""
        self._callbacks[event] = callback

    def of(self, event: str) -> Callback:
        """Returns what is called for an event. ``KeyError``: nothing is."""
        return self._callbacks[event]

    def check(self) -> None:
        """Raises ``Exception``, as the original does, unless all are set to ``async`` functions."""
        for event, name, setter in _CALLBACKS:
            callback = self._callbacks.get(event)
            if not inspect.iscoroutinefunction(callback) and not inspect.iscoroutinefunction(getattr(callback, "__call__", None)):
                raise Exception(f"<{name}> is not set or not an 'async' function. Call '{setter}' and pass an async function.")
