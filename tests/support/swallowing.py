"""A way to PostgreSQL that forgets connections, as a firewall, NAT or load balancer does."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit


class _Way:
    """One connection: what comes from either side goes to the other, until it is swallowed."""

    def __init__(self) -> None:
        self.is_swallowed = False

    async def pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                if not self.is_swallowed:
                    writer.write(data)
                    await writer.drain()
        # not even an end is told of what was swallowed
        if not self.is_swallowed:
            writer.close()


class SwallowingProxy:
    """Listens on 127.0.0.1; `dsn` leads through it to the database of another address."""

    def __init__(self, dsn: str) -> None:
        self._parts = urlsplit(dsn)
        self._query = {name: values[0] for name, values in parse_qs(self._parts.query).items()}
        self._loop = asyncio.new_event_loop()
        self._ways: list[_Way] = []
        self._writers: list[asyncio.StreamWriter] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self.dsn = ""

    @classmethod
    @contextlib.contextmanager
    def start(cls, dsn: str) -> Iterator["SwallowingProxy"]:
        proxy = cls(dsn)
        thread = threading.Thread(target=proxy._loop.run_forever, daemon=True)
        thread.start()
        try:
            asyncio.run_coroutine_threadsafe(proxy._listen(), proxy._loop).result(30)
            yield proxy
        finally:
            asyncio.run_coroutine_threadsafe(proxy._close(), proxy._loop).result(30)
            proxy._loop.call_soon_threadsafe(proxy._loop.stop)
            thread.join()
            proxy._loop.close()

    def swallow(self) -> int:
        """Forget every connection that is open now; new ones work. Return how many those were."""
        open_now = [way for way in list(self._ways) if not way.is_swallowed]
        for way in open_now:
            way.is_swallowed = True
        return len(open_now)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        query = urlencode({name: value for name, value in self._query.items() if name not in {"host", "port"}})
        login = self._parts.netloc.rpartition("@")[0] or self._query.get("user", "")
        self.dsn = urlunsplit(self._parts._replace(netloc=f"{login}@127.0.0.1:{port}", query=query))

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host = self._query.get("host") or self._parts.hostname or "127.0.0.1"
        port = int(self._query.get("port") or self._parts.port or 5432)
        if host.startswith("/"):
            there = await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}")
        else:
            there = await asyncio.open_connection(host, port)
        way = _Way()
        self._ways.append(way)
        self._writers += [writer, there[1]]
        for source, target in ((reader, there[1]), (there[0], writer)):
            task = self._loop.create_task(way.pass_on(source, target))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _close(self) -> None:
        self._server.close()
        for writer in self._writers:
            writer.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
