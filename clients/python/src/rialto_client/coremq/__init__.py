"""CoreMQ's clients: ``MessageQueue`` waits, the others are for asyncio. A program for ``coremq`` only changes its import."""

from .client import AsyncMessageQueue, connect
from .factory import CoreMqClientFactory, CoreMqClientProtocol
from .frames import ConnectionClosed, ProtocolError, construct_message
from .queue import MessageQueue
from .stress import parallel_stress

__all__ = [
    "AsyncMessageQueue", "ConnectionClosed", "CoreMqClientFactory", "CoreMqClientProtocol", "MessageQueue", "ProtocolError",
    "connect", "construct_message", "parallel_stress",
]
