"""``MessageQueue``: CoreMQ with calls that wait. One thread at a time may use it."""

from __future__ import annotations

import socket
import time
from collections import deque
from typing import Any, Deque, Dict, List, Optional, Tuple, Union

from .frames import PORT, ConnectionClosed, Frame, FrameReader, ProtocolError, Welcome, checked_queues, construct_message, is_answer

_CONNECT_SECONDS = 30.0
_ANSWER_SECONDS = 30.0
_READ_BYTES = 64 * 1024

Result = Tuple[Optional[str], Optional[Dict[str, Any]]]


class MessageQueue:
    """A connection to a CoreMQ server, made by the first call, and once more when it is found lost."""

    def __init__(self, server: str = "127.0.0.1", port: int = PORT) -> None:
        self.server = server
        self.port = port
        self.socket: Optional[socket.socket] = None
        self.connection_id: Optional[str] = None
        self.welcome_message: Optional[Welcome] = None
        self.subscriptions: List[str] = []
        self.options: Dict[str, Any] = {}
        self._reader = FrameReader()
        self._waiting: Deque[Frame] = deque()

    def connect(self) -> None:
        """Connects, if it is not; subscriptions and options of before are made again. ``OSError``, ``ConnectionClosed``."""
        if self.socket is not None:
            return
        self.socket = socket.create_connection((self.server, self.port), _CONNECT_SECONDS)
        self._reader = FrameReader()
        self._waiting.clear()
        try:
            welcome = self._read(time.monotonic() + _CONNECT_SECONDS)
            if welcome is None:
                raise ConnectionClosed("the server says nothing")
            self.connection_id, self.welcome_message = welcome[0], Welcome(welcome[1])
            if self.subscriptions:
                self._ask({"coremq_subscribe": self.subscriptions})
            if self.options:
                self._ask({"coremq_options": self.options})
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Closes the connection."""
        if self.socket is not None:
            self.socket.close()
            self.socket = None

    def send_message(self, queue: str, message: Union[str, Dict[str, Any]]) -> Result:
        """Sends a message or request, and returns the server's answer to it. Messages that come meanwhile wait for ``get_message``.

        ``ConnectionClosed``: the connection was lost before the answer, and made again; whether the message was taken is not known.
        """
        frame = construct_message(queue, message)
        self._look_whether_lost()
        self.connect()
        try:
            return self._exchange(frame)
        except (OSError, ConnectionClosed, ProtocolError) as error:
            self._reconnect()
            raise ConnectionClosed("the connection was lost before the answer came") from error

    def get_message(self, timeout: float = 1) -> Result:
        """Returns the next queue and message, or ``(None, None)`` when none came for ``timeout`` seconds."""
        self.connect()
        try:
            frame = self._next(timeout)
        except (OSError, ConnectionClosed, ProtocolError):
            self._reconnect()
            frame = self._next(timeout)
        if frame is None:
            return None, None
        if frame[1].get("response") == "BYE":
            self.close()
        return frame

    def listen(self, seconds: float = 30) -> None:
        """Prints queues and messages for so many seconds."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            queue, message = self.get_message(min(1.0, max(0.0, end - time.monotonic())))
            if queue is not None:
                print(queue, message)

    def get_history(self, *queues: Any) -> Result:
        """Asks for the last messages of queues, of those subscribed to if none is named: ``{"history": {queue: […]}}``."""
        return self._request("coremq_gethistory", checked_queues(queues, self.subscriptions))

    def subscribe(self, *queues: Any) -> Result:
        """Subscribes to queues."""
        names = checked_queues(queues)
        self.connect()
        self.subscriptions += [name for name in names if name not in self.subscriptions]
        return self._request("coremq_subscribe", names)

    def unsubscribe(self, *queues: Any) -> Result:
        """Unsubscribes from queues."""
        names = checked_queues(queues)
        self.subscriptions = [name for name in self.subscriptions if name not in names]
        return self._request("coremq_unsubscribe", names)

    def set_options(self, **options: Any) -> Result:
        """Sets options of the connection; ``None`` removes one."""
        self.connect()
        self.options.update(options)
        self.options = {name: value for name, value in self.options.items() if value is not None}
        return self._request("coremq_options", options)

    def stress(self, queue: str, count: int = 10_000, wait: float = 0, silent: bool = False) -> None:
        """Sends ``count`` messages, ``wait`` seconds apart, and prints how long that took."""
        begun = time.monotonic()
        for number in range(count):
            self.send_message(queue, {"iteration": number})
            if wait:
                time.sleep(wait)
        taken = time.monotonic() - begun
        if not silent:
            print(f"{count} messages in {taken:.3f} seconds, {count / taken:.0f} per second")

    def _request(self, name: str, value: Any) -> Result:
        self.connect()
        return self.send_message(str(self.connection_id), {name: value})

    def _ask(self, message: Dict[str, Any]) -> None:
        self._exchange(construct_message(str(self.connection_id), message))

    def _exchange(self, frame: bytes) -> Result:
        if self.socket is None:
            raise ConnectionClosed("not connected")
        self.socket.settimeout(_ANSWER_SECONDS)
        self.socket.sendall(frame)
        end = time.monotonic() + _ANSWER_SECONDS
        while True:
            answer = self._read(end)
            if answer is None:
                raise ConnectionClosed("the server does not answer")
            if is_answer(str(self.connection_id), answer):
                return answer
            self._waiting.append(answer)

    def _next(self, timeout: float) -> Optional[Frame]:
        return self._waiting.popleft() if self._waiting else self._read(time.monotonic() + timeout)

    def _read(self, end: float) -> Optional[Frame]:
        """Returns the next frame, or ``None`` if it has not come when ``end`` has."""
        for frame in self._reader.feed(b""):
            return frame
        while self.socket is not None:
            self.socket.settimeout(max(0.001, end - time.monotonic()))
            try:
                received = self.socket.recv(_READ_BYTES)
            except socket.timeout:
                return None
            if not received:
                raise ConnectionClosed("the server closed the connection")
            for frame in self._reader.feed(received):
                return frame
        raise ConnectionClosed("not connected")

    def _look_whether_lost(self) -> None:
        """Takes in what is there: a message sent on a connection that the server has closed would get lost."""
        if self.socket is None:
            return
        try:
            self.socket.setblocking(False)
            received = self.socket.recv(_READ_BYTES)
            if received:
                self._waiting.extend(self._reader.feed(received))
            else:
                self.close()
        except BlockingIOError:
            pass
        except (OSError, ProtocolError):
            self.close()

    def _reconnect(self) -> None:
        self.close()
        self.connect()
