"""The log lines of pyjmqt, on the console and in a file."""

from __future__ import annotations

import sys
import threading
import time
from typing import Dict, Optional

from .configuration import Value

_LEVELS = {"DBG": 0, "INF": 1, "WRN": 2, "ERR": 3, "DISABLED": 4}


class Logger:
    """Writes lines such as ``12-15 10:33:48 [JMQTClient] INF : text``, from ``LOG_MODE`` on, to ``LOG_PATH`` too if there is one."""

    def __init__(self, name: str, configuration: Dict[str, Value]) -> None:
        self._name = name
        self._level = _LEVELS.get(str(configuration.get("LOG_MODE", "INF")).upper(), _LEVELS["INF"])
        self._path = str(configuration.get("LOG_PATH") or "")
        self._lock = threading.Lock()

    def log_debug(self, text: object, source: Optional[str] = None) -> None:
        """Writes a line for those who look for a fault."""
        self._write("DBG", text, source)

    def log_info(self, text: object, source: Optional[str] = None) -> None:
        """Writes a line about what happens."""
        self._write("INF", text, source)

    def log_warning(self, text: object, source: Optional[str] = None) -> None:
        """Writes a line about what may be a fault."""
        self._write("WRN", text, source)

    def log_error(self, text: object, source: Optional[str] = None) -> None:
        """Writes a line about what has failed."""
        self._write("ERR", text, source)

    def _write(self, mode: str, text: object, source: Optional[str]) -> None:
        if _LEVELS[mode] < self._level or self._level == _LEVELS["DISABLED"]:
            return
        name = f"{self._name}:{source}" if source else self._name
        line = f"{time.strftime('%m-%d %H:%M:%S')} [{name}] {mode} : {text}\n"
        with self._lock:
            sys.stdout.write(line)
            sys.stdout.flush()
            if self._path:
                with open(self._path, "a", encoding="utf-8") as file:
                    file.write(line)
