"""The open-loop load: requests leave at a constant rate, whether or not the answers are there.

Latency counts from the moment at which a request should have left, so a stall shows in every request it delays.
"""

import asyncio
import selectors
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_LINGER_SECONDS: Final = 10.0
_LENGTH: Final = b"content-length:"


@dataclass(frozen=True)
class Steady:
    rate: float
    p50_ms: float
    p99_ms: float
    max_ms: float
    errors: int


class _Connection(asyncio.Protocol):
    """One request at a time; reports the status line's number and takes the next."""

    def __init__(self, load: "_Load") -> None:
        self._load = load
        self._transport: asyncio.Transport
        self._received = b""
        self._due: float | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def send(self, due: float, request: bytes) -> None:
        self._due = due
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._received += data
        head_end = self._received.find(b"\r\n\r\n")
        if head_end < 0 or self._due is None:
            return
        head = self._received[:head_end].lower()
        start = head.find(_LENGTH) + len(_LENGTH)
        length = int(head[start:].partition(b"\r\n")[0]) if start >= len(_LENGTH) else 0
        if len(self._received) < head_end + 4 + length:
            return
        due, self._due, self._received = self._due, None, b""
        self._load.answered(self, due, ok=head.startswith(b"http/1.1 200"))

    def connection_lost(self, _: Exception | None) -> None:
        if self._due is not None:
            self._load.answered(None, self._due, ok=False)

    def close(self) -> None:
        self._due = None
        self._transport.close()


class _Load:
    def __init__(self, requests: Sequence[bytes], total: int) -> None:
        self._requests = requests
        self._loop = asyncio.get_running_loop()
        self._sent = 0
        self._due: deque[float] = deque()
        self.idle: deque[_Connection] = deque()
        self.latencies: list[float] = []
        self.errors = 0
        self.total = total
        self.finished = asyncio.Event()

    def offer(self, due: float) -> None:
        self._due.append(due)
        self._dispatch()

    def answered(self, connection: _Connection | None, due: float, *, ok: bool) -> None:
        self.latencies.append(self._loop.time() - due)
        self.errors += not ok
        if connection is not None:
            self.idle.append(connection)
        self._dispatch()
        if len(self.latencies) == self.total:
            self.finished.set()

    def _dispatch(self) -> None:
        while self._due and self.idle:
            self.idle.popleft().send(self._due.popleft(), self._requests[self._sent % len(self._requests)])
            self._sent += 1


def run_steady(port: int, requests: Sequence[bytes], rate: float, seconds: float, connections: int) -> Steady:
    # select() waits for microseconds; epoll's milliseconds are as long as the latencies to be measured
    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(selectors.SelectSelector())) as runner:
        return runner.run(_run(port, requests, rate, seconds, connections))


async def _run(port: int, requests: Sequence[bytes], rate: float, seconds: float, connections: int) -> Steady:
    loop = asyncio.get_running_loop()
    load = _Load(requests, int(rate * seconds))
    opened = [await loop.create_connection(lambda: _Connection(load), "127.0.0.1", port) for _ in range(connections)]
    load.idle.extend(connection for _, connection in opened)
    start = loop.time()
    for number in range(load.total):
        due = start + number / rate
        if due > loop.time():
            await asyncio.sleep(due - loop.time())
        load.offer(due)
    try:
        await asyncio.wait_for(load.finished.wait(), _LINGER_SECONDS)
    except TimeoutError:
        load.errors += load.total - len(load.latencies)
    for _, connection in opened:
        connection.close()
    latencies = sorted(load.latencies) or [0.0]
    p50, p99 = (latencies[int(len(latencies) * share)] * 1000 for share in (0.50, 0.99))
    return Steady(rate, p50, p99, latencies[-1] * 1000, load.errors)
