"""A client without input or output: joins connection, publishes, requests and channels, and drains (K-60 to K-62)."""

from __future__ import annotations

from typing import Any, Callable, Mapping, Optional, Protocol, Sequence

from .channels import Channels
from .connection import Connection
from .environment import Environment, Timer
from .errors import RialtoError, ending
from .ids import Ids
from .options import Credentials, ErrorEvent, Settings, StateEvent
from .publisher import Publisher
from .requests import Requests


class CoreOwner(Protocol):
    """Who is told of events, and of the end."""

    def tell(self, name: str, event: Any) -> None:
        """An event has happened."""

    def came_online(self) -> None:
        """There is a session."""

    def has_ended(self, error: RialtoError) -> None:
        """The client has ended, and calls fail with this."""


class Core:
    """One client."""

    def __init__(
        self, env: Environment, addresses: Sequence[str], credentials: Credentials, settings: Settings, owner: CoreOwner,
    ) -> None:
        self._env = env
        self._owner = owner
        self._is_draining = False
        self._stop_draining: Callable[[], None] = _nothing
        self.error: Optional[RialtoError] = None
        """Why the client has ended, if it has."""
        ids = Ids()
        self.connection = Connection(env, addresses, credentials, settings, self)
        self.requests = Requests(env, self.connection, ids)
        self.publisher = Publisher(env, self.connection, settings.outbox, ids, lambda event: owner.tell("publish", event))
        self.channels = Channels(env, self.connection, self.requests, settings.inbox, owner)

    @property
    def state(self) -> str:
        """The state that applications see (K-1)."""
        return "draining" if self._is_draining and self.connection.state != "closed" else self.connection.state

    def check_open(self) -> None:
        """``Closed``: the client takes no calls."""
        if self._is_draining or self.connection.state == "closed":
            raise self.error or ending("asked")

    def connect(self) -> None:
        """Begins to connect, if it has not."""
        if self.connection.state == "closed":
            self._is_draining = False
            self.error = None
        self.connection.connect()

    def answers_wait(self) -> None:
        """To be called when calls were made or answered: reading goes on while one waits (K-36)."""
        self.channels.must_read(self.publisher.waits or len(self.requests) > 0)

    def drain(self, timeout: float, done: Callable[[], None]) -> None:
        """Lets what is under way finish, at most so long, then closes (K-61)."""
        if self._is_draining or self.connection.state in ("idle", "closed"):
            return self.close(done)
        previous = self.connection.state
        self._is_draining = True
        self._owner.tell("state", StateEvent("draining", previous))
        parts = 2
        timer: Optional[Timer] = None

        def finish() -> None:
            nonlocal timer, parts
            parts = -1
            self._stop_draining = _nothing
            if timer is not None:
                timer.cancel()
                timer = None
            self.close(done)

        def one_less() -> None:
            nonlocal parts
            parts -= 1
            if parts == 0:
                finish()

        timer = self._env.clock.set(timeout, finish)
        self._stop_draining = finish
        self.channels.drain(one_less)
        self.publisher.when_settled(one_less)

    def close(self, done: Callable[[], None]) -> None:
        """Ends at once (K-60); ``done``: the connection is gone."""
        self.connection.close(done)

    # What the connection tells.

    def state_changed(self, event: StateEvent) -> None:
        """The state has changed; a client that drains does so until it is closed (K-1)."""
        if not self._is_draining or event.state == "closed":
            self._owner.tell("state", event._replace(previous="draining") if self._is_draining else event)

    def online(self, resumed: bool) -> None:
        """A session has begun: first subscriptions, then what is unanswered, then anything new (K-23, K-44)."""
        self.channels.online(resumed)
        self.publisher.pump()
        self.requests.online()
        self.answers_wait()
        self._owner.came_online()

    def packet(self, root: str, body: Mapping[str, Any], size: int) -> None:
        """A packet came; unknown ones are ignored (K-37)."""
        if root == "push":
            self.channels.push(body, size)
        elif root == "pubAck":
            if not self.requests.answered(body):
                self.publisher.answered(body)
            self.answers_wait()
        elif root == "subAck":
            self.channels.subscribed(body)
        elif root == "unsubAck":
            self.channels.unsubscribed(body)

    def unreadable(self) -> None:
        """A frame holds no packet."""
        self._owner.tell("error", ErrorEvent("frame", ValueError("a frame holds no packet")))

    def lost(self, reason: str) -> None:
        """A session is over."""
        self.channels.lost()
        self.requests.lost()
        self.publisher.lost(reason)

    def has_room(self) -> bool:
        """Whether a connection may be opened again after an overrun."""
        return self.channels.has_room

    def ended(self, event: StateEvent) -> None:
        """The client has ended: every call is answered."""
        reason = event.reason or "asked"
        self.error = ending(reason, event.text, event.status)
        self._is_draining = False
        self.channels.end(self.error)
        self.requests.end(self.error)
        self.publisher.end(self.error)
        # A drain has nothing more to wait for, and its call is answered (K-62).
        self._stop_draining()
        self._owner.has_ended(self.error)


def _nothing() -> None:
    pass
