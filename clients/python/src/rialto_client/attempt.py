"""What one carrier says, as long as it is the client's (K-4)."""

from __future__ import annotations

from typing import Callable, Optional


class Attempt:
    """Hears of one carrier, and passes on what it says until it is left."""

    def __init__(self, opened: Callable[[], None], frame: Callable[[bytes], None], closed: Callable[[Optional[int], str], None]) -> None:
        self._opened = opened
        self._frame = frame
        self._closed = closed
        self.is_left = False

    def opened(self) -> None:
        """The connection is there."""
        if not self.is_left:
            self._opened()

    def frame(self, frame: bytes) -> None:
        """A frame came."""
        if not self.is_left:
            self._frame(frame)

    def closed(self, code: Optional[int], text: str) -> None:
        """The connection is over, with the close code of a WebSocket if it has one."""
        if not self.is_left:
            self._closed(code, text)
