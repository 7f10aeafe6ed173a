"""Processor time: what a request costs the service and the database, and what else the machine was doing.

Requests a second change with every busy neighbour; the processor time of a request hardly does. And figures taken
beside a busy neighbour say less, so the results tell how busy it was.
"""

import os
import resource
import time
from dataclasses import dataclass
from typing import Final

import psutil

_CORES: Final = os.cpu_count() or 1


@dataclass(frozen=True)
class Usage:
    """Processor seconds of the service and of the database; the share of the machine that others used, 0 to 1."""

    service: float
    database: float
    others: float


class Meter:
    """Runs from its making until `read`."""

    def __init__(self, service_pid: int, database_pid: int) -> None:
        self._service_pid, self._database_pid = service_pid, database_pid
        self._began = time.perf_counter()
        self._before = self._now()

    def read(self) -> Usage:
        elapsed = time.perf_counter() - self._began
        busy, own, service, database = (now - then for now, then in zip(self._now(), self._before, strict=True))
        return Usage(service, database, max(0.0, (busy - own) / (elapsed * _CORES)))

    def _now(self) -> tuple[float, float, float, float]:
        database = _family_seconds(self._database_pid)
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        own = _family_seconds(os.getpid()) + ended.ru_utime + ended.ru_stime + database
        return _busy_seconds(), own, _family_seconds(self._service_pid), database


def _busy_seconds() -> float:
    times = psutil.cpu_times()
    # who waits is not busy, and `guest` is in `user` already
    return float(sum(times) - times.idle - times.iowait - times.guest - times.guest_nice)


def _family_seconds(pid: int) -> float:
    head = psutil.Process(pid)
    return sum(_seconds(process) for process in (head, *head.children(recursive=True)))


def _seconds(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.Error:
        return 0.0
    return float(times.user + times.system)
