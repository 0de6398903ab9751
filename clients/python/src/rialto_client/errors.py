"""What a client says when something did not go well (K-2)."""

from __future__ import annotations

from typing import Optional, Type

_FINAL = frozenset(("asked", "taken-over", "removed", "refused", "unauthorized", "identity-changed", "gave-up"))

FAILED = 0
OK = 1
SERVER_ERROR = 5
INVALID_TOKEN = 6
NOT_ALLOWED = 7
CLIENT_OFFLINE = 8
NETWORK_ERROR = 9
"""Never sent: made up when the server cannot be reached."""
INVALID_PACKET = 10
INVALID_CHANNEL = 11


class RialtoError(Exception):
    """A call that failed.

    ``reason`` is one of the fixed words of the contract, ``status`` the server's, ``temporary`` says whether the same call
    may succeed later. The text is for people and may change.
    """

    def __init__(self, text: str, reason: str, status: Optional[int] = None, temporary: bool = False) -> None:
        super().__init__(text)
        self.reason = reason
        self.status = status
        self.temporary = temporary


class Refused(RialtoError):
    """The server said no, or the request made no sense."""


class Lost(RialtoError):
    """There is no connection, or it was lost before the answer came."""


class Full(RialtoError):
    """There is no room for a publish: the outbox, or what the connection takes, is full."""


class Closed(RialtoError):
    """The client has ended, or is about to."""


class Unauthorized(Exception):
    """Raised by a function for credentials, it ends the client (K-11)."""


def is_final(reason: str, asks_for_credentials: bool) -> bool:
    """Whether the client does not try again by itself after ``reason`` (K-3)."""
    return reason in _FINAL or (reason == "withdrawn" and not asks_for_credentials)


def refusal(what: str, status: int, text: Optional[str]) -> RialtoError:
    """Returns the error of a request that the server answered with ``status``."""
    temporary = status == SERVER_ERROR
    said = f"{what} was answered with status {status}" + (f": {text}" if text else "")
    return Refused(said, "server-error" if temporary else "refused", status, temporary)


def offline(what: str) -> RialtoError:
    """Returns the error of what cannot be done without a connection."""
    return Lost(f"{what}: not connected", "unreachable", NETWORK_ERROR, True)


def ending(reason: str, text: Optional[str] = None, status: Optional[int] = None) -> RialtoError:
    """Returns the error of calls that the end of a client leaves unanswered."""
    kind: Type[RialtoError] = Refused if reason in ("refused", "unauthorized") else Closed
    return kind(f"the client is closed, {reason}" + (f": {text}" if text else ""), reason, status)



def ended_by(error: Optional[RialtoError]) -> bool:
    """Whether a subscription ended so that its reader must hear of it, and not by the application's own will."""
    return error is not None and not (isinstance(error, Closed) and error.reason == "asked")
