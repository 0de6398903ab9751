"""Ids of what a client sends."""

from __future__ import annotations

import os


class Ids:
    """Makes texts of at most 40 bytes that are never used twice, by other runs of the program either (K-40)."""

    def __init__(self) -> None:
        self._prefix = os.urandom(9).hex()
        self._number = 0

    def next(self) -> str:
        """Returns a new id."""
        self._number += 1
        return f"{self._prefix}-{self._number:x}"
