"""Client library for the Rialto message broker: asyncio here, without it in ``rialto_client.blocking``."""

from .client import Client, connect
from .errors import Closed, Full, Lost, Refused, RialtoError, Unauthorized
from .message import Message
from .options import (
    Auth, Codec, Credentials, ErrorEvent, Inbox, Outbox, PublishEvent, SlowEvent, StateEvent, SubscriptionEvent, Token, Why,
)
from .subscription import Handler, Subscription

__all__ = [
    "Auth", "Client", "Closed", "Codec", "Credentials", "ErrorEvent", "Full", "Handler", "Inbox", "Lost", "Message", "Outbox",
    "PublishEvent", "Refused", "RialtoError", "SlowEvent", "StateEvent", "Subscription", "SubscriptionEvent", "Token",
    "Unauthorized", "Why", "connect",
]
