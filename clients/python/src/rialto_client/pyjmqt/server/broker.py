"""The ``rialto`` process that carries a server out."""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import threading
import time
from collections import deque
from typing import IO, Callable, Deque, Dict, List, Mapping, Optional

from ..log import Logger

# A large store is read at the start.
_START_SECONDS_MAX = 120.0
# The broker's own `server.shutdown_timeout` is ten seconds.
_STOP_SECONDS_MAX = 15.0
_LAST_LINES_COUNT = 20
_SOURCE = "rialto"


class Broker:
    """One process at a time. ``ended`` is called, on a thread of its own, when one ends that was not told to."""

    def __init__(self, program: str, secrets: Mapping[str, str], logger: Logger, ended: Callable[[], None]) -> None:
        self.addresses: Dict[str, str] = {}
        self._program = program or shutil.which("rialto") or ""
        self._secrets = secrets
        self._logger = logger
        self._ended = ended
        self._child: Optional["subprocess.Popen[bytes]"] = None
        self._log_thread: Optional[threading.Thread] = None
        self._last_lines: Deque[str] = deque(maxlen=_LAST_LINES_COUNT)
        self._lock = threading.Lock()
        self._is_stopping = False

    def start(self, arguments: List[str]) -> None:
        """Starts it and waits until it serves; ``addresses`` then says where. ``RuntimeError``: it cannot; the text says why."""
        if not self._program:
            raise RuntimeError("there is no program rialto in the path; name it with RIALTO_BINARY in the configuration")
        ready, told = os.pipe()
        try:
            with self._lock:
                if self._is_stopping:
                    raise RuntimeError("the server is stopping")
                child = self._child = self._run(["serve", "--ready-fd", str(told), "--stop-with-stdin", *arguments], told)
        except OSError as error:
            os.close(ready)
            raise RuntimeError(f"{self._program} cannot be started: {error}") from error
        finally:
            os.close(told)
        self._last_lines.clear()
        is_serving = threading.Event()
        log_thread = threading.Thread(target=self._follow, args=(child, is_serving), name="rialto-server-log", daemon=True)
        log_thread.start()
        self._log_thread = log_thread
        try:
            line = _line(ready, _START_SECONDS_MAX)
        except BaseException:
            self._kill(child)
            raise
        finally:
            os.close(ready)
        if not line:
            self._kill(child)
            log_thread.join()
            raise RuntimeError("the broker could not start: " + ("\n".join(self._last_lines) or f"exit code {child.returncode}"))
        self.addresses = json.loads(line)["addresses"]
        is_serving.set()
        if child.poll() is not None and not log_thread.is_alive():
            raise RuntimeError(f"the broker ended with {child.returncode} when it had just started")

    def begin_stop(self) -> None:
        """Tells it to stop, and starts none any more."""
        with self._lock:
            self._is_stopping = True
            child = self._child
        if child is not None and child.stdin is not None:
            child.stdin.close()

    def wait(self) -> None:
        """Waits until it has stopped; makes it, if that takes too long."""
        child = self._child
        if child is None:
            return
        try:
            child.wait(_STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self._logger.log_warning("the broker does not stop, and is killed", _SOURCE)
            self._kill(child)
        if self._log_thread is not None:
            self._log_thread.join()

    def _run(self, arguments: List[str], inherited: int) -> "subprocess.Popen[bytes]":
        # Settings that a server.conf does not have may stand in the environment. This one is of its tests, and no setting.
        inherited_settings = {name: value for name, value in os.environ.items() if name != "RIALTO_BINARY"}
        # A session of its own: Ctrl-C would otherwise stop it before this process has said so.
        return subprocess.Popen(
            [self._program, *arguments], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            pass_fds=(inherited,), start_new_session=True, env={**inherited_settings, **self._secrets},
        )

    def _kill(self, child: "subprocess.Popen[bytes]") -> None:
        child.kill()
        child.wait()
        if child.stdin is not None:
            child.stdin.close()

    def _follow(self, child: "subprocess.Popen[bytes]", is_serving: threading.Event) -> None:
        """Takes its log until it ends."""
        log = child.stderr
        assert log is not None
        self._pass_on(log)
        log.close()
        code = child.wait()
        with self._lock:
            is_unexpected = is_serving.is_set() and not self._is_stopping and self._child is child
        if is_unexpected:
            self._logger.log_error(f"the broker ended with {code}", _SOURCE)
            self._ended()

    def _pass_on(self, log: IO[bytes]) -> None:
        writers = {"ERROR": self._logger.log_error, "WARN": self._logger.log_warning}
        for raw in log:
            line = raw.decode("utf-8", "replace").rstrip("\n")
            try:
                entry = json.loads(line)
                text, write = _text(entry), writers.get(entry["level"], self._logger.log_debug)
            except (ValueError, KeyError, TypeError):
                text, write = line, self._logger.log_warning
            self._last_lines.append(text)
            write(text, _SOURCE)


def _text(entry: Dict[str, object]) -> str:
    """Returns a line of the broker's log as text: its message, and what stands beside it."""
    beside = [f"{name}={value}" for name, value in entry.items() if name not in ("timestamp", "level", "target", "message")]
    return " ".join([str(entry["message"]), *beside])


def _line(descriptor: int, timeout: float) -> bytes:
    """Reads a line; an empty one if there is none before the end or in time."""
    end, read = time.monotonic() + timeout, b""
    while not read.endswith(b"\n"):
        is_there, _, _ = select.select([descriptor], [], [], max(0.0, end - time.monotonic()))
        part = os.read(descriptor, 65536) if is_there else b""
        if not part:
            return b""
        read += part
    return read
