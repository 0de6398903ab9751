#!/usr/bin/env python3
"""Two Rialto nodes on one PostgreSQL database, Redis between them and a load balancer before them.

Everything runs in a temporary directory, on free ports of this machine; Ctrl-C stops it and removes the directory. It
needs the Debian packages postgresql and redis-server, and rialto on the path. Clients connect to 127.0.0.1:8010, or
to the address that is given as the argument.
"""

import glob
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from urllib.parse import quote

WAIT_S = 20


def free_port():
    """Returns a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


class Cluster:
    """Processes and their directory, which are gone when it is left."""

    def __enter__(self):
        self.directory = tempfile.mkdtemp(prefix="rialto-cluster-")
        os.chmod(self.directory, 0o755)
        self.processes = []
        return self

    def __exit__(self, *_):
        # Whoever came last goes first: the nodes need the database until they have stopped.
        for process, end in reversed(self.processes):
            process.send_signal(end)
            process.wait()
        shutil.rmtree(self.directory)

    def path(self, name):
        return os.path.join(self.directory, name)

    def start(self, name, *command, end=signal.SIGTERM, user=None):
        """Starts a program that writes to a log of its name."""
        with open(self.path(name + ".log"), "wb") as log:
            # In a session of its own, so that Ctrl-C reaches this program alone, which knows the order.
            process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.directory, start_new_session=True, user=user)
        self.processes.append((process, end))
        return process

    def wait_for(self, name, is_there):
        """Waits until something is there that a started program makes."""
        until = time.monotonic() + WAIT_S
        while not is_there():
            if time.monotonic() > until or any(process.poll() is not None for process, _ in self.processes):
                with open(self.path(name + ".log"), encoding="utf-8", errors="replace") as log:
                    sys.exit(f"{name} did not start:\n{log.read()}")
            time.sleep(0.05)

    def has_logged(self, name, text):
        with open(self.path(name + ".log"), encoding="utf-8", errors="replace") as log:
            return text in log.read()

    def start_postgres(self):
        programs = sorted(glob.glob("/usr/lib/postgresql/*/bin")) or sys.exit("PostgreSQL is not installed")
        initdb, postgres = (os.path.join(programs[-1], name) for name in ("initdb", "postgres"))
        # PostgreSQL does not run as root.
        user = "postgres" if os.geteuid() == 0 else None
        data = self.path("database")
        os.mkdir(data, 0o700)
        if user:
            shutil.chown(data, user)
        subprocess.run(
            [initdb, "-U", "rialto", "-A", "trust", "-D", data + "/data"],
            cwd=self.directory, user=user, check=True, stdout=subprocess.DEVNULL,
        )
        command = [postgres, "-D", data + "/data", "-k", data, "-c", "listen_addresses="]
        self.start("postgres", *command, end=signal.SIGINT, user=user)
        self.wait_for("postgres", lambda: self.has_logged("postgres", "ready to accept connections"))
        return f"postgres://rialto@{quote(data, safe='')}/postgres"

    def start_redis(self):
        port = free_port()
        self.start("redis", "redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", self.directory)
        self.wait_for("redis", lambda: self.has_logged("redis", "Ready to accept connections"))
        return f"redis://127.0.0.1:{port}"

    def start_node(self, name, database, bus):
        address = f"127.0.0.1:{free_port()}"
        settings = ["store.kind=postgres", "store.shared=true", f"store.url={database}", "bus.kind=redis", f"bus.urls={bus}"]
        sets = [word for setting in settings for word in ("--set", setting)]
        node = self.start(name, "rialto", "serve", "--listen", address, "--data-dir", self.path(name), *sets)
        self.wait_for(name, lambda: self.has_logged(name, " ready"))
        print(f"node {name} listens on {address}, process {node.pid}")
        return address


def main():
    listen = sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:8010"
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with Cluster() as cluster:
        database, bus = cluster.start_postgres(), cluster.start_redis()
        one = cluster.start_node("one", database, bus)
        # What one node signs the other is to accept.
        os.mkdir(cluster.path("two"), 0o700)
        shutil.copy2(cluster.path("one/token.key"), cluster.path("two/token.key"))
        two = cluster.start_node("two", database, bus)
        admin = f"balancer.admin=127.0.0.1:{free_port()}"
        cluster.start("balancer", "rialto", "balance", "--route", f"{listen}={one},{two}", "--set", admin)
        cluster.wait_for("balancer", lambda: cluster.has_logged("balancer", " ready"))
        print(f"clients connect to {listen}; the logs are in {cluster.directory}; Ctrl-C stops all", flush=True)
        try:
            signal.pause()
        except KeyboardInterrupt:
            print("stopping")


if __name__ == "__main__":
    main()
