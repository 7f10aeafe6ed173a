"""Pages that are left open: connections as a browser has them, each waiting for news."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Sequence
from typing import Final

#: how long an open page may take to hear of something
_PATIENCE_SECONDS: Final = 30.0
#: opened at a time, so that none is refused at the door
_TOGETHER: Final = 50


class LivePage:
    """One open page of one administrator."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def open(cls, port: int, cookie: str) -> "LivePage":
        """Ready when the service listens for it."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"GET /console/live HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: {cookie}\r\n\r\n".encode())
        page = cls(reader, writer)
        await page.hear(b"retry: ")
        return page

    async def hear(self, text: bytes) -> None:
        """Waits until it is told of that. Ends the program when it is not."""
        received = b""
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while text not in received:
                more = await self._reader.read(65536)
                if not more:
                    raise SystemExit(f"bench: an open page was ended: {received[:500]!r}")
                received += more

    def close(self) -> None:
        self._writer.close()


@contextlib.asynccontextmanager
async def live_pages(port: int, cookies: Sequence[str]) -> AsyncIterator[list[LivePage]]:
    """One for each cookie."""
    pages: list[LivePage] = []
    try:
        for first in range(0, len(cookies), _TOGETHER):
            pages += await asyncio.gather(*(LivePage.open(port, one) for one in cookies[first : first + _TOGETHER]))
        yield pages
    finally:
        for page in pages:
            page.close()


async def until_all_heard(pages: Sequence[LivePage], text: bytes, since: float) -> float:
    """Seconds from `since`, a time of `perf_counter`, until the last of them was told of it."""
    await asyncio.gather(*(page.hear(text) for page in pages))
    return time.perf_counter() - since
