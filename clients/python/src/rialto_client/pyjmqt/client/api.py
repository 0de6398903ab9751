"""``Client`` as ``pyjmqt.client.api`` has it."""

from __future__ import annotations

import ssl
import threading
from typing import Any, Dict, Optional

from ...errors import NETWORK_ERROR, OK
from ...inbox import is_on
from ...loop import LoopEnvironment
from ...threads import HandlerThread, NetworkThread
from ..configuration import Value, read
from ..log import Logger
from .connection import Callback, Connection

_DEFAULTS: Dict[str, Value] = {
    "LOG_PATH": "", "LOG_MODE": "INF", "ENABLE_SSL": 0, "SSL_CERT_PATH": "", "SSL_KEY_PATH": "", "SSL_CA_PATH": "",
    "REMOTE_HOST": "localhost", "REMOTE_PORT": 8011,
}
_STATUS_CODES = {
    "UNKNOWN": -1, "FAILED": 0, "OK": 1, "MALFORMED_PACKET": 3, "SERVER_ERROR": 5, "INVALID_TOKEN": 6, "NOT_ALLOWED": 7,
    "CLIENT_OFFLINE": 8, "NETWORK_ERROR": 9, "INVALID_PACKET": 10, "INVALID_CHANNEL": 11,
}
_END_SECONDS = 3.0


class Client:
    """A client whose calls return at once and whose callbacks bring the answers, one at a time, on one thread.

    It does not connect again by itself: the program does, when its disconnect callback is called. ``config_path`` is a
    ``client.conf``; ``None`` or ``""`` stand for the defaults.
    """

    JMQT_VERSION = "1.0"

    def __init__(self, config_path: Optional[str] = None) -> None:
        self.statusCodes = dict(_STATUS_CODES)
        self._configuration = read(config_path, _DEFAULTS)
        self._logger = Logger("JMQTClient", self._configuration)
        if config_path:
            self._logger.log_info(f'Loading config "{config_path}"')
        self._push_callback: Callback = None
        self._disconnect_callback: Callback = None
        self._lock = threading.Lock()
        self._network: Optional[NetworkThread] = None
        self._worker: Optional[HandlerThread] = None
        self._connection: Optional[Connection] = None
        self._packet_count = 0

    def get_client_config(self) -> Dict[str, Value]:
        """Returns the configuration."""
        return self._configuration

    def get_logger(self) -> Logger:
        """Returns the logger that this client uses."""
        return self._logger

    def registerPushcallback(self, callback: Callback) -> None:
        """Sets what is called with each message: ``callback(channel, client, data, qos, retain)``.

        A QoS 1 message is acknowledged when it has returned or raised; without a callback the broker keeps it.
        """
        self._push_callback = callback

    def registerDisconnectcallback(self, callback: Callback) -> None:
        """Sets what is called, without arguments, when the connection was lost."""
        self._disconnect_callback = callback

    def auth(self, data: Any, callback: Callback = None) -> None:
        """Authenticates, over a new connection if there is none: ``callback(status, token, client, message)``."""
        self._opened().auth("" if data is None else data, callback)

    def conn(self, client: str, token: str, callback: Callback = None) -> None:
        """Opens a session: ``callback(status)``."""
        connection = self._opened()
        if connection.is_connected:
            self._call(callback, OK)
        else:
            connection.conn(client, token, callback)

    def sub(self, channel: str, persistent: Any, callback: Callback = None) -> None:
        """Subscribes: ``callback(status, channel)``."""
        flag = 1 if is_on(persistent) else 0
        if not self._ask("sub", channel, f"sub '{channel}' persistent {flag}", {"cn": channel, "pr": flag}, callback):
            self._call(callback, NETWORK_ERROR, channel)

    def unsub(self, channel: str, callback: Callback = None) -> None:
        """Unsubscribes: ``callback(status, channel)``."""
        if not self._ask("unsub", channel, f"unsub '{channel}'", {"cn": channel}, callback):
            self._call(callback, NETWORK_ERROR, channel)

    def pub(self, channel: str, data: Any, retain: Any = 0, qos: Any = 0, callback: Callback = None) -> str:
        """Publishes and returns the packet's id: ``callback(status, id, data)``, save for a QoS 0 publish that succeeds."""
        with self._lock:
            self._packet_count += 1
            id = str(self._packet_count)
        flags = {"rt": 1 if is_on(retain) else 0, "q": 1 if is_on(qos) else 0}
        # Nothing answers a QoS 0 publish that succeeds, so its callback is not kept.
        kept = callback if flags["q"] == 1 or channel.startswith("$") else None
        if not self._ask("pub", id, f"pub '{id}' to '{channel}'", {"cn": channel, "dt": data, **flags, "id": id}, kept):
            self._call(callback, NETWORK_ERROR, id, None)
        return id

    def pushAck(self, id: str) -> None:
        """Acknowledges a message. The client does so by itself when the push callback is over."""
        connection = self._connection
        if connection is not None:
            connection.push_ack(id)

    def stop(self, send_disconn: bool = False) -> None:
        """Ends the connection and the threads. A later ``auth`` or ``conn`` begins anew."""
        with self._lock:
            connection, network, worker = self._connection, self._network, self._worker
            self._connection = self._network = self._worker = None
        if network is None or worker is None:
            return
        if connection is not None:
            gone = threading.Event()
            connection.close(send_disconn, gone.set)
            gone.wait(_END_SECONDS)
        network.stop(_END_SECONDS)
        worker.stop(_END_SECONDS)

    def _opened(self) -> Connection:
        with self._lock:
            network, worker = self._threads()
            connection = self._connection
            if connection is not None:
                return connection
            environment = LoopEnvironment(network.loop, self._tls())
            connection = self._connection = Connection(
                environment, network, worker, self._logger, lambda: self._push_callback, self._lost,
            )
        configuration = self._configuration
        connection.open(str(configuration["REMOTE_HOST"]), configuration["REMOTE_PORT"], is_on(configuration["ENABLE_SSL"]))
        return connection

    def _threads(self) -> "tuple[NetworkThread, HandlerThread]":
        if self._network is None or self._worker is None:
            self._network, self._worker = NetworkThread(), HandlerThread()
        return self._network, self._worker

    def _tls(self) -> Optional[ssl.SSLContext]:
        configuration = self._configuration
        if not is_on(configuration["ENABLE_SSL"]):
            return None
        authority = str(configuration["SSL_CA_PATH"])
        context = ssl.create_default_context(cafile=authority or None)
        if not authority:
            # As the original, which looked at no certificate.
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if configuration["SSL_CERT_PATH"]:
            context.load_cert_chain(str(configuration["SSL_CERT_PATH"]), str(configuration["SSL_KEY_PATH"]) or None)
        return context

    def _ask(self, kind: str, key: str, line: str, body: Dict[str, Any], callback: Callback) -> bool:
        connection = self._connection
        return connection is not None and connection.ask(kind, key, line, body, callback)

    def _call(self, callback: Callback, *given: Any) -> None:
        if callback is None:
            return
        with self._lock:
            _, worker = self._threads()
        worker.submit(lambda: self._run(callback, given))

    def _run(self, callback: Any, given: Any) -> None:
        try:
            callback(*given)
        except Exception as error:
            self._logger.log_error(f"a callback failed: {error!r}")

    def _lost(self, connection: Connection, was_open: bool) -> None:
        with self._lock:
            if self._connection is connection:
                self._connection = None
        if was_open:
            self._call(self._disconnect_callback)
