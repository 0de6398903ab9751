"""What a program asks for its client while it decides whether the client's session may open."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any, Dict, List, Optional

_CHANNEL_BYTES_MAX = 255


class Opening:
    """Subscriptions and messages that the broker is told of with the decision: they take effect when the session has opened.

    Asked for at once, they would come before it: a subscription of a client without a session holds only if it is persistent,
    and the client would not hear that it is online, as it does in the guide's log.
    """

    def __init__(self, client: str) -> None:
        self.client = client
        self.is_over = False
        self.subscriptions: Dict[str, bool] = {}
        self.messages: List[Dict[str, Any]] = []

    def subscribe(self, client: str, channel: str, persistent: bool) -> bool:
        """Takes a subscription; false if it is not of this client, or of a channel that the broker would not take."""
        if client != self.client or not _is_plain(channel):
            return False
        self.subscriptions[channel] = persistent
        return True

    def unsubscribe(self, client: str, channel: str) -> None:
        """Forgets a subscription that was taken."""
        if client == self.client:
            self.subscriptions.pop(channel, None)

    def publish(self, message: Dict[str, Any]) -> bool:
        """Takes a message; false for a channel that the broker would not take."""
        channel = message["channel"]
        if not _is_plain(channel[1:] if channel.startswith("#") else channel):
            return False
        self.messages.append(message)
        return True


_present: ContextVar[Optional[Opening]] = ContextVar("rialto_client.opening", default=None)


def begin(client: str) -> Opening:
    """Begins the decision about a client, in the present task and what it starts."""
    opening = Opening(client)
    _present.set(opening)
    return opening


def present() -> Optional[Opening]:
    """Returns the decision that the caller is part of, while it lasts."""
    opening = _present.get()
    return None if opening is None or opening.is_over else opening


def _is_plain(channel: str) -> bool:
    return channel[:1] not in ("", "#", "$") and len(channel.encode("utf-8", "surrogatepass")) <= _CHANNEL_BYTES_MAX
