"""CoreMQ's asyncio client: a protocol to derive from, and a factory that connects it."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Callable, Dict, List, Optional, Sequence, Union, cast

from .frames import PORT, FrameReader, ProtocolError, checked_queues, construct_message

_RETRY_SECONDS = 1.0


class CoreMqClientFactory:
    """Connects a protocol to the first of several servers that answers, and again when the connection is lost.

    ``servers`` are names, or ``name:port``; ``attempts`` says how often each is tried.
    """

    def __init__(
        self, protocol: Callable[..., "CoreMqClientProtocol"], servers: Union[str, Sequence[str]], port: int = PORT,
        loop: Optional[asyncio.AbstractEventLoop] = None, logger: Optional[logging.Logger] = None, auto_reconnect: bool = True,
        attempts: int = 1, subscriptions: Optional[Sequence[str]] = None,
    ) -> None:
        self.protocol = protocol
        self.servers = [servers] if isinstance(servers, str) else list(servers)
        self.port = port
        self.loop = loop
        self.logger = self.get_logger(logger)
        self.auto_reconnect = auto_reconnect
        self.attempts = attempts
        self.initial_subscriptions = subscriptions
        self.lost_connection_callback: Optional[Callable[[], Any]] = None
        self.shutting_down = False
        self.connection: Optional["CoreMqClientProtocol"] = None
        self.connected_server: Optional[str] = None
        self._connected_once = False
        self._options: Dict[str, Any] = {}
        self._task: Optional["asyncio.Task[None]"] = None

    def __call__(self) -> "CoreMqClientProtocol":
        return self.protocol(self, loop=self.loop, logger=self.logger, subscriptions=self.initial_subscriptions)

    @staticmethod
    def get_logger(logger: Optional[logging.Logger] = None) -> logging.Logger:
        """Returns the logger, by default that of the name ``CoreMQ``."""
        return logger or logging.getLogger("CoreMQ")

    async def connect(self) -> None:
        """Connects. ``connection`` is the protocol then, or ``None`` if no server answers."""
        loop = self.loop = self.loop or asyncio.get_running_loop()
        self.connection = self.connected_server = None
        for server in self.servers:
            host, _, port = server.partition(":")
            for attempt in range(self.attempts):
                try:
                    _, protocol = await loop.create_connection(self, host, int(port or self.port))
                except OSError as error:
                    self.logger.warning("CoreMQ at %s cannot be reached: %s", server, error)
                    await asyncio.sleep(_RETRY_SECONDS)
                    continue
                self.connection, self.connected_server, self._connected_once = protocol, server, True
                return
        if self._connected_once and self.lost_connection_callback is not None:
            await self.lost_connection_callback()

    def close(self) -> None:
        """Ends: a lost connection is not made again."""
        self.shutting_down = True
        if self._task is not None:
            self._task.cancel()
        if self.connection is not None and self.connection.transport is not None:
            self.connection.transport.close()

    def _lost(self, protocol: "CoreMqClientProtocol") -> None:
        if self.shutting_down or not self.auto_reconnect:
            return
        self.initial_subscriptions = protocol.subscriptions
        self._options = protocol.options
        self.logger.warning("the connection to CoreMQ was lost")
        self._task = asyncio.ensure_future(self.connect())


class CoreMqClientProtocol(asyncio.Protocol):
    """One connection. Derive from it and override ``new_message``, as a function or ``async def``."""

    def __init__(
        self, factory: CoreMqClientFactory, loop: Optional[asyncio.AbstractEventLoop] = None,
        logger: Optional[logging.Logger] = None, subscriptions: Optional[Sequence[str]] = None,
    ) -> None:
        self.factory = factory
        self.loop = loop or asyncio.get_running_loop()
        self.logger = factory.get_logger(logger)
        self.transport: Optional[asyncio.Transport] = None
        self.uuid: Optional[str] = None
        self.server: Optional[str] = None
        self.subscriptions: List[str] = list(subscriptions or ())
        self.options: Dict[str, Any] = dict(factory._options)
        self.connected_future: "asyncio.Future[bool]" = self.loop.create_future()
        self._reader = FrameReader()
        self._tasks: "set[asyncio.Task[Any]]" = set()

    def new_message(self, queue: str, message: Dict[str, Any]) -> Any:
        """Called with each frame, answers and the welcome included."""

    def send_message(self, queue: str, message: Union[str, Dict[str, Any]]) -> None:
        """Sends a message or request; its answer comes to ``new_message``."""
        frame = construct_message(queue, message)
        if self.transport is not None:
            self.transport.write(frame)

    def get_history(self, *queues: Any) -> None:
        """Asks for the last messages of queues, of those subscribed to if none is named."""
        self._request("coremq_gethistory", checked_queues(queues, self.subscriptions))

    def subscribe(self, *queues: Any) -> None:
        """Subscribes to queues."""
        names = checked_queues(queues)
        self.subscriptions += [name for name in names if name not in self.subscriptions]
        self._request("coremq_subscribe", names)

    def unsubscribe(self, *queues: Any) -> None:
        """Unsubscribes from queues."""
        names = checked_queues(queues)
        self.subscriptions = [name for name in self.subscriptions if name not in names]
        self._request("coremq_unsubscribe", names)

    def set_options(self, **options: Any) -> None:
        """Sets options of the connection; ``None`` removes one."""
        self.options.update(options)
        self.options = {name: value for name, value in self.options.items() if value is not None}
        self._request("coremq_options", options)

    def close(self) -> None:
        """Ends the connection for good."""
        self.factory.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The stream is there."""
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Bytes came, in any cut."""
        try:
            for queue, message in self._reader.feed(data):
                self._take(queue, message)
        except ProtocolError as error:
            self.logger.error("CoreMQ does not speak its protocol: %s", error)
            if self.transport is not None:
                self.transport.abort()

    def connection_lost(self, exc: Optional[Exception]) -> None:
        """The connection is over."""
        self.transport = None
        if not self.connected_future.done():
            self.connected_future.cancel()
        self.factory._lost(self)

    def _request(self, name: str, value: Any) -> None:
        # Before the welcome there is no id; what is wanted is asked for behind it.
        if self.uuid is not None:
            self.send_message(self.uuid, {name: value})

    def _take(self, queue: str, message: Dict[str, Any]) -> None:
        if self.uuid is None:
            self.uuid, self.server = queue, message.get("server")
            if self.subscriptions:
                self._request("coremq_subscribe", self.subscriptions)
            if self.options:
                self._request("coremq_options", self.options)
            self.connected_future.set_result(True)
        result = self.new_message(queue, message)
        if asyncio.iscoroutine(result):
            task = self.loop.create_task(result)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
