#!/usr/bin/env python3
"""The sample client of the JMQT guide: subscribes for good, publishes the time, and prints what it is pushed.

    PYTHONPATH=clients/python/src python3 examples/sample_client.py [ADDRESS [NAME]]
"""

import asyncio
import datetime
import sys

from rialto_client import Closed, connect

CHANNEL = "mychannel"
PUBLISH_SECONDS = 10


def show(message):
    sender = message.sender or "the server"
    print(f"data on '{message.channel}' from {sender}: {message.data} (QoS {message.qos}, retained: {message.retained})", flush=True)


def tell(event):
    """Connecting again, and subscribing and publishing again, is the library's work: here it is only told."""
    print(event.state, event.reason or "", flush=True)


async def main(address="jmqt://127.0.0.1:8010", name="pyclient1"):
    client = connect(address, name, retry_first=True)
    client.on("state", tell)
    client.listen("update", show)  # The server subscribes every client to it.
    client.direct(show)
    async with client:
        await client.subscribe(CHANNEL, show, persistent=True)
        while True:
            await client.publish(CHANNEL, str(datetime.datetime.now()), qos=1, retain=True)
            print(f"published on '{CHANNEL}'", flush=True)
            await asyncio.sleep(PUBLISH_SECONDS)


if __name__ == "__main__":
    try:
        asyncio.run(main(*sys.argv[1:]))
    except Closed as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        pass
