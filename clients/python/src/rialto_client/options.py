"""What a client is told when it is made, and the events it tells of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Awaitable, Callable, NamedTuple, Optional, Protocol, Union


class Token(NamedTuple):
    """A client id and the token that opens its session."""

    client: str
    token: str


class Auth(NamedTuple):
    """What the broker's authentication takes, such as ``{"client_name": "ada"}``; it answers with id and token."""

    data: Any


class Why(NamedTuple):
    """Why credentials are asked for: the number of the attempt, from 0, and how the last one ended."""

    attempt: int
    reason: Optional[str] = None
    status: Optional[int] = None


Identity = Union[Token, Auth, str]
"""A text is a client's name: ``Auth({"client_name": text})``."""
Provider = Callable[[Why], Union[Token, Auth, str, Awaitable[Union[Token, Auth, str]]]]
Credentials = Union[Token, Auth, str, Provider]
"""A value, or a function that is asked before each attempt and may take 10 seconds (K-11)."""


@dataclass(frozen=True)
class Outbox:
    """Bounds of the QoS 1 publishes that are kept unanswered, and what happens at them (K-43).

    ``full``: ``"wait"`` for room, ``"reject"`` the call, or ``"drop-oldest"``, which fails the oldest that never left.
    """

    count: int = 10_000
    bytes: int = 16 * 1024 * 1024
    full: str = "wait"


@dataclass(frozen=True)
class Inbox:
    """Bounds of the messages that one subscription has not dealt with; at them the client stops reading (K-36)."""

    count: int = 1_000
    bytes: int = 8 * 1024 * 1024


class Codec(Protocol):
    """How values become what JSON can hold, and back."""

    def encode(self, value: Any) -> Any:
        """Returns what JSON can hold."""

    def decode(self, data: Any) -> Any:
        """Returns the value of what a message holds."""


class PlainJson:
    """The codec that changes nothing."""

    def encode(self, value: Any) -> Any:
        return value

    def decode(self, data: Any) -> Any:
        return data


class Settings(NamedTuple):
    """The options of ``connect``, together."""

    retry_first: bool = False
    give_up_after: Optional[float] = None
    in_order: bool = False
    outbox: Outbox = Outbox()
    inbox: Inbox = Inbox()


class StateEvent(NamedTuple):
    """The state of the client has changed (K-1). ``wait`` is in seconds."""

    state: str
    previous: str
    attempt: int = 0
    reason: Optional[str] = None
    status: Optional[int] = None
    text: Optional[str] = None
    address: Optional[str] = None
    wait: Optional[float] = None


class SubscriptionEvent(NamedTuple):
    """The state of a subscription has changed; ``gap``: messages may be missing (K-20, K-24)."""

    channel: str
    state: str
    reason: Optional[str] = None
    status: Optional[int] = None
    text: Optional[str] = None
    restored: bool = False
    gap: bool = False


class PublishEvent(NamedTuple):
    """A publish was ``refused`` or has ``failed``."""

    channel: str
    id: str
    outcome: str
    error: Exception


class SlowEvent(NamedTuple):
    """QoS 0 messages are dropped, from now on; with ``dropped``: so many were, and no more are (K-35, K-36)."""

    channel: str
    dropped: Optional[int] = None


class ErrorEvent(NamedTuple):
    """Something failed that no call stands for: ``kind`` is ``handler``, ``listener`` or ``frame``."""

    kind: str
    error: BaseException
    message: Optional[Any] = None


Event = Union[StateEvent, SubscriptionEvent, PublishEvent, SlowEvent, ErrorEvent]
Listener = Callable[[Any], None]
