"""HTTP written byte by byte, for requests that no client library would send."""

import contextlib
import socket
from dataclasses import dataclass
from typing import Any

import msgspec

from support.service import Service

SECONDS = 10.0


@dataclass(frozen=True)
class RawAnswer:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return msgspec.json.decode(self.body)


def send(service: Service, request: bytes) -> RawAnswer:
    """Sends the bytes and reads the answer until the service closes the connection.

    A service that closes before it has read everything is right to do so, and its answer still counts.
    """
    with socket.create_connection(("127.0.0.1", service.port), SECONDS) as connection:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(request)
        return parse(read_to_end(connection))


def send_and_hang_up(service: Service, request: bytes) -> None:
    """Sends the bytes and closes the connection without waiting for an answer."""
    with socket.create_connection(("127.0.0.1", service.port), SECONDS) as connection:
        connection.sendall(request)


def request(method: str, target: str, headers: dict[str, str], body: bytes = b"", length: int | None = None) -> bytes:
    """A request that asks the service to close the connection after its answer."""
    whole = {"Host": "test", "Connection": "close", "Content-Length": str(len(body) if length is None else length)}
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in {**whole, **headers}.items())]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def chunked(method: str, target: str, headers: dict[str, str], body: bytes, size: int = 65_536) -> bytes:
    """The same with a body of unannounced length, in chunks."""
    whole = {"Host": "test", "Connection": "close", "Transfer-Encoding": "chunked", **headers}
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in whole.items())]
    parts = [body[start : start + size] for start in range(0, len(body), size)]
    encoded = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts)
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + encoded + b"0\r\n\r\n"


def read_to_end(connection: socket.socket) -> bytes:
    """All that comes until the service closes the connection. Raises TimeoutError when it does not."""
    received = b""
    with contextlib.suppress(ConnectionResetError):
        while part := connection.recv(65_536):
            received += part
    return received


def parse(received: bytes) -> RawAnswer:
    """One whole answer."""
    head, _, body = received.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    return RawAnswer(int(first.split()[1]), headers, body)
