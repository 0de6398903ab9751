#!/usr/bin/env python3
"""A webhook application for Rialto, in nothing but Python's standard library.

It does what the sample application of the JMQT guide does: clients name themselves, everybody is
subscribed to `update`, which only the server publishes to, `$hello` is answered, and it remembers
who is online. One line on standard output tells each event.

    export RIALTO_WEBHOOK__SECRET=$(openssl rand -hex 32)
    python3 webhook_app.py --port 8090

The first line says where it listens; give that URL and the same secret to Rialto. What is sent and
what may be answered stands in docs/webhooks.md.
"""

import argparse
import hashlib
import hmac
import json
import os
import sys
import threading
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

UPDATES = "update"
CLOCK_DIFFERENCE_MAX_S = 300
BODY_BYTES_MAX = 16 * 1024 * 1024
SILENCE_MAX_S = 60


class Application:
    """The rules: one method for each event, which returns the answer, or None for the default.

    Methods are called from several threads at once.
    """

    def __init__(self):
        self._lock = threading.Lock()
        self._online = {}  # Since when each client is, in milliseconds since 1970.

    def answer(self, event):
        """Returns the answer to an event; one without a method is left to the server."""
        method = getattr(self, "on_" + event["event"], None)
        return method(event) if method else None

    def on_auth(self, event):
        """Believes whoever gives a name: a sample's rule, not one for the internet."""
        data = event["data"]
        name = data.get("client_name") if isinstance(data, dict) else None
        if not isinstance(name, str) or not name:
            return deny("authentication needs a client_name that is not empty")
        return {"allow": True, "client": name}

    def on_connect(self, event):
        """Leaves the token to the server, and subscribes whoever is let in."""
        if event["token_valid"]:
            with self._lock:
                self._online[event["client"]] = event["at"]
        return {"default": True, "subscribe": [UPDATES]}

    def on_subscribe(self, event):
        return reserve_updates(event, "every client is subscribed to it by the server")

    def on_unsubscribe(self, event):
        return reserve_updates(event, "every client stays subscribed to it")

    def on_publish(self, event):
        return reserve_updates(event, "only the server publishes to it")

    def on_control(self, event):
        if event["channel"] != "$hello":
            return None
        with self._lock:
            online = sorted(self._online)
        return {"answer": {"hello": event["client"], "online": online}}

    def on_close(self, event):
        """Notes who is gone, unless the client is back: a newer connection took its session over,
        or this notification comes late."""
        client = event["client"]
        with self._lock:
            is_back = self._online.get(client, 0) > event["at"]
            if event["code"] != "taken-over" and not is_back:
                self._online.pop(client, None)


class Handler(BaseHTTPRequestHandler):
    """One connection of the server: checks that a request is its own, and passes it on."""

    protocol_version = "HTTP/1.1"  # Keeps the connection for the next request.
    timeout = SILENCE_MAX_S
    disable_nagle_algorithm = True  # An answer is two writes, and the second must not wait.

    def do_POST(self):
        body = self._read_body()
        if body is None:
            return
        if not self._is_signed(body):
            self._reply(HTTPStatus.UNAUTHORIZED)
            return
        event = json.loads(body)
        answer = self.server.application.answer(event)
        self.server.tell(event, answer)
        if answer is None:
            self._reply(HTTPStatus.NO_CONTENT)
        else:
            self._reply(HTTPStatus.OK, json.dumps(answer).encode())

    def log_message(self, *_):
        """Keeps standard error quiet; each event has its line on standard output."""

    def _read_body(self):
        """Returns the body, or replies and returns None when it cannot be read."""
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()):
            return self._hang_up(HTTPStatus.LENGTH_REQUIRED)
        if int(length) > BODY_BYTES_MAX:
            return self._hang_up(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        return self.rfile.read(int(length))

    def _is_signed(self, body):
        """Says whether the request is from who knows the secret, unchanged and not an old one."""
        timestamp = self.headers.get("Rialto-Timestamp", "")
        given = self.headers.get("Rialto-Signature", "")
        if not (timestamp.isascii() and timestamp.isdigit()):
            return False
        if abs(time.time() - int(timestamp)) > CLOCK_DIFFERENCE_MAX_S:
            return False
        signed = timestamp.encode() + b"." + body
        digest = hmac.new(self.server.secret, signed, hashlib.sha256).hexdigest()
        return hmac.compare_digest(given.encode(), b"sha256=" + digest.encode())

    def _hang_up(self, status):
        """Refuses a request whose body is not read, so that nothing after it can be told apart."""
        self.close_connection = True
        self._reply(status)

    def _reply(self, status, body=b""):
        self.send_response(status)
        if status != HTTPStatus.NO_CONTENT:
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Server(ThreadingHTTPServer):
    """Listens on loopback; a proxy with TLS belongs before it where the network is not trusted."""

    daemon_threads = True

    def __init__(self, port, secret, application):
        super().__init__(("127.0.0.1", port), Handler)
        self.secret = secret
        self.application = application
        self._output = threading.Lock()

    def tell(self, event, answer):
        """Prints an event and its answer, without what may hold a password or a token."""
        about = {name: event[name] for name in ("client", "channel", "code") if name in event}
        answer = "default" if answer is None else json.dumps(answer)
        self.say(f"{event['event']} {json.dumps(about)} -> {answer}")

    def say(self, line):
        with self._output:
            print(line, flush=True)


def deny(reason):
    return {"allow": False, "mg": reason}


def reserve_updates(event, reason):
    """Keeps clients' hands off the channel of updates; all others are free."""
    if event["channel"] == UPDATES:
        return deny(f"{UPDATES} is the server's: {reason}")
    return None


def arguments():
    parser = argparse.ArgumentParser(description="A webhook application for Rialto.")
    parser.add_argument("--port", type=int, default=8090, help="0 takes any that is free")
    parser.add_argument(
        "--secret",
        default=os.environ.get("RIALTO_WEBHOOK__SECRET"),
        help="what Rialto signs with; better given as RIALTO_WEBHOOK__SECRET, since other users of "
        "the machine can read command lines",
    )
    chosen = parser.parse_args()
    if not chosen.secret:
        parser.error("there is no secret; set RIALTO_WEBHOOK__SECRET to the one Rialto has")
    return chosen


def main():
    chosen = arguments()
    server = Server(chosen.port, chosen.secret.encode(), Application())
    server.say(f"listening on http://127.0.0.1:{server.server_port}/")
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()


if __name__ == "__main__":
    sys.exit(main())
