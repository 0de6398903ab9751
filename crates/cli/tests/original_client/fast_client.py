"""A JMQT client that reads as much as there is, and writes with the defaults of `json.dumps`.

Subscribes to `room`, waits for a number of messages, and prints how many came, the longest read and how
many messages the broker lets it leave unacknowledged.

    fast_client.py socket|asyncio PORT COUNT
"""

import asyncio
import json
import socket
import sys

HOST = "127.0.0.1"
READ_BYTES = 1 << 20


def frame(packet):
    return json.dumps(packet).encode() + b"\0"


class Inbox:
    """Cuts what was read into packets, wherever reads end."""

    def __init__(self):
        self.rest = b""
        self.longest_read = 0

    def take(self, chunk):
        self.longest_read = max(self.longest_read, len(chunk))
        *frames, self.rest = (self.rest + chunk).split(b"\0")
        return [json.loads(frame) for frame in frames]


class Session:
    """What it does with each packet: the same for both kinds of socket."""

    def __init__(self, send, count, conn, sub):
        self.send, self.count, self.conn, self.sub = send, count, conn, sub
        self.received = 0
        self.window = None

    def begin(self):
        self.send({"auth": {"dt": {"client_name": "fast"}}})

    def on_packet(self, packet):
        if "authAck" in packet:
            self.send(self.conn(packet["authAck"]["at"]))
        elif "connAck" in packet:
            self.send(self.sub)
        elif "subAck" in packet:
            self.send({"pub": {"cn": "$limits", "dt": {}, "id": "1"}})
        elif "pubAck" in packet:
            self.window = packet["pubAck"]["dt"]["unacknowledged_max"]
            print("subscribed", flush=True)
        elif "push" in packet:
            self.received += 1

    def is_over(self):
        return self.received == self.count


def report(session, inbox):
    print(json.dumps({
        "received": session.received,
        "longest_read": inbox.longest_read,
        "window": session.window,
    }))


def over_socket(port, count):
    """One with a key order of its own."""
    connection = socket.create_connection((HOST, port))
    session = Session(
        lambda packet: connection.sendall(frame(packet)),
        count,
        conn=lambda token: {"conn": {"cl": "fast", "at": token}},
        sub={"sub": {"pr": 0, "cn": "room"}},
    )
    inbox = Inbox()
    session.begin()
    while not session.is_over():
        for packet in inbox.take(connection.recv(READ_BYTES)):
            session.on_packet(packet)
    report(session, inbox)


async def over_asyncio(port, count):
    """One that opens with the same bytes as the original client."""
    reader, writer = await asyncio.open_connection(HOST, port, limit=READ_BYTES)
    session = Session(
        lambda packet: writer.write(frame(packet)),
        count,
        conn=lambda token: {"conn": {"at": token, "cl": "fast"}},
        sub={"sub": {"cn": "room"}},
    )
    inbox = Inbox()
    session.begin()
    while not session.is_over():
        for packet in inbox.take(await reader.read(READ_BYTES)):
            session.on_packet(packet)
    report(session, inbox)


def main():
    kind, port, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    if kind == "socket":
        over_socket(port, count)
    else:
        asyncio.run(over_asyncio(port, count))


main()
