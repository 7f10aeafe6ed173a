"""What every request has: an id, a log line, a place in the metrics. One layer around everything else."""

import itertools
import re
import secrets
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

import structlog
from prometheus_client import Counter, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from jackfield.web.access_log import AccessLine, AccessLog
from jackfield.web.contract import REQUEST_ID, json_response
from jackfield.web.headers import headers_of
from jackfield.web.request_body import is_cut_off
from jackfield.web.request_head import refusal

_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}")
_HEADER: Final = b"x-request-id"
_PROCESS: Final = secrets.token_hex(8)
_NUMBERS: Final = itertools.count()
#: of every answer: its type is the one that it says
_NOSNIFF: Final = (b"x-content-type-options", b"nosniff")
_CLOSE: Final = (b"connection", b"close")
#: the methods of RFC 9110 and RFC 5789; any other is a stranger's word, and no word of a stranger's is kept
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE"})
_QUIET: Final = frozenset({"/healthz", "/readyz", "/metrics"})

REQUESTS: Final = Counter("jackfield_requests_total", "Answered requests.", ["route", "method", "status"])
SECONDS: Final = Histogram(
    "jackfield_request_seconds",
    "From the first byte of a request to the end of its answer.",
    ["route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)

_log = structlog.get_logger(__name__)


class Observe:
    def __init__(self, app: ASGIApp, access_log: AccessLog) -> None:
        self._app = app
        self._access_log = access_log
        self._children: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        headers = headers_of(scope)
        request_id = _request_id(headers)
        scope[REQUEST_ID] = request_id
        status = 500
        started_answer = False

        async def send_observed(message: Message) -> None:
            nonlocal status, started_answer
            if message["type"] == "http.response.start":
                started_answer = True
                status = message["status"]
                message["headers"] = [*message["headers"], _NOSNIFF, (_HEADER, request_id.encode())]
                if is_cut_off(scope):
                    message["headers"].append(_CLOSE)
            await send(message)

        try:
            await (refusal(scope, headers) or self._app)(scope, receive, send_observed)
        except Exception:  # noqa: BLE001  outside the contracts, which word their own failures
            _log.exception("unexpected failure", request_id=request_id)
            if not started_answer:
                await json_response(500, {"detail": "Internal error"})(scope, receive, send_observed)
        finally:
            self._note(scope, request_id, status, time.perf_counter() - started)

    def _note(self, scope: Scope, request_id: str, status: int, seconds: float) -> None:
        # the route, never the path: a path has ids in it, and may have anything
        route = scope.get("route")
        template = getattr(route, "path", "unknown")
        method = scope["method"] if scope["method"] in _METHODS else "other"
        counter, histogram = self._child(template, method, status)
        counter.inc()
        histogram.observe(seconds)
        if scope["path"] in _QUIET:
            return
        self._access_log.write(
            AccessLine(
                request_id=request_id,
                method=method,
                route=template,
                status=status,
                milliseconds=round(seconds * 1000, 2),
                timestamp=datetime.now(UTC),
            )
        )

    def _child(self, route: str, method: str, status: int) -> tuple[Counter, Histogram]:
        key = (route, method, status)
        child = self._children.get(key)
        if child is None:
            child = self._children[key] = (
                REQUESTS.labels(route, method, str(status)),
                SECONDS.labels(route),
            )
        return child


def _request_id(headers: Mapping[bytes, bytes]) -> str:
    """The caller's X-Request-Id if it is one, else a new one."""
    sent = headers.get(_HEADER)
    if sent is not None:
        text = sent.decode("latin-1")
        if _REQUEST_ID.fullmatch(text):
            return text
    # nobody has to be unable to guess it; no two processes give the same
    return f"{_PROCESS}{next(_NUMBERS):08x}"
