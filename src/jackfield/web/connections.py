"""Keeping one address from taking all connections of this process.

The server accepts a connection before anything of ours hears of it, and closes silent ones only after a while. So the
process looks at its own sockets from beside: of an address that holds too many, those that never got an answer go
first, then those that have been silent longest.
"""

import asyncio
import contextlib
import os
import socket
import struct
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import structlog
from prometheus_client import Counter

_LOOK_SECONDS: Final = 0.5
_DESCRIPTORS: Final = Path("/proc/self/fd")
#: of Linux's struct tcp_info: milliseconds since something was sent, and since something came; bytes acknowledged to us
_TCP_INFO: Final = struct.Struct("=44xI4xI64xQ")
#: the handshake counts as one byte
_NEVER_ANSWERED: Final = 1

CLOSED: Final = Counter(
    "jackfield_connections_closed_total", "Connections closed because their address held too many of them."
)

_log = structlog.get_logger(__name__)


class _Connection(NamedTuple):
    """One client's connection, as one of our descriptors. `name` tells whether that is still the same."""

    descriptor: Path
    name: str
    address: str
    was_answered: bool
    silent_ms: int


class ConnectionWatch:
    """`most` is how many connections one address may hold in this process; 0: as many as it likes."""

    def __init__(self, most: int) -> None:
        self._most = most

    async def run(self) -> None:
        """Look twice a second until cancelled."""
        if not self._most or not _DESCRIPTORS.exists():
            return
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            await asyncio.to_thread(self._look)

    def _look(self) -> None:
        descriptors = list(_DESCRIPTORS.iterdir())
        # nobody can hold too many while all descriptors together are fewer
        if len(descriptors) <= self._most:
            return
        held: dict[str, list[_Connection]] = defaultdict(list)
        for connection in _connections(descriptors):
            held[connection.address].append(connection)
        for address, connections in held.items():
            self._close_some(address, connections)

    def _close_some(self, address: str, connections: list[_Connection]) -> None:
        excess = len(connections) - self._most
        if excess <= 0:
            return
        connections.sort(key=lambda one: (one.was_answered, -one.silent_ms))
        for connection in connections[:excess]:
            _close(connection)
        CLOSED.inc(excess)
        _log.warning("an address holds too many connections", address=address, held=len(connections), closed=excess)


def _connections(descriptors: Sequence[Path]) -> Iterator[_Connection]:
    sockets = [(descriptor, name) for descriptor in descriptors if (name := _name(descriptor)).startswith("socket:")]
    ports = {port for descriptor, _ in sockets for port in _listening_port(descriptor)}
    for descriptor, name in sockets:
        with contextlib.suppress(OSError), _plug(descriptor) as plug:
            if _is_tcp(plug) and plug.getsockname()[1] in ports and not _listens(plug):
                yield _read(descriptor, name, plug)


def _name(descriptor: Path) -> str:
    """What the kernel calls the open file: a number that no other has until it is closed. "" when it is."""
    try:
        return str(descriptor.readlink())
    except OSError:
        return ""


def _plug(descriptor: Path) -> socket.socket:
    """A descriptor of our own of the same connection, which stays true when the server closes its. Raises OSError."""
    copy = os.dup(int(descriptor.name))
    try:
        return socket.socket(fileno=copy)
    except OSError:
        os.close(copy)
        raise


def _close(connection: _Connection) -> None:
    """The server sees the end, and closes its own descriptor."""
    with contextlib.suppress(OSError), _plug(connection.descriptor) as plug:
        if _name(_DESCRIPTORS / str(plug.fileno())) == connection.name:
            plug.shutdown(socket.SHUT_RDWR)


def _is_tcp(plug: socket.socket) -> bool:
    return plug.family in {socket.AF_INET, socket.AF_INET6} and plug.type == socket.SOCK_STREAM


def _listens(plug: socket.socket) -> bool:
    return bool(plug.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))


def _listening_port(descriptor: Path) -> list[int]:
    with contextlib.suppress(OSError), _plug(descriptor) as plug:
        if _is_tcp(plug) and _listens(plug):
            return [int(plug.getsockname()[1])]
    return []


def _read(descriptor: Path, name: str, plug: socket.socket) -> _Connection:
    info = plug.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO.size)
    sent_ms, came_ms, acknowledged = _TCP_INFO.unpack(info.ljust(_TCP_INFO.size, bytes(1)))
    silent_ms = min(sent_ms, came_ms)
    return _Connection(descriptor, name, plug.getpeername()[0], acknowledged > _NEVER_ANSWERED, silent_ms)
