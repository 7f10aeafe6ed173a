"""Is the process alive, can it serve, how is it doing: for load balancers and monitors."""

import hmac
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from jackfield.domain.errors import Unavailable
from jackfield.web.contract import json_response
from jackfield.web.headers import header

#: raises Unavailable when the process cannot serve
ReadinessCheck = Callable[[], Awaitable[None]]


async def healthz(_: Request) -> Response:
    """200 as long as the process answers at all."""
    return json_response(200, {"status": "alive"})


async def readyz(request: Request) -> Response:
    """200 when the database answers; 503 with the reason otherwise."""
    check: ReadinessCheck = request.scope["state"]["check_readiness"]
    try:
        await check()
    except Unavailable as error:
        return json_response(503, {"status": "not ready", "reason": str(error)})
    return json_response(200, {"status": "ready"})


async def metrics(request: Request) -> Response:
    """Prometheus text; with several workers, the sum of all of them. Where the operator set a token, it is needed."""
    token: str | None = request.scope["state"]["metrics_token"]
    sent = header(request.scope, b"authorization") or ""
    if token is not None and not hmac.compare_digest(sent.encode(), f"Bearer {token}".encode()):
        return json_response(401, {"detail": "Metrics need the operator's token"}, {"www-authenticate": "Bearer"})
    registry = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        _forget_dead(Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]))
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return PlainTextResponse(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


def _forget_dead(directory: Path) -> None:
    """What a process was doing when it died is not what is done now; what it counted stays."""
    for file in directory.glob("gauge_live*_*.db"):
        pid = int(file.stem.rpartition("_")[2])
        if not Path(f"/proc/{pid}").exists() and Path("/proc/self").exists():
            mark_process_dead(pid, str(directory))  # type: ignore[no-untyped-call]


ROUTES: Final = [
    Route("/healthz", healthz, methods=["GET"]),
    Route("/readyz", readyz, methods=["GET"]),
    Route("/metrics", metrics, methods=["GET"]),
]
