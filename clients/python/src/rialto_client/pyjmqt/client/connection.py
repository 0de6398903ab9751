"""One connection of the old interface: what was asked on it, and who is to be called with the answers."""

from __future__ import annotations

import threading
from collections import deque
from typing import Any, Callable, Deque, Dict, Mapping, Optional

from ...environment import Carrier
from ...errors import NETWORK_ERROR, OK
from ...farewell import status_of
from ...framing import decode, encode
from ...heartbeat import Heartbeat
from ...inbox import is_on
from ...loop import LoopEnvironment
from ...threads import HandlerThread, NetworkThread
from ..log import Logger

Callback = Optional[Callable[..., object]]

_DEFAULT_TIMEOUT = 15.0


class Connection:
    """A connection from its opening to its end. Methods without an underscore may be called on any thread."""

    def __init__(
        self, environment: LoopEnvironment, network: NetworkThread, worker: HandlerThread, logger: Logger,
        push_callback: Callable[[], Callback], ended: Callable[["Connection", bool], None],
    ) -> None:
        self.is_connected = False
        self._environment = environment
        self._network = network
        self._worker = worker
        self._logger = logger
        self._push_callback = push_callback
        self._ended = ended
        self._lock = threading.Lock()
        self._is_open = False
        self._is_over = False
        self._waiting: Deque[Callable[[], None]] = deque()
        self._auths: Deque[Callback] = deque()
        self._conns: Deque[Callback] = deque()
        self._subs: Dict[str, Callback] = {}
        self._unsubs: Dict[str, Callback] = {}
        self._pubs: Dict[str, Callback] = {}
        self._name = ""
        # Of the network thread alone.
        self._carrier: Optional[Carrier] = None
        self._heartbeat = Heartbeat(environment.clock, self)

    def open(self, host: str, port: object, tls: bool) -> None:
        """Begins to connect."""
        self._name = f"{host}:{port}"
        self._logger.log_info(f"Opening socket {self._name}")
        address = f"{'jmqts' if tls else 'jmqt'}://{f'[{host}]' if ':' in host else host}:{port}"

        def begin() -> None:
            self._carrier = self._environment.open(address, self)

        self._network.submit(begin)

    def auth(self, data: Any, callback: Callback) -> None:
        """Sends credentials as soon as it is open."""
        frame = encode("auth", {"dt": data})
        self._when_open(self._auths, callback, "auth..", frame)

    def conn(self, client: Any, token: Any, callback: Callback) -> None:
        """Asks for a session as soon as it is open."""
        frame = encode("conn", {"at": token, "cl": client})
        self._when_open(self._conns, callback, "conn..", frame)

    def ask(self, kind: str, key: str, line: str, body: Mapping[str, Any], callback: Callback) -> bool:
        """Sends a ``sub``, ``unsub`` or ``pub``; false if there is no session."""
        frame = encode(kind, body)
        with self._lock:
            if not self.is_connected:
                return False
            {"sub": self._subs, "unsub": self._unsubs, "pub": self._pubs}[kind][key] = callback
        (self._logger.log_debug if kind == "pub" else self._logger.log_info)(line)
        self._send(frame)
        return True

    def push_ack(self, id: Any) -> None:
        """Acknowledges a push."""
        if self.is_connected:
            self._send(encode("pushAck", {"st": OK, "id": id}))

    def close(self, send_disconn: bool, done: Callable[[], None]) -> None:
        """Ends it; the disconnect callback is not called."""
        if not self._network.submit(lambda: self._close(send_disconn, done)):
            done()

    # On the network thread: what the carrier tells.

    def opened(self) -> None:
        """It takes frames from now on."""
        self._logger.log_info("Read started")
        self._logger.log_info(f"Socket opened {self._name}")
        with self._lock:
            self._is_open = True
            waiting, self._waiting = self._waiting, deque()
        for act in waiting:
            act()

    def frame(self, frame: bytes) -> None:
        """A frame came; one that holds no packet is ignored."""
        self._heartbeat_heard()
        packet = decode(frame)
        if packet is None:
            return
        root, body = packet
        if root == "push":
            self._push(body)
        elif root == "authAck":
            self._auth_ack(body)
        elif root == "connAck":
            self._conn_ack(body)
        elif root in ("subAck", "unsubAck"):
            self._channel_ack(root, body)
        elif root == "pubAck":
            self._pub_ack(body)

    def closed(self, code: Optional[int], text: str) -> None:
        """It ended."""
        self._finish()
        opened = code is not None
        self._logger.log_info(f"Socket closed {self._name}" if opened else f"Socket failed {text}")
        for callback in self._take(self._auths):
            self._call(callback, NETWORK_ERROR, "", "", "")
        for callback in self._take(self._conns):
            self._call(callback, NETWORK_ERROR)
        self._ended(self, opened)

    # What the heartbeat asks for.

    def beat(self) -> None:
        """Sends an ``hb``."""
        self._send_now(encode("hb", {}))

    def silent(self) -> None:
        """Nothing was heard for too long."""
        carrier = self._carrier
        self.closed(1006, "silent")
        if carrier is not None:
            carrier.abort()

    def late(self) -> None:
        """The machine slept."""
        self._heartbeat.probe()

    def _when_open(self, asked: Deque[Callback], callback: Callback, line: str, frame: bytes) -> None:
        def act() -> None:
            self._logger.log_info(line)
            self._send(frame)

        with self._lock:
            is_over = self._is_over
            if not is_over:
                asked.append(callback)
                if not self._is_open:
                    self._waiting.append(act)
                    return
        if is_over:
            self._call(callback, *((NETWORK_ERROR, "", "", "") if asked is self._auths else (NETWORK_ERROR,)))
        else:
            act()

    def _send(self, frame: bytes) -> None:
        self._network.submit(lambda: self._send_now(frame))

    def _send_now(self, frame: bytes) -> None:
        if self._carrier is not None and not self._is_over:
            self._carrier.send(frame)
            self._heartbeat.sent()

    def _heartbeat_heard(self) -> None:
        if self.is_connected:
            self._heartbeat.heard()

    def _take(self, asked: Deque[Callback]) -> Deque[Callback]:
        with self._lock:
            taken = deque(asked)
            asked.clear()
        return taken

    def _next(self, asked: Deque[Callback]) -> Callback:
        with self._lock:
            return asked.popleft() if asked else None

    def _call(self, callback: Callback, *given: Any) -> None:
        if callback is not None:
            self._worker.submit(lambda: self._run(callback, given))

    def _run(self, callback: Callable[..., object], given: Any) -> None:
        try:
            callback(*given)
        except Exception as error:
            self._logger.log_error(f"a callback failed: {error!r}")

    def _auth_ack(self, body: Mapping[str, Any]) -> None:
        self._logger.log_info(f"authAck, status {status_of(body)}")
        given = (body.get("at", ""), body.get("cl", ""), body.get("mg", ""))
        self._call(self._next(self._auths), status_of(body), *given)

    def _conn_ack(self, body: Mapping[str, Any]) -> None:
        status = status_of(body)
        self._logger.log_info(f"connAck, status {status}")
        if status == OK:
            timeout = body.get("ts")
            with self._lock:
                self.is_connected = True
            self._heartbeat.start(float(timeout) if isinstance(timeout, (int, float)) and timeout > 0 else _DEFAULT_TIMEOUT)
            self._logger.log_info("HB started")
        self._call(self._next(self._conns), status)

    def _channel_ack(self, root: str, body: Mapping[str, Any]) -> None:
        channel, status = body.get("cn"), status_of(body)
        self._logger.log_debug(f"{root}, '{channel}' status {status}")
        asked = self._subs if root == "subAck" else self._unsubs
        with self._lock:
            callback = asked.get(str(channel))
        self._call(callback, status, channel)

    def _pub_ack(self, body: Mapping[str, Any]) -> None:
        id, status = body.get("id"), status_of(body)
        self._logger.log_debug(f"pubAck, '{id}' status {status}")
        with self._lock:
            callback = self._pubs.pop(str(id), None)
        self._call(callback, status, id, body.get("dt"))

    def _push(self, body: Mapping[str, Any]) -> None:
        callback = self._push_callback()
        # Without a callback nobody has dealt with it: the broker keeps it.
        if callback is None:
            return
        retain = 1 if is_on(body.get("rt")) else 0
        qos = 1 if is_on(body.get("q")) else 0
        given = (body.get("cn"), body.get("cl", ""), body.get("dt"), qos, retain)

        def handle() -> None:
            self._run(callback, given)
            if qos == 1 and not retain and "id" in body:
                self.push_ack(body["id"])

        self._worker.submit(handle)

    def _close(self, send_disconn: bool, done: Callable[[], None]) -> None:
        carrier = self._carrier
        if send_disconn and self.is_connected:
            self._send_now(encode("disconn", {}))
        self._finish()
        if carrier is None:
            done()
        else:
            carrier.end(done)

    def _finish(self) -> None:
        self._heartbeat.stop()
        self._carrier = None
        with self._lock:
            self._is_over = True
            self._is_open = self.is_connected = False
            self._waiting.clear()
            for asked in (self._subs, self._unsubs, self._pubs):
                asked.clear()
