"""A real broker of this build, on a port that the system chooses."""

import os
import pathlib
import re
import shutil
import signal
import ssl
import subprocess
import tempfile
import threading
import unittest
from typing import List, Optional

ROOT = pathlib.Path(__file__).resolve().parents[3]
PROGRAM = os.environ.get("RIALTO_BINARY", str(ROOT / "target/debug/rialto"))


class Broker:
    """One data directory, and the broker that runs on it; it keeps its ports when it is started again."""

    def __init__(self, *extra: str, coremq: bool = False) -> None:
        self.directory = tempfile.mkdtemp(prefix="rialto-python-")
        self._extra = list(extra)
        self._has_coremq = coremq
        self.port = self.coremq_port = 0
        self.child: Optional["subprocess.Popen[str]"] = None
        self.run()

    def run(self) -> None:
        arguments = ["--listen", f"127.0.0.1:{self.port}", "--data-dir", os.path.join(self.directory, "data"), *self._extra]
        if self._has_coremq:
            arguments += ["--set", f"listeners.coremq.address=127.0.0.1:{self.coremq_port}", "--set", "listeners.coremq.dialect=coremq"]
        child = subprocess.Popen(
            [PROGRAM, "serve", *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True,
        )
        self.child = child
        log: List[str] = []
        assert child.stdout is not None
        for line in child.stdout:
            log.append(line)
            found = re.search(r"listen-1=127\.0\.0\.1:(\d+)", line)
            if found:
                self.port = int(found[1])
                also = re.search(r"coremq=127\.0\.0\.1:(\d+)", line)
                self.coremq_port = int(also[1]) if also else 0
                # Its later lines are read away, so that it never waits for this process.
                self._reader = threading.Thread(target=child.stdout.read)
                self._reader.start()
                return
        raise AssertionError("the broker did not start: " + "".join(log))

    def kill(self) -> None:
        if self.child is not None:
            self.child.send_signal(signal.SIGKILL)
            self.child.wait()
            self._reader.join()
            if self.child.stdout is not None:
                self.child.stdout.close()
            self.child = None

    def stop(self) -> None:
        self.kill()
        shutil.rmtree(self.directory, ignore_errors=True)

    def address(self, scheme: str = "jmqt") -> str:
        return f"{scheme}://127.0.0.1:{self.port}"


class Certificates:
    """An authority of its own, and a broker's certificate."""

    def __init__(self) -> None:
        self.directory = tempfile.mkdtemp(prefix="rialto-python-tls-")
        subprocess.run([PROGRAM, "cert", "new"], cwd=self.directory, check=True, capture_output=True)
        made = os.path.join(self.directory, "rialto-certs")
        self.options = ["--tls-certificate", os.path.join(made, "server.pem"), "--tls-key", os.path.join(made, "server.key")]
        self.authority = os.path.join(made, "ca.pem")

    def context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.authority)

    def remove(self) -> None:
        shutil.rmtree(self.directory, ignore_errors=True)


class WithTlsBroker(unittest.TestCase):
    """Tests that share one broker, whose certificate is signed by an authority of their own."""

    broker: Broker
    certificates: Certificates

    @classmethod
    def setUpClass(cls) -> None:
        cls.certificates = Certificates()
        cls.broker = Broker(*cls.certificates.options)

    @classmethod
    def tearDownClass(cls) -> None:
        cls.broker.stop()
        cls.certificates.remove()
