"""Where the store is, as one line of the settings.

| line | what |
|---|---|
| `valkey://[user:password@]host[:6379][/db]` | one server (`valkeys://` over TLS) |
| `unix://[user:password@]/path/of/socket[?db=0]` | one server on this machine |
| `sentinel://[user:password@]host[:26379],host2,…/master[?db=0]` | the master Sentinel names |
| `cluster://[user:password@]host[:6379],host2,…` | a cluster, found from any of these nodes |

`redis` for `valkey` and `sentinels`, `clusters` for TLS are understood too; `?ca=/path` names the
authority to trust. The password may come by another way than the line (the environment) and is
in no representation and in no message. Every server is a Valkey or a Redis of version 7 or newer.
"""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from redis.asyncio import Redis, RedisCluster, Sentinel
from redis.asyncio.cluster import ClusterNode
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import SentinelConnectionPool
from redis.backoff import NoBackoff

from engine.errors import CallerError

VALKEY_PORT = 6379
SENTINEL_PORT = 26379
DATABASES = 16

KINDS = {
    "valkey": ("server", False),
    "redis": ("server", False),
    "valkeys": ("server", True),
    "rediss": ("server", True),
    "unix": ("unix", False),
    "sentinel": ("sentinel", False),
    "sentinels": ("sentinel", True),
    "cluster": ("cluster", False),
    "clusters": ("cluster", True),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreAddress:
    """An address taken apart; `path` is the socket's, `master` the name Sentinel knows."""

    kind: str
    tls: bool = False
    hosts: tuple[tuple[str, int], ...] = ()
    path: str = ""
    master: str = ""
    db: int = 0
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ca: str | None = None

    def connect(self, timeout_s: float) -> "Redis | RedisCluster":
        """A client that has not connected yet; each wait for the network ends after `timeout_s`."""
        options = self._options(timeout_s)
        if self.kind == "unix":
            return Redis(unix_socket_path=self.path, db=self.db, **options)
        if self.kind == "sentinel":
            master: Redis = self._sentinel(timeout_s).master_for(self.master, db=self.db, **options)
            return master
        if self.kind == "cluster":
            nodes = [ClusterNode(host, port) for host, port in self.hosts]
            return RedisCluster(startup_nodes=nodes, **options)
        host, port = self.hosts[0]
        return Redis(host=host, port=port, db=self.db, **options)

    def connect_for_news(self, timeout_s: float, attempt: int) -> "Redis":
        """A client to subscribe with: in a cluster any node will do, at each attempt the next."""
        if self.kind != "cluster":
            client = self.connect(timeout_s)
            assert isinstance(client, Redis)
            return client
        host, port = self.hosts[attempt % len(self.hosts)]
        return Redis(host=host, port=port, **self._options(timeout_s))

    def _sentinel(self, timeout_s: float) -> Sentinel:
        asking: dict[str, Any] = {
            "socket_timeout": timeout_s,
            "socket_connect_timeout": timeout_s,
            "retry": Retry(NoBackoff(), 0),
        }
        return Sentinel(  # type: ignore[no-untyped-call]  # the library's
            list(self.hosts), sentinel_kwargs=asking | self._tls()
        )

    def _options(self, timeout_s: float) -> dict[str, Any]:
        """One retry at once: it is for connections that went stale while the server restarted."""
        return self._tls() | {
            "username": self.username,
            "password": self.password,
            "protocol": 2,
            "socket_timeout": timeout_s,
            "socket_connect_timeout": timeout_s,
            "retry": Retry(NoBackoff(), 1),
        }

    def _tls(self) -> dict[str, Any]:
        return {"ssl": True, "ssl_ca_certs": self.ca} if self.tls else {}


async def disconnect(client: "Redis | RedisCluster") -> None:
    """Close a client, and those with which it asks Sentinel."""
    await client.aclose()
    pool = getattr(client, "connection_pool", None)
    if isinstance(pool, SentinelConnectionPool):
        for sentinel in pool.sentinel_manager.sentinels:
            await sentinel.aclose()


def parse_address(text: str, password: str | None = None) -> StoreAddress:
    """The address a line of the settings names; `CallerError` says what is wrong with it.

    `password` is used where the line holds none.
    """
    parts = urlsplit(text)
    if parts.scheme not in KINDS:
        raise CallerError(f"the store's address must begin with one of {', '.join(KINDS)}", "store")
    kind, tls = KINDS[parts.scheme]
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    if not query.keys() <= {"db", "ca"}:
        raise CallerError("only db and ca may follow the ? of the store's address", "store")
    login, _, hosts = parts.netloc.rpartition("@")
    username, _, own_password = login.partition(":")
    named = parts.path.strip("/")
    db = query.get("db", named if kind == "server" else "") or "0"
    address = StoreAddress(
        kind=kind,
        tls=tls,
        hosts=() if kind == "unix" else _hosts(hosts, kind),
        path=unquote(parts.path) if kind == "unix" else "",
        master=unquote(named) if kind == "sentinel" else "",
        db=_number(db, DATABASES - 1, "database"),
        username=unquote(username) or None,
        password=unquote(own_password) or password,
        ca=query.get("ca"),
    )
    _check(address)
    return address


def _check(address: StoreAddress) -> None:
    if address.kind == "unix" and not address.path:
        raise CallerError("the store's address names no socket", "store")
    if address.kind == "sentinel" and not address.master:
        raise CallerError("the store's address names no master after the sentinels", "store")
    if address.kind == "cluster" and address.db:
        raise CallerError("a cluster has only database 0", "store")
    if address.kind == "server" and len(address.hosts) != 1:
        raise CallerError("the store's address names more than one server", "store")


def _hosts(text: str, kind: str) -> tuple[tuple[str, int], ...]:
    usual = SENTINEL_PORT if kind == "sentinel" else VALKEY_PORT
    hosts = []
    for one in text.split(","):
        host, colon, port = one.rpartition(":")
        if not colon or one.endswith("]"):
            host, port = one, str(usual)
        if not host.strip("[]"):
            raise CallerError("the store's address names no host", "store")
        hosts.append((host.strip("[]"), _number(port, 65535, "port")))
    return tuple(hosts)


def _number(text: str, most: int, what: str) -> int:
    if not text.isascii() or not text.isdecimal() or int(text) > most:
        raise CallerError(f"the store's {what} must be a number up to {most}", "store")
    return int(text)
