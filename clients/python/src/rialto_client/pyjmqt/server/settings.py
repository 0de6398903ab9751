"""What a ``server.conf`` says, as arguments of ``rialto serve``."""

from __future__ import annotations

from typing import Dict, List

from ...inbox import is_on
from ..configuration import Value

DEFAULTS: Dict[str, Value] = {
    "LOG_PATH": "server.log", "LOG_MODE": "INF", "SOCKET_PORT": 8010, "WEBSOCKET_PORT": 8012,
    "ENABLE_SSL": 0, "SSL_CERT_PATH": "server.crt", "SSL_KEY_PATH": "server.key", "SSL_SOCKET_PORT": 8011, "SSL_WEBSOCKET_PORT": 8013,
    "TIMEOUT_SECONDS": 15, "ENABLE_REDIS": 0, "ENABLE_MYSQL": 0, "RIALTO_BINARY": "", "RIALTO_DATA_DIR": "rialto-data",
}
# How long a callback may take: the broker then refuses for itself.
CALLBACK_SECONDS_MAX = 10
# Key of the port, listener of ours, what the original's log calls it.
PLAIN = (("SOCKET_PORT", "tcp", "SOCKET"), ("WEBSOCKET_PORT", "websocket", "WEB_SOCKET"))
TLS = (("SSL_SOCKET_PORT", "tls", "SSL_SOCKET"), ("SSL_WEBSOCKET_PORT", "wss", "SSL_WEB_SOCKET"))

# The original's programs hear of JMQT alone. The API is for this process, on a port that the system chooses.
_ALWAYS = (
    "access.mode=tokens", "listeners.coremq.enabled=false", "listeners.coremq-websocket.enabled=false",
    "listeners.pubsubx.enabled=false", "listeners.memcached.enabled=false", "listeners.http.enabled=true",
    "listeners.http.address=127.0.0.1:0", "api.status_page=false", "api.sample=never",
    "webhook.when_down=deny", f"webhook.timeout={CALLBACK_SECONDS_MAX}s", "webhook.concurrency_max=256",
)
_LEVELS = {"DBG": "debug", "ERR": "error", "DISABLED": "off"}


def listeners(configuration: Dict[str, Value]) -> "tuple[tuple[str, str, str], ...]":
    """Returns those that are to be open."""
    return PLAIN + TLS if is_on(configuration["ENABLE_SSL"]) else PLAIN


def arguments(configuration: Dict[str, Value], webhook_url: str) -> List[str]:
    """Returns what follows ``rialto serve``. ``ValueError``: a value is no number where one must be."""
    settings = [*_ALWAYS, f"webhook.url={webhook_url}"]
    settings += [f"listeners.{name}.address=0.0.0.0:{int(configuration[key])}" for key, name, _ in listeners(configuration)]
    # The broker takes milliseconds, the original whatever Python takes for seconds.
    settings.append(f"session.heartbeat_timeout={round(float(configuration['TIMEOUT_SECONDS']) * 1000)}ms")
    level = _LEVELS.get(str(configuration["LOG_MODE"]).upper(), "warn")
    given = ["--log-format", "json", "--log-level", level, "--data-dir", str(configuration["RIALTO_DATA_DIR"])]
    if is_on(configuration["ENABLE_SSL"]):
        settings += ["listeners.tls.tls=require", "listeners.wss.tls=require"]
        given += ["--tls-certificate", str(configuration["SSL_CERT_PATH"]), "--tls-key", str(configuration["SSL_KEY_PATH"])]
    else:
        settings += ["listeners.tls.enabled=false", "listeners.wss.enabled=false"]
    for setting in settings:
        given += ["--set", setting]
    return given
