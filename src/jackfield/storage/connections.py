"""One way to connect: every connection notices within seconds when nobody is at its other end any more.

A firewall, NAT or load balancer that forgot a connection says nothing: what is sent into it vanishes. By itself, TCP
would find out after a quarter of an hour, or never while nothing is sent.
"""

import socket
from collections.abc import Mapping
from typing import Any, Final

import asyncpg

CONNECT_SECONDS: Final = 5.0
#: of what is sent, the other end has to acknowledge something within this time
_UNACKNOWLEDGED_SECONDS: Final = 10.0
_IDLE_SECONDS: Final = 5
_PROBE_SECONDS: Final = 2
_PROBES: Final = 3

#: asks the server to find a dead client as soon: until then it keeps what a transaction has locked
SERVER_SIDE: Final = {
    "tcp_keepalives_idle": str(_IDLE_SECONDS),
    "tcp_keepalives_interval": str(_PROBE_SECONDS),
    "tcp_keepalives_count": str(_PROBES),
    "tcp_user_timeout": str(int(_UNACKNOWLEDGED_SECONDS * 1000)),
    # a balancer may go on acknowledging for a client that it forgot
    "idle_in_transaction_session_timeout": "20000",
}
# other systems have some of these, under these names
_OPTIONS: Final = (
    ("TCP_KEEPIDLE", _IDLE_SECONDS),
    ("TCP_KEEPALIVE", _IDLE_SECONDS),
    ("TCP_KEEPINTVL", _PROBE_SECONDS),
    ("TCP_KEEPCNT", _PROBES),
    ("TCP_USER_TIMEOUT", int(_UNACKNOWLEDGED_SECONDS * 1000)),
)


async def connect(
    dsn: str,
    *,
    command_seconds: float | None,
    connect_seconds: float = CONNECT_SECONDS,
    settings: Mapping[str, str] | None = None,
) -> "asyncpg.Connection[asyncpg.Record]":
    """Return a connection outside the pool; a statement may take `command_seconds`, None: as long as it likes."""
    connection = await asyncpg.connect(
        dsn, timeout=connect_seconds, command_timeout=command_seconds, server_settings=dict(settings or {})
    )
    notice_silence(connection)
    return connection


def notice_silence(connection: Any) -> None:
    """Let the system end the connection when the other end acknowledges nothing any more."""
    # asyncpg has no other way to its socket
    plug = connection._transport.get_extra_info("socket")  # noqa: SLF001
    if plug is None or plug.family == socket.AF_UNIX:
        return
    plug.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _OPTIONS:
        if hasattr(socket, name):
            plug.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
