import asyncio
import os
import pathlib
import re
import subprocess
import tempfile
import unittest
from typing import Any, List

from rialto_client.client import Client

ROOT = pathlib.Path(__file__).resolve().parents[3]
PROGRAM = os.environ.get("RIALTO_BINARY", str(ROOT / "target/debug/rialto"))


def serve(data: str, port: int) -> "tuple[subprocess.Popen[str], int]":
    child = subprocess.Popen(
        [PROGRAM, "serve", "--listen", f"127.0.0.1:{port}", "--data-dir", data],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )
    assert child.stdout is not None
    for line in child.stdout:
        found = re.search(r"listen-1=127\.0\.0\.1:(\d+)", line)
        if found:
            return child, int(found[1])
    raise AssertionError("the broker did not start")


class Broker(unittest.TestCase):
    def test_nothing_published_is_lost_when_the_broker_is_killed(self) -> None:
        with tempfile.TemporaryDirectory() as data:
            child, port = serve(data, 0)

            async def scenario() -> None:
                nonlocal child
                got: List[Any] = []

                async def handler(value: Any) -> None:
                    got.append(value)

                async with Client("127.0.0.1", port, {"client_name": "ada"}) as client:
                    await client.subscribe("c", handler)
                    await client.publish("c", 0)
                    many = asyncio.gather(*(client.publish("c", n) for n in range(1, 300)))
                    await asyncio.sleep(0)
                    child.kill()
                    child.wait()
                    child, _ = serve(data, port)
                    await asyncio.wait_for(many, 30)
                    await client.publish("c", 300)
                self.assertEqual(client._calls, {})

            try:
                asyncio.run(scenario())
            finally:
                child.kill()
                child.wait()


if __name__ == "__main__":
    unittest.main()
