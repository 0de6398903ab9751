"""A server program as a process, on ports that the system chooses."""

import os
import pathlib
import queue
import re
import select
import signal
import subprocess
import sys
import tempfile
import threading
from typing import List, Optional, Sequence

from tests.broker import PROGRAM

PATIENCE = 30.0
HERE = pathlib.Path(__file__).resolve().parent


class Served:
    """Runs a Python program that has a server in a directory with a ``server.conf``, and reads what it logs."""

    def __init__(self, program: str, *lines: str, arguments: Sequence[str] = ()) -> None:
        self.directory = tempfile.TemporaryDirectory()
        self.configure("SOCKET_PORT = 0", "WEBSOCKET_PORT = 0", *lines)
        self.port = self.websocket_port = 0
        self.lines: List[str] = []
        self._came: "queue.Queue[Optional[str]]" = queue.Queue()
        self._program = program
        self._arguments = arguments
        self.child: Optional["subprocess.Popen[str]"] = None

    def configure(self, *lines: str) -> None:
        with open(os.path.join(self.directory.name, "server.conf"), "w", encoding="utf-8") as file:
            file.write("\n".join([f"RIALTO_BINARY = '{PROGRAM}'", "TIMEOUT_SECONDS = 15", *lines]) + "\n")

    def start(self) -> "Served":
        """Starts it and waits until it serves."""
        source = HERE.parent / "src"
        # What is set for a broker outside, or for the tests, is none of its settings.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("RIALTO_")}
        environment["PYTHONPATH"] = os.pathsep.join(map(str, (source, HERE.parent)))
        child = self.child = subprocess.Popen(
            [sys.executable, "-W", "error", self._program, *self._arguments], cwd=self.directory.name, env=environment,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        self._reader = threading.Thread(target=self._read, args=(child,))
        self._reader.start()
        self.port = int(self.until(r"SOCKET\] INF : Listening on tcp (\d+)")[1])
        self.websocket_port = int(self.until(r"WEB_SOCKET\] INF : Listening on tcp (\d+)")[1])
        return self

    def until(self, pattern: str) -> "re.Match[str]":
        """Returns the next line that has this, without its time."""
        while True:
            line = self._came.get(timeout=PATIENCE)
            assert line is not None, f"it ended without {pattern}: {self.lines}"
            found = re.search(pattern, line)
            if found:
                return found

    def address(self, scheme: str = "jmqt") -> str:
        return f"{scheme}://127.0.0.1:{self.port if scheme == 'jmqt' else self.websocket_port}"

    def interrupt(self) -> int:
        """Presses Ctrl-C, and returns the exit code."""
        assert self.child is not None
        self.child.send_signal(signal.SIGINT)
        code = self.child.wait(PATIENCE)
        self._reader.join()
        return code

    def kill(self) -> None:
        if self.child is not None:
            self.child.kill()
            self.child.wait()
            self._reader.join()
            self.child = None

    def stop(self) -> None:
        self.kill()
        self.directory.cleanup()

    def broker(self) -> int:
        """Returns the process id of its broker."""
        assert self.child is not None
        children = pathlib.Path(f"/proc/{self.child.pid}/task/{self.child.pid}/children").read_text(encoding="ascii").split()
        (broker,) = [int(it) for it in children]
        return broker

    def _read(self, child: "subprocess.Popen[str]") -> None:
        assert child.stdout is not None
        for line in child.stdout:
            self.lines.append(line.rstrip("\n"))
            self._came.put(line.rstrip("\n"))
        self._came.put(None)
        child.stdout.close()


def is_gone(process: int) -> bool:
    """Whether a process, whoever its parent is, runs no more; waits for that."""
    try:
        descriptor = os.pidfd_open(process)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], PATIENCE)[0])
    finally:
        os.close(descriptor)
