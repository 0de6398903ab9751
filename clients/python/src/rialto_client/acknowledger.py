"""Which pushes are in hand, and which acknowledgements the server surely has (K-33, K-34)."""

from __future__ import annotations

from collections import OrderedDict
from typing import Set

from .connection import Connection
from .framing import to_json

_REMEMBERED_COUNT_MAX = 10_000


class _Known:
    __slots__ = ("in_hand", "is_abandoned", "lasts", "beat_count")

    def __init__(self, lasts: bool) -> None:
        self.in_hand = True
        # Whether it is in hand, and nobody deals with it.
        self.is_abandoned = False
        # Whether the server keeps it over the end of the connection.
        self.lasts = lasts
        # How many heartbeats had been sent when it was acknowledged.
        self.beat_count = 0


class Acknowledger:
    """Remembers the ids of pushes for as long as they may come again."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._known: "OrderedDict[str, _Known]" = OrderedDict()
        # Acknowledged while there was no connection, in this order.
        self._unsent: "OrderedDict[str, None]" = OrderedDict()
        self._in_hand: Set[str] = set()

    def is_new(self, id: str, lasts: bool) -> bool:
        """Says whether a push is new; one that is dealt with already is acknowledged again (K-33)."""
        self._settle()
        if id in self._in_hand:
            return False
        if id in self._known:
            self._send(id, self._known[id])
            return False
        self._known[id] = _Known(lasts)
        self._in_hand.add(id)
        return True

    def acknowledge(self, id: str) -> None:
        """A message is dealt with."""
        known = self._known.get(id)
        if known is None or not known.in_hand:
            return
        known.in_hand = False
        self._in_hand.discard(id)
        # Those that are dealt with are kept in the order in which they were, before those in hand are looked at.
        self._known.move_to_end(id)
        self._send(id, known)
        if len(self._known) - len(self._in_hand) > _REMEMBERED_COUNT_MAX:
            self._forget_oldest()

    def release(self, id: str) -> None:
        """A message is not in hand any more, and comes again with the next connection."""
        if id in self._in_hand:
            self._in_hand.discard(id)
            del self._known[id]

    def abandon(self, id: str) -> None:
        """A message is not being dealt with; unless it is acknowledged, it is new with the next connection."""
        if id in self._in_hand:
            self._known[id].is_abandoned = True

    def online(self) -> None:
        """Sends first what was acknowledged while there was no connection (K-34)."""
        unsent, self._unsent = self._unsent, OrderedDict()
        for id in unsent:
            self._send(id, self._known[id])

    def lost(self) -> None:
        """The server drops what non-persistent subscriptions had, and may use those ids again (K-34)."""
        for id, known in list(self._known.items()):
            if not known.lasts or (known.in_hand and known.is_abandoned):
                del self._known[id]
                self._in_hand.discard(id)
                self._unsent.pop(id, None)
            elif not known.in_hand:
                self._unsent[id] = None

    def _send(self, id: str, known: _Known) -> None:
        known.beat_count = self._connection.heartbeat.sent_count
        if not self._connection.send(f'{{"pushAck":{{"st":1,"id":{to_json(id)}}}}}'.encode("utf-8")):
            self._unsent[id] = None

    def _settle(self) -> None:
        answered = self._connection.heartbeat.answered_count
        if not self._known:
            return
        id = next(iter(self._known))
        known = self._known[id]
        while not known.in_hand and known.beat_count < answered and id not in self._unsent:
            del self._known[id]
            if not self._known:
                return
            id = next(iter(self._known))
            known = self._known[id]

    def _forget_oldest(self) -> None:
        for id, known in self._known.items():
            if not known.in_hand:
                del self._known[id]
                self._unsent.pop(id, None)
                return
