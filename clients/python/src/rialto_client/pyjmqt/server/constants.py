"""The numbers and words that callbacks return and are given."""

from __future__ import annotations

from ... import errors


class StatusCode:
    """What an acknowledgement says."""

    UNKNOWN = -1
    FAILED = errors.FAILED
    OK = errors.OK
    SERVER_ERROR = errors.SERVER_ERROR
    INVALID_TOKEN = errors.INVALID_TOKEN
    NOT_ALLOWED = errors.NOT_ALLOWED
    CLIENT_OFFLINE = errors.CLIENT_OFFLINE
    NETWORK_ERROR = errors.NETWORK_ERROR
    INVALID_PACKET = errors.INVALID_PACKET
    INVALID_CHANNEL = errors.INVALID_CHANNEL


class Protocol:
    """How a client is connected."""

    SOCKET = "SOCKET"
    SSL_SOCKET = "SSL_SOCKET"
    WEB_SOCKET = "WEB_SOCKET"
    SSL_WEB_SOCKET = "SSL_WEB_SOCKET"
