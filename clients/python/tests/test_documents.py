"""What the page about this client says, run as it is written; and its soak, for some seconds."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import unittest
from typing import List

from rialto_client import blocking
from tests.broker import ROOT, Broker
from tests.served import HERE, PATIENCE
from tests.soak import Soak

SOAK_SECONDS = 5.0


class Documents(unittest.TestCase):
    def setUp(self) -> None:
        self.broker = Broker()

    def tearDown(self) -> None:
        self.broker.stop()

    def test_the_first_program_for_asyncio(self) -> None:
        self.runs("asyncio.run(main())", ["{'unix_ms': "])

    def test_the_first_program_without_asyncio(self) -> None:
        self.runs("blocking.connect", [])

    def test_a_soak_of_some_seconds_loses_nothing(self) -> None:
        soak = Soak(self.broker, SOAK_SECONDS, rate=400, kill_seconds=1.5)
        asyncio.run(soak.run())
        self.assertGreater(soak.kill_count, 0)
        self.assertEqual({scheme: count - 1 for scheme, count in soak.published.items()}, soak.highest)

    def runs(self, mark: str, first: List[str]) -> None:
        """Runs the page's first program that has ``mark``, at this broker, and sends it what it waits for."""
        page = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
        text = next(it for it in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if mark in it)
        self.assertIn("jmqt://127.0.0.1:8010", text)
        # A port of the system's choice instead of the usual one is all that is changed.
        program = text.replace("jmqt://127.0.0.1:8010", self.broker.address())
        child = subprocess.Popen(
            [sys.executable, "-u", "-W", "error", "-c", program], env={**os.environ, "PYTHONPATH": str(HERE.parent / "src")},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )
        assert child.stdout is not None
        try:
            with blocking.connect(self.broker.address(), "speaker") as speaker:
                for said in first:
                    self.assertTrue(child.stdout.readline().startswith(said))
                # Retained, it comes whether the program has subscribed already or does so later.
                speaker.publish("weather", 20, qos=1, retain=True)
                self.assertIn(child.stdout.readline(), ("20\n", "weather 20\n"))
                speaker.publish("weather", 21, qos=1)
                self.assertEqual(child.stdout.readline(), "weather 21\n")
            child.send_signal(signal.SIGINT)
            child.wait(PATIENCE)
        finally:
            child.kill()
            child.wait()
            child.stdout.close()


if __name__ == "__main__":
    unittest.main()
