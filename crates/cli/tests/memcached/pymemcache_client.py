"""Drives the cache through pymemcache: every command it has, once. Says nothing when all is well."""

import sys
import threading

from pymemcache.client.base import Client, PooledClient
from pymemcache.exceptions import MemcacheClientError, MemcacheServerError

ADDRESS = ("127.0.0.1", int(sys.argv[1]))


def refused(error, act, *arguments, **named):
    try:
        act(*arguments, **named)
    except error:
        return True
    return False


def storing(client):
    assert client.set("a", b"1", noreply=False)
    assert client.get("a") == b"1"
    assert client.get("missing", "default") == "default"
    assert client.add("a", b"2", noreply=False) is False
    assert client.add("b", b"2", noreply=False) is True
    assert client.replace("c", b"3", noreply=False) is False
    assert client.append("a", b"0", noreply=False)
    assert client.prepend("a", b"2", noreply=False)
    assert client.get("a") == b"210"
    assert client.set_many({"x": b"1", "y": b"2"}, noreply=False) == []
    assert client.get_many(["x", "y", "z"]) == {"x": b"1", "y": b"2"}
    many = {f"key-{number}": str(number).encode() for number in range(1000)}
    client.set_many(many)
    assert client.get_many(list(many)) == many


def ids(client):
    value, cas = client.gets("a")
    assert value == b"210"
    assert client.cas("a", b"new", cas, noreply=False) is True
    assert client.cas("a", b"old", cas, noreply=False) is False
    assert client.cas("missing", b"1", cas, noreply=False) is None
    assert set(client.gets_many(["a", "b"])) == {"a", "b"}


def counting(client):
    client.set("n", b"18446744073709551615")
    assert client.incr("n", 1) == 0
    assert client.decr("n", 5) == 0
    assert client.incr("missing", 1) is None
    assert refused(MemcacheClientError, client.incr, "a", 1)


def ends(client):
    client.set("short", b"1", expire=-1, noreply=False)
    assert client.get("short") is None
    client.set("long", b"1", expire=1000, noreply=False)
    assert client.touch("long", 2000, noreply=False) is True
    assert client.touch("missing", 2000, noreply=False) is False
    assert client.delete("long", noreply=False) is True
    assert client.delete("long", noreply=False) is False
    assert client.delete_many(["x", "y"], noreply=False)
    assert client.get("x") is None


def others(client):
    large = b"v" * (1 << 20)
    assert client.set("large", large, noreply=False)
    assert client.get("large") == large
    assert refused(MemcacheServerError, client.set, "large", large + b"v", noreply=False)
    assert client.get("large") is None
    assert client.version()
    assert client.stats()[b"limit_maxbytes"] == 64 << 20
    assert client.flush_all(delay=0, noreply=False)
    assert client.get("a") is None


def many_at_once():
    client = PooledClient(ADDRESS, max_pool_size=4)
    client.set("n", b"0", noreply=False)

    def count():
        for _ in range(100):
            client.incr("n", 1)

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert client.get("n") == b"400"
    client.close()


def main():
    client = Client(ADDRESS, timeout=20, connect_timeout=20)
    for part in (storing, ids, counting, ends, others):
        part(client)
    client.quit()
    many_at_once()


main()
