"""The sample server that JMQT's developer guide describes in its section 1, for pyjmqt, with its import changed."""

import asyncio
from typing import Any, Tuple

from rialto_client.pyjmqt.server.api import Server


class MyJMQTApp:
    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.configFile = "server.conf"
        self.server = Server(self.loop, self.configFile)
        self.server.set_authentication_validator(self.validate_auth)
        self.server.set_connection_validator(self.validate_conn)
        self.server.set_subscription_validator(self.validate_sub)
        self.server.set_publish_validator(self.validate_pub)
        self.server.set_control_channel_handler(self.control_packet_handler)
        self.server.set_unsubscription_validator(self.validate_unsub)
        self.server.set_disconnection_notifier(self.disconnection_notifier)
        self.server.set_conn_close_notifier(self.conn_close_notifier)
        self.logger = self.server.get_logger()
        self.logger.log_info("Server Start", "MyJMQTApp")
        self.serverConfig = self.server.get_server_config()
        self.update = "update"

    async def validate_auth(self, auth_data: Any, remote_host: str, protocol: str) -> Tuple[int, str, str, str]:
        if "client_name" not in auth_data:
            return self.server.StatusCodes.INVALID_PACKET, "", "", "client_name is missing"
        return self.server.StatusCodes.OK, str(auth_data["client_name"]), "a token", ""

    async def validate_conn(self, client_id: str, auth_token: str, remote_host: str, protocol: str) -> int:
        if auth_token != "a token":
            return self.server.StatusCodes.INVALID_TOKEN
        await self.server.force_sub(client_id, "#" + client_id, persistent_flag=1)
        await self.server.force_sub(client_id, self.update, persistent_flag=1)
        await self.server.force_pub(self.update, {"online": client_id}, qos=0, retain=0)
        return self.server.StatusCodes.OK

    def reserved(self, channel: str) -> int:
        codes = self.server.StatusCodes
        return codes.NOT_ALLOWED if channel == self.update else codes.OK

    async def validate_sub(self, client_id: str, channel: str, persistent_flag: Any, remote_host: str, protocol: str) -> int:
        return self.reserved(channel)

    async def validate_unsub(self, client_id: str, channel: str, remote_host: str, protocol: str) -> int:
        return self.reserved(channel)

    async def validate_pub(self, client_id: str, channel: str, data: Any, qos: Any, remote_host: str, protocol: str) -> int:
        return self.reserved(channel)

    async def control_packet_handler(self, client_id: str, channel: str, data: Any, remote_host: str, protocol: str) -> Tuple[int, Any]:
        if channel == "$mySubscriptions":
            return self.server.StatusCodes.OK, {"channels": await self.server.get_subscriptions(client_id)}
        return self.server.StatusCodes.NOT_ALLOWED, None

    async def disconnection_notifier(self, client_id: str, remote_host: str, protocol: str) -> None:
        self.logger.log_info("disconnected " + client_id, "MyJMQTApp")

    async def conn_close_notifier(self, client_id: str, remote_host: str, protocol: str) -> None:
        await self.server.force_pub(self.update, {"offline": client_id}, qos=0, retain=0)

    def start(self) -> None:
        self.logger.log_info("Server start", "MyJMQTApp")
        self.server.start()

    def stop(self) -> None:
        self.logger.log_info("Server stop", "MyJMQTApp")
        self.server.stop()


if __name__ == "__main__":
    loop = asyncio.get_event_loop()
    myApp = MyJMQTApp(loop)
    myApp.start()
    try:
        loop.run_forever()
    except KeyboardInterrupt:
        pass
    myApp.stop()
