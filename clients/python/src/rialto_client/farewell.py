"""Why a connection ended, read from the server's last words (K-2, K-3)."""

from __future__ import annotations

import re
from typing import Any, Mapping, Optional

from .errors import INVALID_TOKEN, SERVER_ERROR

# The server's words for the end of a session, and this client's reasons: the table of K-19.
WORDS = {
    "taken-over": "taken-over", "removed": "removed", "withdrawn": "withdrawn", "refused": "refused",
    "shutting-down": "server-stopping", "too-many-connections": "server-full", "listener-full": "server-full",
    "too-many-from-address": "server-full", "packet-too-large": "too-large", "slow-consumer": "overrun",
    "too-many-unacknowledged": "overrun", "internal": "server-error", "crashed": "server-error", "silent": "lost", "ended": "lost",
    "asked": "lost", "not-authenticated": "lost", "invalid-text": "lost", "binary-message": "lost", "framing-lost": "lost",
    "protocol-error": "lost",
}
# A server that sends no such word is understood by its text.
_TEXTS = (
    (re.compile("^taken over"), "taken-over"),
    (re.compile("^access was withdrawn"), "withdrawn"),
    (re.compile("the most allowed"), "server-full"),
    (re.compile("^slow consumer|unacknowledged$"), "overrun"),
)
_STATUSES = {5: "server-error", 6: "withdrawn", 7: "removed", 10: "too-large"}
_CODES = {1001: "server-stopping", 1008: "removed", 1009: "too-large", 1011: "server-error", 1012: "server-stopping", 1013: "server-full"}


def reason_named(word: object, text: str) -> Optional[str]:
    """Returns the reason that a word or a text of the server names, if it does."""
    if isinstance(word, str) and word in WORDS:
        return WORDS[word]
    return next((reason for pattern, reason in _TEXTS if pattern.search(text)), None)


def text_of(body: Mapping[str, Any]) -> Optional[str]:
    """Returns the text that an acknowledgement has for people."""
    text = body.get("mg")
    return text if isinstance(text, str) else None


def status_of(body: Mapping[str, Any]) -> int:
    """Returns the status of an acknowledgement; one without any has failed."""
    status = body.get("st")
    return status if isinstance(status, int) else 0


def reason_of_conn_ack(body: Mapping[str, Any]) -> str:
    """Returns the reason of a ``connAck`` that ends a session."""
    return reason_named(body.get("rs"), text_of(body) or "") or _STATUSES.get(status_of(body), "lost")


def reason_of_refusal(body: Mapping[str, Any]) -> str:
    """Returns the reason of an answer to ``auth`` or ``conn`` that refuses; ``unauthorized`` where other credentials may help."""
    named = reason_named(body.get("rs"), text_of(body) or "")
    # A full server is no refusal of this client: it may have room later.
    if named in ("server-full", "server-stopping"):
        return named
    return {SERVER_ERROR: "server-error", INVALID_TOKEN: "unauthorized"}.get(status_of(body), "refused")


def reason_of_close(code: int, text: str) -> str:
    """Returns the reason of a WebSocket's close code and text."""
    word = re.split(r"[\s:]", text, maxsplit=1)[0]
    return reason_named(word, text) or _CODES.get(code, "lost")
