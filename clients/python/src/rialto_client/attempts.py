"""Which of several addresses is tried next (K-6)."""

from __future__ import annotations

from typing import Callable, Sequence


class Attempts:
    """Goes through the addresses, in random order unless told otherwise."""

    def __init__(self, addresses: Sequence[str], in_order: bool, random: Callable[[], float]) -> None:
        if not addresses:
            raise ValueError("there is no address to connect to")
        self._addresses = list(addresses)
        self._in_order = in_order
        self._random = random
        self._index = 0

    @property
    def address(self) -> str:
        """The address of this attempt."""
        return self._addresses[self._index]

    def begin(self) -> None:
        """Chooses an order and begins with its first address."""
        if not self._in_order:
            self._shuffle()
        self._index = 0

    def begin_round(self) -> None:
        """Begins a round, after a connection was lost."""
        self._index = 0

    def next_begins_round(self) -> bool:
        """Goes on to the next address; true if that is the first again."""
        self._index = (self._index + 1) % len(self._addresses)
        return self._index == 0

    def _shuffle(self) -> None:
        for last in range(len(self._addresses) - 1, 0, -1):
            other = int(self._random() * (last + 1))
            self._addresses[last], self._addresses[other] = self._addresses[other], self._addresses[last]
