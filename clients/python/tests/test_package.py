"""The wheel as users get it: built, installed into a fresh environment, checked for its types, its size, its import."""

import ast
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest
import zipfile

HERE = pathlib.Path(__file__).resolve().parent.parent
SOURCE = HERE / "src" / "rialto_client"
# The goal of 80 KiB was met with 79.5; what the blocking face, cancellation and forks need since then, in files of one purpose each, is 2 more.
CLIENT_BYTES_MAX = 84 * 1024
# What runs a server is in the same wheel, but no client imports it.
SERVER_BYTES_MAX = 22 * 1024
SERVER = "rialto_client/pyjmqt/server/"
IMPORT_MS_MAX = 60
LOWEST = (3, 9)

USE = """
import asyncio
import rialto_client
from rialto_client.pyjmqt.server.api import Server
from typing import Any
from typing_extensions import assert_type


async def main() -> None:
    async with rialto_client.connect(["jmqt://a", "wss://b"], rialto_client.Token("ada", "t"), retry_first=True) as client:
        assert_type(client, rialto_client.Client)
        assert_type(await client.publish("c", {"n": 1}, qos=1), None)
        assert_type(client.publish_nowait("c", 1), "asyncio.Future[None]")
        assert_type(await client.request("$time"), Any)
        async for message in client.subscribe("c", persistent=True):
            assert_type(message, rialto_client.Message)
            channel, data, sender, qos, id, retained = message
            assert_type(message.sender, str)
        client.subscribe("c", parallel="3")  # type: ignore[arg-type]
        await client.publish("c")  # type: ignore[call-arg]


async def validate(*given: Any) -> int:
    return Server.StatusCodes.OK


server = Server(asyncio.new_event_loop(), "server.conf")
server.set_publish_validator(validate)
server.set_publish_validator(lambda *given: 1)  # type: ignore[arg-type]
"""


def run(*arguments: object, cwd: object = HERE) -> str:
    # As users have it, compiled when it is installed.
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH")}
    done = subprocess.run(
        [str(it) for it in arguments], cwd=str(cwd), env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )
    assert done.returncode == 0, f"{arguments}: {done.stdout}"
    return done.stdout


def packed_bytes(member: zipfile.ZipInfo) -> int:
    """Returns what a member takes of a wheel, with its two headers."""
    return member.compress_size + 30 + 46 + 2 * len(member.filename)


class Package(unittest.TestCase):
    directory: str
    wheel: pathlib.Path

    @classmethod
    def setUpClass(cls) -> None:
        cls.directory = tempfile.mkdtemp(prefix="rialto-python-wheel-")
        # A copy, since the build writes beside the sources.
        sources = os.path.join(cls.directory, "sources")
        shutil.copytree(HERE, sources, ignore=shutil.ignore_patterns("__pycache__", "build", "*.egg-info", ".mypy_cache"))
        run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index", "--no-build-isolation", "--wheel-dir", cls.directory, sources)
        (cls.wheel,) = pathlib.Path(cls.directory).glob("*.whl")

    @classmethod
    def tearDownClass(cls) -> None:
        shutil.rmtree(cls.directory, ignore_errors=True)

    def test_the_wheel_is_small_and_has_all_modules(self) -> None:
        with zipfile.ZipFile(self.wheel) as wheel:
            server = sum(packed_bytes(it) for it in wheel.infolist() if it.filename.startswith(SERVER))
            self.assertLessEqual(server, SERVER_BYTES_MAX)
            self.assertLessEqual(self.wheel.stat().st_size - server, CLIENT_BYTES_MAX)
            packed = {name for name in wheel.namelist() if name.startswith("rialto_client/")}
            (metadata,) = [wheel.read(name).decode() for name in wheel.namelist() if name.endswith("/METADATA")]
        modules = {str(path.relative_to(SOURCE.parent)) for path in SOURCE.rglob("*") if path.suffix == ".py" or path.name == "py.typed"}
        self.assertEqual(packed, modules)
        self.assertIn("Requires-Python: >=3.9", metadata)
        self.assertNotIn("Requires-Dist", metadata)

    def test_it_is_imported_from_a_fresh_environment_in_little_time(self) -> None:
        environment = pathlib.Path(self.directory) / "environment"
        run(sys.executable, "-m", "venv", "--without-pip", environment)
        python = environment / "bin" / "python"
        run(sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-index", "--no-deps", self.wheel)
        measure = "import asyncio, time; t = time.process_time(); import rialto_client; print((time.process_time() - t) * 1000, rialto_client.__file__)"
        best = min(self.measured(python, measure, environment) for _ in range(5))
        self.assertLessEqual(best, IMPORT_MS_MAX)

    def measured(self, python: pathlib.Path, program: str, environment: pathlib.Path) -> float:
        said = run(python, "-I", "-c", program, cwd=self.directory).split(maxsplit=1)
        self.assertTrue(said[1].startswith(str(environment)))
        return float(said[0])

    def test_its_syntax_is_that_of_the_lowest_version(self) -> None:
        for path in SOURCE.rglob("*.py"):
            ast.parse(path.read_text(encoding="utf-8"), str(path), feature_version=LOWEST)

    def test_mypy_finds_nothing_in_it_and_in_programs_that_use_it(self) -> None:
        use = pathlib.Path(self.directory) / "use.py"
        use.write_text(USE, encoding="utf-8")
        cache = os.path.join(self.directory, "mypy")
        run(sys.executable, "-m", "mypy", "--cache-dir", cache, "--config-file", HERE / "pyproject.toml", SOURCE, HERE / "tests", use)
        run(sys.executable, "-m", "mypy", "--cache-dir", cache, "--config-file", HERE / "pyproject.toml", HERE / "dialogues" / "runner.py")


if __name__ == "__main__":
    unittest.main()
