"""The sample client that JMQT's developer guide describes in its section 2, for pyjmqt, with its import changed."""

import datetime
import os
import sys
import time
from typing import Any

from rialto_client.pyjmqt.client.api import Client


class Main:
    __configFile = "client.conf"
    __test_channel = "mychannel"
    # The guide's ten seconds, unless a test is in a hurry.
    __interval = float(os.environ.get("PUBLISH_SECONDS", "10"))

    def initiate_program(self, client_name: str) -> None:
        self.__client = Client(self.__configFile)
        self.logger = self.__client.get_logger()
        self.clientConfig = self.__client.get_client_config()
        self.__client.registerPushcallback(self.push_callback)
        self.__client.registerDisconnectcallback(self.disconnect_callback)
        self.__client_name = client_name
        self.__client_id = self.__auth_token = ""
        self.__auth_requested = self.__connected = False
        self.logger.log_info("[MAIN] Start initiated..")

    def run(self) -> None:
        while True:
            if not self.__auth_requested:
                self.logger.log_info("[MAIN] Retry auth..")
                self.auth()
            if self.__connected:
                qos, retain = 0, 1
                self.logger.log_info("[MAIN] Pub dummy data on '%s'" % self.__test_channel)
                self.__client.pub(self.__test_channel, str(datetime.datetime.now()), retain, qos, self.pub_callback)
            time.sleep(self.__interval)

    def auth(self) -> None:
        self.__auth_requested = True
        self.logger.log_info("[MAIN] Requesting auth with client name '%s'" % self.__client_name)
        self.__client.auth({"client_name": self.__client_name}, self.auth_callback)

    def auth_callback(self, status: int, token: str, client_id: str, message: str) -> None:
        if status == self.__client.statusCodes["OK"]:
            self.logger.log_info("[MAIN] Auth status OK")
            self.__client_id, self.__auth_token = client_id, token
            self.logger.log_info("[MAIN] Requesting conn with client id '%s'" % client_id)
            self.__client.conn(self.__client_id, self.__auth_token, self.connect_callback)
        else:
            self.logger.log_info("[MAIN] Auth status %s %s" % (status, message))
            self.__auth_requested = False

    def connect_callback(self, status: int) -> None:
        self.logger.log_info("[MAIN] Conn status %s" % status)
        self.__connected = status == self.__client.statusCodes["OK"]
        if self.__connected:
            persistent = 1
            self.logger.log_info("[MAIN] Requesting sub to channel '%s'" % self.__test_channel)
            self.__client.sub(self.__test_channel, persistent, self.sub_callback)

    def sub_callback(self, status: int, channel: str) -> None:
        self.logger.log_info("[MAIN] Sub to channel '%s' status %s" % (channel, status))

    def pub_callback(self, status: int, packet_id: str, data: Any) -> None:
        self.logger.log_info("[MAIN] Pub '%s' status %s" % (packet_id, status))

    def push_callback(self, channel: str, client: str, data: Any, qos: int, retain: int) -> None:
        self.logger.log_info("[Main] Data on '%s' from %s : %s (QOS %s, RETAIN %s)" % (channel, client, data, qos, retain))

    def disconnect_callback(self) -> None:
        self.logger.log_info("[MAIN] Disconnected")
        self.__auth_requested = self.__connected = False


if __name__ == "__main__":
    main = Main()
    main.initiate_program(sys.argv[1] if len(sys.argv) > 1 else "pyclient1")
    main.run()
