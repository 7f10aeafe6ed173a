"""What happens while a page is open: server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html).

`changed` names the integrations whose jobs have moved, so that a page can look again; with `rows=1`, `job` brings the
row of each. A session that has ended is noticed when the browser connects again, which it is told to do now and then.
"""

import asyncio
import json
import random
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from typing import Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from jackfield.domain import ids
from jackfield.domain.errors import JackfieldError, Unavailable
from jackfield.domain.job import Job
from jackfield.web.console import words
from jackfield.web.console.view import fragment
from jackfield.web.pages.browser import Browser
from jackfield.web.pages.rendering import QUIET_HEADERS

#: what stands between takes silent connections for dead
_SIGN_OF_LIFE_SECONDS: Final = 25.0
#: after about so long the browser connects anew, and has to be signed in then
_LONGEST_SECONDS: Final = 15 * 60.0
_HEADERS: Final = {**QUIET_HEADERS, "cache-control": "no-store", "x-accel-buffering": "no"}


async def _live(request: Request) -> Response:
    try:
        browser = await Browser.of(request)
        changes = browser.services.job_watch.changes(browser.caller)
    except Unavailable:
        return _stream(_come_again())
    except JackfieldError:
        # an EventSource gives up at this (HTML, 9.2.3), so a page left open does not ask for ever
        return Response(status_code=204, headers=_HEADERS)
    events = _events(changes, with_rows=request.query_params.get("rows") == "1")
    return _stream(events)


def _stream(events: AsyncIterator[str]) -> Response:
    return StreamingResponse(events, headers=_HEADERS, media_type="text/event-stream")


async def _come_again() -> AsyncGenerator[str, None]:
    """While the database is away: at anything but a stream an EventSource would give up, and stay so."""
    yield _retry(5_000, 10_000)


async def _events(changes: AsyncGenerator[Sequence[Job], None], *, with_rows: bool) -> AsyncGenerator[str, None]:
    yield _retry(1_000, 3_000)
    loop = asyncio.get_running_loop()
    until = loop.time() + _LONGEST_SECONDS * random.uniform(0.8, 1.2)  # noqa: S311  no secret
    # one task at a time waits for the next change: a sign of life must not cancel what it waits for
    coming = asyncio.ensure_future(anext(changes, None))
    try:
        while loop.time() < until:
            ready, _ = await asyncio.wait((coming,), timeout=_SIGN_OF_LIFE_SECONDS)
            if not ready:
                yield ": still here\n\n"
                continue
            jobs = coming.result()
            if jobs is None:
                return
            coming = asyncio.ensure_future(anext(changes, None))
            yield _told(jobs, with_rows=with_rows)
    finally:
        coming.cancel()
        await asyncio.gather(coming, return_exceptions=True)
        await changes.aclose()


def _retry(first: int, last: int) -> str:
    """When the browser comes again after the end, in milliseconds; not all at once after a restart."""
    return f"retry: {random.randint(first, last)}\n\n"  # noqa: S311  no secret


def _told(jobs: Sequence[Job], *, with_rows: bool) -> str:
    events = []
    if with_rows:
        for job in sorted(jobs, key=lambda one: one.id):
            row = fragment("job_row.html", job=job, job_kinds=words.JOB_KINDS)
            events.append(_event("job", row))
    events.append(_event("changed", sorted({ids.to_hex(job.integration_id) for job in jobs})))
    return "".join(events)


def _event(name: str, data: object) -> str:
    # as JSON, since a line break would end the field
    return f"event: {name}\ndata: {json.dumps(data)}\n\n"


ROUTES: Final = [Route("/console/live", _live, methods=["GET"])]
