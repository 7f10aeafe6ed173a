"""`jackfield worker`: jobs alone, on as many machines as there is work for."""

import asyncio
import signal

import structlog

from jackfield import logs
from jackfield.bootstrap import open_house
from jackfield.settings import Settings, read_settings

_log = structlog.get_logger(__name__)


def worker() -> None:
    """Run jobs until told to stop; what is under way is finished first, or left to another worker."""
    settings = read_settings()
    logs.configure(settings.log_level)
    asyncio.run(_work(settings))


async def _work(settings: Settings) -> None:
    # every other command starts sooner without it
    from jackfield.worker.engine import Engine  # noqa: PLC0415

    async with open_house(settings) as house:
        engine = Engine(house.database.connect_for_jobs, house.runner, house.upkeep, house.database.notice_loss)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, engine.stop)
        _log.info("running jobs")
        await engine.run()
        _log.info("stopped")
