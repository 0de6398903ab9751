"""The interface of pyjmqt's client, and the guide's sample client on it."""

import os
import pathlib
import queue
import re
import subprocess
import sys
import tempfile
import threading
import unittest
from typing import Any, List, Tuple

from rialto_client import blocking
from rialto_client.pyjmqt.client.api import Client
from rialto_client.pyjmqt.configuration import read
from tests.broker import Broker, Certificates

PATIENCE = 30.0
PROGRAM = pathlib.Path(__file__).resolve().parent / "programs" / "guide_client.py"


class Calls:
    """Callbacks that keep what they were called with, and on which thread."""

    def __init__(self) -> None:
        self.came: "queue.Queue[Tuple[str, Tuple[Any, ...]]]" = queue.Queue()
        self.threads: List[str] = []

    def __getattr__(self, name: str) -> Any:
        def called(*given: Any) -> None:
            self.threads.append(threading.current_thread().name)
            self.came.put((name, given))

        return called

    def next(self) -> Tuple[str, Tuple[Any, ...]]:
        return self.came.get(timeout=PATIENCE)


class WithBroker(unittest.TestCase):
    def setUp(self) -> None:
        self.certificates = Certificates()
        self.broker = Broker(*self.certificates.options)
        self.directory = tempfile.TemporaryDirectory()
        self.open: List[Client] = []

    def tearDown(self) -> None:
        for client in self.open:
            client.stop(True)
        self.broker.stop()
        self.certificates.remove()
        self.directory.cleanup()
        self.assertEqual([it.name for it in threading.enumerate() if it.name.startswith("rialto-client")], [])

    def configuration(self, *lines: str) -> str:
        path = os.path.join(self.directory.name, "client.conf")
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join(["# a comment = 1", 'REMOTE_HOST = "127.0.0.1"', f"REMOTE_PORT = {self.broker.port}", *lines]))
        return path

    def client(self, *lines: str) -> Client:
        client = Client(self.configuration("LOG_MODE = DISABLED", *lines))
        self.open.append(client)
        return client

    def online(self, name: str, *lines: str) -> Tuple[Client, Calls]:
        client, calls = self.client(*lines), Calls()
        client.registerPushcallback(calls.push)
        client.registerDisconnectcallback(calls.disconnect)
        client.auth({"client_name": name}, calls.auth)
        event, (status, token, id, _) = calls.next()
        self.assertEqual((event, status, id), ("auth", 1, name))
        client.conn(id, token, calls.conn)
        self.assertEqual(calls.next(), ("conn", (1,)))
        return client, calls


class TheInterface(WithBroker):
    def test_a_session_from_auth_to_stop(self) -> None:
        client, calls = self.online("pyclient1")
        client.conn("pyclient1", "", calls.conn)
        self.assertEqual(calls.next(), ("conn", (1,)))
        client.sub("c", 1, calls.sub)
        self.assertEqual(calls.next(), ("sub", (1, "c")))
        client.sub("#no", False, calls.sub)
        self.assertEqual(calls.next(), ("sub", (11, "#no")))
        id = client.pub("c", {"n": 1}, 0, 1, calls.pub)
        self.assertEqual(calls.next(), ("pub", (1, id, None)))
        id = client.pub("$mySubscriptions", {}, 0, 0, calls.pub)
        event, (status, same, data) = calls.next()
        self.assertEqual((event, status, same, "c" in data["channels"]), ("pub", 1, id, True))
        with blocking.connect(self.broker.address(), "other") as other:
            other.publish("c", "text", qos=1)
            self.assertEqual(calls.next(), ("push", ("c", "other", "text", 1, 0)))
        client.unsub("c", calls.unsub)
        self.assertEqual(calls.next(), ("unsub", (1, "c")))
        self.assertEqual(set(calls.threads), {"rialto-client-handlers"})
        client.stop(True)
        id = client.pub("c", 1, 0, 1, calls.pub)
        client.sub("c", 0, calls.sub)
        self.assertEqual([calls.next(), calls.next()], [("pub", (9, id, None)), ("sub", (9, "c"))])

    def test_a_message_is_acknowledged_when_the_callback_is_over_and_not_without_one(self) -> None:
        client, calls = self.online("pyclient1")
        client.sub("c", 1, calls.sub)
        calls.next()

        def fail(*given: Any) -> None:
            calls.push(*given)
            raise ValueError("a callback may fail")

        client.registerPushcallback(fail)
        with blocking.connect(self.broker.address(), "other") as other:
            other.publish("c", "acknowledged", qos=1)
            self.assertEqual(calls.next()[1][2], "acknowledged")
            client.registerPushcallback(None)
            other.publish("c", "kept", qos=1)
            # The answer comes behind the push.
            client.pub("$time", {}, 0, 0, calls.pub)
            calls.next()
        client.stop()
        _, again = self.online("pyclient1")
        self.assertEqual(again.next(), ("push", ("c", "other", "kept", 1, 0)))

    def test_a_lost_connection_calls_back_and_the_program_connects_again(self) -> None:
        client, calls = self.online("pyclient1")
        self.broker.kill()
        self.assertEqual(calls.next(), ("disconnect", ()))
        client.auth({}, calls.auth)
        self.assertEqual(calls.next(), ("auth", (9, "", "", "")))
        client.conn("x", "y", calls.conn)
        self.assertEqual(calls.next(), ("conn", (9,)))
        self.broker.run()
        client.auth({"client_name": "pyclient1"}, calls.auth)
        event, (status, token, id, _) = calls.next()
        self.assertEqual((event, status), ("auth", 1))
        client.conn(id, "wrong", calls.conn)
        self.assertEqual(calls.next(), ("conn", (6,)))

    def test_tls_with_and_without_an_authority(self) -> None:
        self.online("unchecked", "ENABLE_SSL = 1")
        self.online("checked", "ENABLE_SSL = 1", f"SSL_CA_PATH = '{self.certificates.authority}'")
        other = Certificates()
        client, calls = self.client("ENABLE_SSL = 1", f"SSL_CA_PATH = '{other.authority}'"), Calls()
        client.auth({"client_name": "x"}, calls.auth)
        self.assertEqual(calls.next(), ("auth", (9, "", "", "")))
        other.remove()

    def test_configuration_and_log(self) -> None:
        log = os.path.join(self.directory.name, "log.txt")
        path = self.configuration("TEXT = 'a = b'  ", "LOG_MODE = WRN", f'LOG_PATH = "{log}"', " # X = 1", "nothing")
        values = read(path, {"REMOTE_PORT": 8011, "LOG_MODE": "INF"})
        expected = {"REMOTE_PORT": self.broker.port, "REMOTE_HOST": "127.0.0.1", "TEXT": "a = b", "LOG_MODE": "WRN", "LOG_PATH": log}
        self.assertEqual(values, expected)
        for nothing in ("", None):
            client = Client(nothing)
            self.assertEqual(client.get_client_config()["REMOTE_PORT"], 8011)
        self.assertEqual((client.statusCodes["OK"], client.JMQT_VERSION), (1, "1.0"))
        said = subprocess.run(
            [sys.executable, "-c",
             "import sys; from rialto_client.pyjmqt.client.api import Client; l = Client(sys.argv[1]).get_logger()\n"
             "l.log_debug('d'); l.log_info('i'); l.log_warning('w'); l.log_error('e', 'here')", path],
            stdout=subprocess.PIPE, text=True, check=True,
        ).stdout
        with open(log, encoding="utf-8") as file:
            self.assertEqual(file.read(), said)
        self.assertRegex(said, r"^\d\d-\d\d \d\d:\d\d:\d\d \[JMQTClient\] WRN : w\n.{14} \[JMQTClient:here\] ERR : e\n$")


class TheGuide(WithBroker):
    def test_its_sample_client_prints_what_it_prints(self) -> None:
        self.configuration()
        child = subprocess.Popen(
            [sys.executable, str(PROGRAM)], cwd=self.directory.name, stdout=subprocess.PIPE, text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(map(os.path.abspath, ("src", "."))), "PUBLISH_SECONDS": "1"},
        )
        assert child.stdout is not None
        lines: List[str] = []

        def until(end: str) -> None:
            assert child.stdout is not None
            while not lines or end not in lines[-1]:
                line = child.stdout.readline()
                self.assertNotEqual(line, "", lines)
                lines.append(re.sub(r"^\d\d-\d\d \d\d:\d\d:\d\d \[JMQTClient\] INF : ", "", line.rstrip("\n")))

        try:
            until("Pub dummy data")
            with blocking.connect(self.broker.address("ws"), "webclient") as web:
                web.publish("mychannel", "Test Message", qos=1)
                until("Test Message")
                web.send("pyclient1", "p2p Message", qos=1)
                until("p2p Message")
        finally:
            child.kill()
            child.wait()
            child.stdout.close()
        port = self.broker.port
        # The guide's log of this program, without what its own server pushes to it.
        self.assertEqual(lines[:18], [
            'Loading config "client.conf"', "[MAIN] Start initiated..", "[MAIN] Retry auth..",
            "[MAIN] Requesting auth with client name 'pyclient1'", f"Opening socket 127.0.0.1:{port}", "Read started",
            f"Socket opened 127.0.0.1:{port}", "auth..", "authAck, status 1", "[MAIN] Auth status OK",
            "[MAIN] Requesting conn with client id 'pyclient1'", "conn..", "connAck, status 1", "HB started", "[MAIN] Conn status 1",
            "[MAIN] Requesting sub to channel 'mychannel'", "sub 'mychannel' persistent 1",
            "[MAIN] Sub to channel 'mychannel' status 1",
        ])
        self.assertIn("[MAIN] Pub dummy data on 'mychannel'", lines)
        self.assertIn("[Main] Data on 'mychannel' from webclient : Test Message (QOS 1, RETAIN 0)", lines)
        self.assertIn("[Main] Data on '#pyclient1' from webclient : p2p Message (QOS 1, RETAIN 0)", lines)


if __name__ == "__main__":
    unittest.main()
