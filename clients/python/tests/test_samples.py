"""The samples of the guide in this language, run as they stand."""

import os
import queue
import signal
import subprocess
import sys
import threading
import unittest
from typing import List, Optional

from rialto_client import blocking
from tests.broker import ROOT
from tests.served import HERE, PATIENCE, Served

LINES_MAX = 60


class Samples(unittest.TestCase):
    def setUp(self) -> None:
        self.served = Served(str(ROOT / "examples" / "sample_server.py"), arguments=["server.conf"]).start()

    def tearDown(self) -> None:
        self.served.stop()

    def test_client_and_server_do_what_the_guide_shows(self) -> None:
        child = subprocess.Popen(
            [sys.executable, "-W", "error", str(ROOT / "examples" / "sample_client.py"), self.served.address()],
            env={**os.environ, "PYTHONPATH": str(HERE.parent / "src")}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        lines: "queue.Queue[Optional[str]]" = queue.Queue()
        reader = threading.Thread(target=_read, args=(child, lines))
        reader.start()
        said: List[str] = []

        def until(end: str) -> None:
            while not said or said[-1] != end:
                line = lines.get(timeout=PATIENCE)
                self.assertIsNotNone(line, said)
                said.append(line or "")

        try:
            until("published on 'mychannel'")
            self.assertEqual(said[:2], ["connecting", "online"])
            # It comes behind the session's beginning, and may overtake what the program does then.
            if "data on 'update' from the server: {'online': 'pyclient1'} (QoS 0, retained: False)" not in said:
                until("data on 'update' from the server: {'online': 'pyclient1'} (QoS 0, retained: False)")
            with blocking.connect(self.served.address("ws"), "webclient") as web:
                retained = web.subscribe("mychannel").ready(timeout=PATIENCE).get(timeout=PATIENCE)
                self.assertEqual((retained.sender, retained.retained), ("pyclient1", True))
                web.publish("mychannel", "Test Message", qos=1)
                until("data on 'mychannel' from webclient: Test Message (QoS 1, retained: False)")
                web.send("pyclient1", "p2p Message", qos=1)
                until("data on '#pyclient1' from webclient: p2p Message (QoS 1, retained: False)")
            until("data on 'update' from the server: {'offline': 'webclient'} (QoS 0, retained: False)")
            os.kill(self.served.broker(), signal.SIGKILL)
            until("waiting lost")
            until("online")
            child.send_signal(signal.SIGINT)
            self.assertEqual(child.wait(PATIENCE), 0)
            until("closed asked")
        finally:
            child.kill()
            child.wait()
            reader.join()
        self.assertEqual(self.served.interrupt(), 0, self.served.lines)

    def test_they_are_short(self) -> None:
        for name in ("sample_client.py", "sample_server.py"):
            self.assertLess(len((ROOT / "examples" / name).read_text(encoding="utf-8").splitlines()), LINES_MAX)


def _read(child: "subprocess.Popen[str]", lines: "queue.Queue[Optional[str]]") -> None:
    assert child.stdout is not None
    for line in child.stdout:
        lines.put(line.rstrip())
    lines.put(None)
    child.stdout.close()


if __name__ == "__main__":
    unittest.main()
