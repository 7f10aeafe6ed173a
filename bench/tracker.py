"""A stand-in of GitHub's issues that answers after a while, in a process of its own: `python -m bench.tracker PORT MS`.

It keeps what is asked of it, and counts: GET /counts tells reads and writes.
"""

import asyncio
import itertools
import re
import sys
from collections import Counter
from typing import Any, Final

from aiohttp import web

_NUMBERS: Final = re.compile(r"issue\(number: ?(\d+)\)")


class Tracker:
    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._numbers = itertools.count(1)
        self._issues: dict[int, dict[str, Any]] = {}
        self._counts: Counter[str] = Counter()

    def app(self) -> web.Application:
        app = web.Application()
        app.add_routes(
            [
                web.get("/readyz", self.ready),
                web.get("/counts", self.counts),
                web.post("/repos/{owner}/{name}/issues", self.create),
                web.patch("/repos/{owner}/{name}/issues/{number}", self.update),
                web.post("/graphql", self.query),
            ]
        )
        return app

    async def ready(self, _: web.Request) -> web.Response:
        return web.Response()

    async def counts(self, _: web.Request) -> web.Response:
        return web.json_response({"issues": len(self._issues), **self._counts})

    async def create(self, request: web.Request) -> web.Response:
        issue = await self._take(request, "writes")
        issue |= {"number": next(self._numbers), "state": "open"}
        issue["html_url"] = f"https://github.example/issues/{issue['number']}"
        self._issues[issue["number"]] = {"number": issue["number"], "state": "open"}
        return web.json_response({**issue, "labels": []}, status=201)

    async def update(self, request: web.Request) -> web.Response:
        change = await self._take(request, "writes")
        issue = self._issues[int(request.match_info["number"])]
        issue["state"] = change.get("state", issue["state"])
        return web.json_response({**issue, "labels": []})

    async def query(self, request: web.Request) -> web.Response:
        asked = await self._take(request, "reads")
        shown = {
            f"i{number}": {**self._issues[int(number)], "state": self._issues[int(number)]["state"].upper()}
            for number in _NUMBERS.findall(asked["query"])
        }
        return web.json_response({"data": {"repository": shown}})

    async def _take(self, request: web.Request, kind: str) -> dict[str, Any]:
        body: dict[str, Any] = await request.json()
        self._counts[kind] += 1
        await asyncio.sleep(self._seconds)
        return body


if __name__ == "__main__":
    port, milliseconds = map(int, sys.argv[1:])
    app = Tracker(milliseconds / 1000).app()
    web.run_app(app, host="127.0.0.1", port=port, print=None, access_log=None, shutdown_timeout=0)
