#!/usr/bin/env python3
"""The sample server of the JMQT guide: `update` is the server's, which tells there who comes and goes.

    PYTHONPATH=clients/python/src python3 examples/sample_server.py [server.conf]
"""

import asyncio
import sys

from rialto_client.pyjmqt.server.api import Server

UPDATE, TOKEN, CODES = "update", "test-token", Server.StatusCodes


class App:
    def __init__(self, loop, config):
        server = self.server = Server(loop, config)
        server.set_authentication_validator(self.authenticate)
        server.set_connection_validator(self.connect)
        server.set_subscription_validator(self.allow)
        server.set_unsubscription_validator(self.allow)
        server.set_publish_validator(self.allow)
        server.set_control_channel_handler(self.control)
        server.set_disconnection_notifier(self.disconnected)
        server.set_conn_close_notifier(self.closed)

    async def authenticate(self, auth_data, remote_host, protocol):
        if "client_name" in auth_data:
            return CODES.OK, str(auth_data["client_name"]), TOKEN, ""
        return CODES.INVALID_PACKET, "", "", "client_name is missing"

    async def connect(self, client_id, auth_token, remote_host, protocol):
        if auth_token != TOKEN:
            return CODES.INVALID_TOKEN
        await self.server.force_sub(client_id, UPDATE, persistent_flag=1)
        await self.server.force_pub(UPDATE, {"online": client_id}, qos=0, retain=0)
        return CODES.OK

    async def allow(self, client_id, channel, *given):
        return CODES.NOT_ALLOWED if channel == UPDATE else CODES.OK

    async def control(self, client_id, channel, data, remote_host, protocol):
        return CODES.OK, {"channels": await self.server.get_subscriptions(client_id)}

    async def disconnected(self, client_id, remote_host, protocol):
        self.server.get_logger().log_info(f"{client_id} says goodbye", "App")

    async def closed(self, client_id, remote_host, protocol):
        await self.server.force_pub(UPDATE, {"offline": client_id}, qos=0, retain=0)


if __name__ == "__main__":
    loop = asyncio.new_event_loop()
    app = App(loop, *sys.argv[1:2] or [None])
    app.server.start()
    try:
        loop.run_forever()
    except KeyboardInterrupt:
        app.server.stop()
