"""One serving process: the ASGI application, the house behind it, and what watches beside it."""

import asyncio
import contextlib
import gc
import multiprocessing
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from types import FrameType
from typing import Any, Final

import structlog
from starlette.types import ASGIApp

from jackfield import logs
from jackfield.bootstrap import House, open_house
from jackfield.providers._registry import provider_classes
from jackfield.settings import read_settings
from jackfield.storage.revocations import RevocationListener
from jackfield.web.access_log import AccessLog
from jackfield.web.app import create_app
from jackfield.web.connections import ConnectionWatch
from jackfield.web.request_body import BodyLimits
from jackfield.worker.engine import Engine

_PARENT_WATCH_SECONDS: Final = 1.0

_log = structlog.get_logger(__name__)


def serve_app() -> ASGIApp:
    """The ASGI application of one serving process, for the server to call in that process."""
    settings = read_settings()
    logs.configure(settings.log_level)
    access_log = AccessLog(logs.write if settings.log_level in {"debug", "info"} else None)

    @contextlib.asynccontextmanager
    async def lifespan(_: Any) -> AsyncIterator[dict[str, Any]]:
        async with open_house(settings) as house, asyncio.TaskGroup() as tasks:
            engine = _engine(house) if settings.serve_jobs else None
            if engine is not None:
                tasks.create_task(engine.run())
            background = [
                tasks.create_task(_listen(house).run()),
                tasks.create_task(_stop_with_parent(_parent())),
                tasks.create_task(ConnectionWatch(settings.max_connections_per_address).run()),
            ]
            # what is there now stays for good: the collector need not look at it again and again
            gc.collect()
            gc.freeze()
            with _at_stop(house.services.job_watch.close):
                yield {
                    "services": house.services,
                    "check_readiness": partial(_check_readiness, house, engine),
                    "body_limits": BodyLimits(settings.max_body_bytes, settings.body_timeout_seconds),
                    "public_url": settings.public_url,
                    "metrics_token": settings.metrics_token and settings.metrics_token.get_secret_value(),
                }
            access_log.flush()
            if engine is not None:
                engine.stop()
            for task in background:
                task.cancel()

    manifests = [provider.manifest for provider in provider_classes().values()]
    return create_app(
        lifespan, manifests, settings.public_url, settings.cors_origins, access_log, settings.platform_domain
    )


async def _check_readiness(house: House, engine: Engine | None) -> None:
    """Raises Unavailable with the reason."""
    await house.database.ping()
    if engine is not None:
        engine.check()


def _engine(house: House) -> Engine:
    return Engine(house.database.connect_for_jobs, house.runner, house.upkeep, house.database.notice_loss)


def _listen(house: House) -> RevocationListener:
    access = house.services.access
    return RevocationListener(
        house.database.dsn,
        access.start_listening,
        access.stop_listening,
        access.forget_all,
        house.database.notice_loss,
    )


@contextlib.contextmanager
def _at_stop(act: Callable[[], None]) -> Iterator[None]:
    """Within the block, what is done as soon as the process is told to stop, before what the server does then.

    The server ends the lifespan when everybody has been answered, and an open page is answered as long as it is open.
    """
    loop = asyncio.get_running_loop()
    # a loop's own handlers are woken by a descriptor, and leave here one that does nothing; other servers' are here
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def stop(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(act)
        handler = before[signal.Signals(number)]
        if callable(handler):
            handler(number, frame)

    for number in before:
        signal.signal(number, stop)
        # as loops have it: no call of the system is to fail for it
        signal.siginterrupt(number, False)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _parent() -> int:
    """The process that started us; not who adopted us, should it be dead already."""
    parent = multiprocessing.parent_process()
    return os.getppid() if parent is None or parent.pid is None else parent.pid


async def _stop_with_parent(parent: int) -> None:
    """A worker whose main process was killed would answer for ever, unsupervised: it stops itself."""
    while os.getppid() == parent:  # noqa: ASYNC110  the kernel sets no event
        await asyncio.sleep(_PARENT_WATCH_SECONDS)
    _log.error("the main process is gone: stopping")
    os.kill(os.getpid(), signal.SIGTERM)
