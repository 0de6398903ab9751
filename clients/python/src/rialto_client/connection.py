"""One connection at a time, and what becomes of it: states, attempts, session (K-1 to K-17). It does no I/O."""

from __future__ import annotations

from functools import partial
from typing import Any, Callable, Mapping, Optional, Sequence

from .alarm import Alarm
from .attempt import Attempt
from .attempts import Attempts
from .backoff import Backoff
from .connection_owner import ConnectionOwner, Said
from .environment import Carrier, Environment, Timer
from .errors import NETWORK_ERROR, Unauthorized, is_final
from .farewell import reason_of_close, reason_of_conn_ack, reason_of_refusal, status_of, text_of
from .framing import decode, encode
from .heartbeat import Heartbeat
from .options import Auth, Credentials, Identity, Settings, StateEvent, Token, Why

_ATTEMPT_SECONDS = 10.0
_HINT_SECONDS = 0.25
_DEFAULT_TIMEOUT = 15.0


class Connection:
    """The states of a client and the session of its one connection."""

    def __init__(
        self, env: Environment, addresses: Sequence[str], credentials: Credentials, settings: Settings, owner: ConnectionOwner,
    ) -> None:
        self.state = "idle"
        self.id: Optional[str] = None
        self.heartbeat = Heartbeat(env.clock, self)
        self._env = env
        self._credentials = credentials
        self._settings = settings
        self._owner = owner
        self._attempts = Attempts(addresses, settings.in_order, env.random)
        self._backoff = Backoff(env.random)
        self._attempt = 0
        # Counts connections: credentials for an abandoned one have another number.
        self._generation = 0
        self._carrier: Optional[Carrier] = None
        self._hearer: Optional[Attempt] = None
        self._alarm = Alarm(env.clock)
        self._question: Optional[Timer] = None
        self._pending_id = ""
        self._online_since = self._waiting_since = 0.0
        self._ever_online = self._asked_again = False
        self._last = Said()
        self._last_reason: Optional[str] = None

    @property
    def is_online(self) -> bool:
        """Whether there is a session."""
        return self.state == "online"

    def connect(self) -> None:
        """Begins to connect, from ``idle`` or ``closed``; in other states it already does."""
        if self.state not in ("idle", "closed"):
            return
        self._attempts.begin()
        self._backoff = Backoff(self._env.random)
        self._attempt = 0
        self._ever_online = self._asked_again = False
        self._last, self._last_reason = Said(), None
        self._waiting_since = self._env.clock.now()
        self._open()

    def send(self, frame: bytes) -> bool:
        """Sends a frame now; false if there is no session that could take it (K-10)."""
        if self.state != "online" or self._carrier is None:
            return False
        self._carrier.send(frame)
        self.heartbeat.sent()
        return True

    def read(self, does: bool) -> None:
        """Stops or goes on reading."""
        if self._carrier is None:
            return
        self.heartbeat.reading(does)
        if does:
            self._carrier.resume()
        else:
            self._carrier.pause()

    def wake(self) -> None:
        """A hint that the network or the machine is back (K-8)."""
        if self.state == "waiting":
            self._alarm.set(_HINT_SECONDS * self._env.random(), self._open_with_room)
        elif self.state == "online":
            self.heartbeat.probe()

    def close(self, done: Callable[[], None]) -> None:
        """Ends for good; online, what was written leaves with a ``disconn`` (K-60). ``done``: the connection is gone."""
        carrier = self._carrier
        if self.state == "online":
            self.send(encode("disconn", {}))
        if self.state != "closed":
            self._abandon()
            self._change("closed", reason="asked")
        if carrier is None:
            done()
        else:
            carrier.end(done)

    def lose(self, reason: str, said: Said = Said()) -> None:
        """Ends this connection for ``reason``; whether another follows depends on that."""
        if self.state in ("closed", "idle"):
            return
        was_online, previous = self.state == "online", self.state
        if self._carrier is not None:
            self._carrier.abort()
        self._abandon()
        self._last, self._last_reason = said, reason
        final = is_final(reason, callable(self._credentials))
        if was_online:
            now = self._env.clock.now()
            self._backoff.connection_ended(now - self._online_since)
            self._waiting_since = now
            # Nothing that the owner does now may be taken for sent.
            self.state = "waiting"
            self._owner.lost(reason)
        if final:
            self._change("closed", previous, reason=reason)
        else:
            self._wait(reason, was_online, previous)

    # What the heartbeat asks for.

    def beat(self) -> None:
        """Sends an ``hb``."""
        self.send(_HEARTBEAT)

    def silent(self) -> None:
        """Nothing was heard for too long."""
        self.lose("silent")

    def late(self) -> None:
        """The machine slept."""
        self.wake()

    def _wait(self, reason: str, was_online: bool, previous: str) -> None:
        wait = 0.0
        if was_online:
            self._attempts.begin_round()
            wait = self._backoff.next_wait(reason)
        elif self._attempts.next_begins_round():
            if not self._settings.retry_first and not self._ever_online:
                return self._change("closed", previous, reason="gave-up")
            wait = self._backoff.next_wait(reason)
        limit = self._settings.give_up_after
        act: Callable[[], None] = self._open_with_room
        if limit is not None:
            left = max(0.0, self._waiting_since + limit - self._env.clock.now())
            if left <= wait:
                wait, act = left, partial(self._change, "closed", reason="gave-up")
        self._change("waiting", previous, reason=reason, wait=wait)
        self._alarm.set(wait, act)

    def _open_with_room(self) -> None:
        if self._owner.has_room():
            self._open()
        else:
            self._alarm.set(_HINT_SECONDS, self._open_with_room)

    def _open(self) -> None:
        self._generation += 1
        why = Why(self._attempt, self._last_reason, self._last.status)
        self._attempt += 1
        self._change("connecting", address=self._attempts.address)
        self._alarm.set(_ATTEMPT_SECONDS, self._timed_out)
        if callable(self._credentials):
            self._question = self._env.ask(self._credentials, why, partial(self._answered, self._generation))
        else:
            self._dial(self._credentials)

    def _timed_out(self) -> None:
        self.lose("timeout", Said(NETWORK_ERROR, f"no session within {_ATTEMPT_SECONDS:.0f} seconds"))

    def _answered(self, generation: int, identity: Optional[Identity], error: Optional[BaseException]) -> None:
        if generation != self._generation:
            return
        self._question = None
        if identity is None:
            reason = "unauthorized" if isinstance(error, Unauthorized) else "unreachable"
            return self.lose(reason, Said(None, f"no credentials: {error!r}"))
        self._alarm.set(_ATTEMPT_SECONDS, self._timed_out)
        self._dial(identity)

    def _dial(self, identity: Identity) -> None:
        self._hearer = Attempt(partial(self._opened, identity), self._frame, self._closed)
        self._carrier = self._env.open(self._attempts.address, self._hearer)

    def _opened(self, identity: Identity) -> None:
        if isinstance(identity, str):
            identity = Auth({"client_name": identity})
        if isinstance(identity, Token):
            self._greet(identity.client, identity.token)
        elif self._carrier is not None:
            self._carrier.send(encode("auth", {"dt": identity.data}))

    def _greet(self, client: object, token: object) -> None:
        self._pending_id = str(client)
        if self._carrier is not None:
            self._carrier.send(encode("conn", {"at": token, "cl": client}))

    def _frame(self, frame: bytes) -> None:
        packet = decode(frame)
        if self.state == "online":
            self.heartbeat.heard()
        if packet is None:
            return self._owner.unreadable()
        root, body = packet
        if self.state == "connecting":
            if root == "authAck":
                self._authenticated(body)
            elif root == "connAck":
                self._connected(body)
        elif root == "hbAck":
            self.heartbeat.answered()
        elif root == "connAck":
            if status_of(body) != 1:
                self.lose(reason_of_conn_ack(body), Said(status_of(body), text_of(body)))
        else:
            self._owner.packet(root, body, len(frame))

    def _authenticated(self, body: Mapping[str, Any]) -> None:
        if status_of(body) == 1:
            self._greet(body.get("cl"), body.get("at"))
        else:
            self._refused(body)

    def _connected(self, body: Mapping[str, Any]) -> None:
        if status_of(body) != 1:
            return self._refused(body)
        if self.id is not None and self.id != self._pending_id:
            return self.lose("identity-changed")
        self.id = self._pending_id
        self._ever_online = True
        self._online_since = self._env.clock.now()
        self._asked_again = False
        self._alarm.cancel()
        timeout = body.get("ts")
        self.heartbeat.start(float(timeout) if isinstance(timeout, (int, float)) and timeout > 0 else _DEFAULT_TIMEOUT)
        previous, self.state = self.state, "online"
        self._owner.online(body.get("resumed") == 1)
        if self.state == "online":
            self._change("online", previous)

    def _refused(self, body: Mapping[str, Any]) -> None:
        said = Said(status_of(body), text_of(body))
        reason = reason_of_refusal(body)
        if reason != "unauthorized":
            self.lose(reason, said)
        elif not callable(self._credentials) or self._asked_again:
            self.lose("unauthorized", said)
        else:
            self._asked_again = True
            if self._carrier is not None:
                self._carrier.abort()
            self._abandon()
            self._last, self._last_reason = said, "unauthorized"
            self._open()

    def _closed(self, code: Optional[int], text: str) -> None:
        reason = "lost" if code is None else reason_of_close(code, text)
        if self.state != "online" and reason == "lost":
            return self.lose("unreachable", Said(NETWORK_ERROR, text or None))
        self.lose(reason, Said(None, text or None))

    def _abandon(self) -> None:
        self._generation += 1
        self._carrier = None
        if self._hearer is not None:
            self._hearer.is_left = True
        self.heartbeat.stop()
        self._alarm.cancel()
        if self._question is not None:
            self._question.cancel()
            self._question = None

    def _change(self, state: str, previous: Optional[str] = None, **about: Any) -> None:
        event = StateEvent(state, previous or self.state, self._attempt, **about)
        if state == "closed":
            self._alarm.cancel()
        if about.get("reason") not in (None, "asked"):
            event = event._replace(status=self._last.status, text=self._last.text)
        self.state = state
        self._owner.state_changed(event)
        if state == "closed":
            self._owner.ended(event)


_HEARTBEAT = encode("hb", {})
