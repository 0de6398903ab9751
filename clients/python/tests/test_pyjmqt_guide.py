"""The guide's sample server, as a process of its own, and its clients: "Testing all together"."""

import os
import re
import signal
import tempfile
import unittest

from rialto_client import Auth, Refused, Token, blocking
from rialto_client.pyjmqt.client.api import Client
from tests.program import CODES, Program
from tests.served import HERE, PATIENCE, Served, is_gone
from tests.test_pyjmqt import Calls

GUIDE = str(HERE / "programs" / "guide_server.py")


class TheGuide(unittest.TestCase):
    """Its sample server and "Testing all together"."""

    def setUp(self) -> None:
        self.served = Served(GUIDE).start()

    def tearDown(self) -> None:
        self.served.stop()

    def test_its_sample_server_prints_what_it_prints(self) -> None:
        self.assertEqual(self.served.interrupt(), 0, self.served.lines)
        lines = [re.sub(r"^\d\d-\d\d \d\d:\d\d:\d\d ", "", line) for line in self.served.lines]
        self.assertEqual(lines, [
            '[JMQTServer] INF : Loading config "server.conf"', "[JMQTServer:MyJMQTApp] INF : Server Start",
            "[JMQTServer:MyJMQTApp] INF : Server start", f"[JMQTServer:SOCKET] INF : Listening on tcp {self.served.port}",
            f"[JMQTServer:WEB_SOCKET] INF : Listening on tcp {self.served.websocket_port}", "[JMQTServer:MyJMQTApp] INF : Server stop",
        ])

    def test_clients_are_online_message_each_other_and_go(self) -> None:
        with blocking.connect(self.served.address(), "ada") as ada:
            update = ada.listen("update")
            self.assertEqual(update.get(timeout=PATIENCE).data, {"online": "ada"})
            self.assertEqual(ada.request("$mySubscriptions"), {"channels": {"#ada": "persistent", "update": "persistent"}})
            room, direct = ada.subscribe("room").ready(timeout=PATIENCE), ada.direct()
            with blocking.connect(self.served.address("ws"), "webclient") as web:
                self.assertEqual(update.get(timeout=PATIENCE).data, {"online": "webclient"})
                web.publish("room", "Test Message", qos=1)
                self.assertEqual(room.get(timeout=PATIENCE)[:4], ("room", "Test Message", "webclient", 1))
                web.send("ada", "p2p Message", qos=1)
                self.assertEqual(direct.get(timeout=PATIENCE)[:4], ("#ada", "p2p Message", "webclient", 1))
                for act in (lambda: web.publish("update", 1, qos=1), lambda: web.subscribe("update").ready(timeout=PATIENCE)):
                    with self.assertRaises(Refused) as refused:
                        act()
                    self.assertEqual(refused.exception.status, CODES.NOT_ALLOWED)
            self.served.until("disconnected webclient")
            self.assertEqual(update.get(timeout=PATIENCE).data, {"offline": "webclient"})
        for credentials, status in ((Token("eve", "wrong"), CODES.INVALID_TOKEN), (Auth({"no": "name"}), CODES.INVALID_PACKET)):
            with self.assertRaises(Refused) as refused:
                blocking.connect(self.served.address(), credentials)
            self.assertEqual(refused.exception.status, status)

    def test_the_guides_sample_client_hears_that_it_is_online(self) -> None:
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "client.conf")
            with open(path, "w", encoding="utf-8") as file:
                file.write(f"LOG_MODE = DISABLED\nREMOTE_HOST = 127.0.0.1\nREMOTE_PORT = {self.served.port}")
            client, calls = Client(path), Calls()
            client.registerPushcallback(calls.push)
            client.auth({"client_name": "pyclient1"}, calls.auth)
            self.assertEqual(calls.next(), ("auth", (1, "a token", "pyclient1", "")))
            client.conn("pyclient1", "a token", calls.conn)
            # The push comes behind the answer; which of the two callbacks the guide shows first is chance.
            self.assertCountEqual([calls.next(), calls.next()], [("conn", (1,)), ("push", ("update", "", {"online": "pyclient1"}, 0, 0))])
            client.auth({}, calls.auth)
            self.assertEqual(calls.next(), ("auth", (CODES.INVALID_PACKET, "", "", "client_name is missing")))
            client.stop(True)

    def test_a_broker_that_dies_comes_back_with_its_ports_and_what_it_stored(self) -> None:
        with blocking.connect(self.served.address(), "ada", retry_first=True) as ada:
            room = ada.subscribe("room", persistent=True).ready(timeout=PATIENCE)
            os.kill(self.served.broker(), signal.SIGKILL)
            self.served.until("ERR : the broker ended with -9")
            self.served.until("the broker is back")
            with blocking.connect(self.served.address(), "bob", retry_first=True) as bob:
                bob.publish("room", "after", qos=1)
            self.assertEqual(room.get(timeout=PATIENCE).data, "after")
        self.assertEqual(self.served.interrupt(), 0, self.served.lines)

    def test_the_broker_does_not_outlive_a_program_that_is_killed(self) -> None:
        broker = self.served.broker()
        self.served.kill()
        self.assertTrue(is_gone(broker))

    def test_a_second_server_on_the_ports_or_the_data_says_why_it_does_not_start(self) -> None:
        data = os.path.join(self.served.directory.name, "rialto-data")
        for line, said in ((f"RIALTO_DATA_DIR = {data}", "in use|another"), (f"SOCKET_PORT = {self.served.port}", str(self.served.port))):
            with Program(line) as program, self.assertRaisesRegex(RuntimeError, f"could not start: (.|\n)*({said})"):
                program.server.start()


if __name__ == "__main__":
    unittest.main()
