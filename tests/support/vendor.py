"""A vendor on the loopback interface, over real sockets: answers as a script says, and remembers what it was asked."""

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit


@dataclass
class Asked:
    method: str
    path: str
    #: names in lower case
    headers: dict[str, str]
    body: bytes


@dataclass
class Answer:
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @classmethod
    def of(cls, value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> "Answer":
        return cls(status, {"Content-Type": "application/json", **(headers or {})}, json.dumps(value).encode())

    def to_bytes(self) -> bytes:
        headers = {"Content-Length": str(len(self.body)), "Connection": "close", **self.headers}
        if self.status == 204:
            del headers["Content-Length"]
        lines = [f"HTTP/1.1 {self.status} Said", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
        return "\r\n".join(lines).encode() + self.body


#: what a vendor does with one request; it may also break the connection
Behaviour = Callable[[Asked, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Vendor:
    url: str
    seen: list[Asked]
    #: what the one who asks makes of what it is told, if somebody wants to look at it here
    budget: Any = None


@contextlib.asynccontextmanager
async def vendor(behaviour: Behaviour) -> AsyncIterator[Vendor]:
    """A vendor at a free port, for the time of the block."""
    seen: list[Asked] = []
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        # whoever asked may be gone before the answer
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            asked = await _read(reader)
            seen.append(asked)
            await behaviour(asked, writer)
            writer.close()
            await writer.wait_closed()
        writer.close()
        tasks.discard(task)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield Vendor(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", seen)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        server.close()
        await server.wait_closed()


def answers(*script: Answer) -> Behaviour:
    """One answer after the other; asked once more, it breaks the connection off, and the test fails on `seen`."""
    left = list(script)

    async def behave(asked: Asked, writer: asyncio.StreamWriter) -> None:
        if left:
            writer.write(left.pop(0).to_bytes())
            await writer.drain()

    return behave


def routed(*routes: tuple[str, str, Answer | Callable[[Asked], Answer]]) -> Behaviour:
    """The answer of the first route whose method and pattern of the path fit; 404 as of no product for the rest."""

    async def behave(asked: Asked, writer: asyncio.StreamWriter) -> None:
        found = next(
            (one for method, path, one in routes if method == asked.method and re.search(path, asked.path)), None
        )
        answer = Answer(404, {}, b"<h1>Not here</h1>") if found is None else found
        writer.write((answer(asked) if callable(answer) else answer).to_bytes())
        await writer.drain()

    return behave


async def resets(asked: Asked, writer: asyncio.StreamWriter) -> None:
    """Breaks the connection in the middle of an answer."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{")
    await writer.drain()
    writer.transport.abort()


async def hangs(asked: Asked, writer: asyncio.StreamWriter) -> None:
    """Says nothing for far longer than anybody waits."""
    await asyncio.sleep(60)


async def floods(asked: Asked, writer: asyncio.StreamWriter) -> None:
    """Sends 50 MB."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 52428800\r\n\r\n")
    for _ in range(50):
        writer.write(b" " * 1024 * 1024)
        await writer.drain()


def path_of(url: str) -> str:
    return urlsplit(url).path


async def _read(reader: asyncio.StreamReader) -> Asked:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, target, _ = head[0].split(" ", 2)
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
    if headers.get("transfer-encoding") == "chunked":
        body = b""
        while size := int(await reader.readline(), 16):
            body += await reader.readexactly(size)
            await reader.readline()
        await reader.readline()
    else:
        body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Asked(method, target, headers, body)
