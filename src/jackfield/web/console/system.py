"""The installation as its operator sees it, and what to do where something is off."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
from starlette.responses import Response

from jackfield.domain.job import JobKind
from jackfield.domain.system import Backlog, MasterKeyUse, SystemFacts, Worker
from jackfield.web.console.view import view
from jackfield.web.console.words import JOB_KINDS, Badge, Tone, ago, counted, spoken
from jackfield.web.pages.browser import Browser
from jackfield.web.pages.routing import page_route

PATH: Final = "/console/system"
#: what could run waits for less than a second as a rule (worker/engine.py), and for so long when there is too much
_LATE_SECONDS: Final = 60.0
#: whoever runs jobs asks every second
_SILENT: Final = timedelta(seconds=30)
#: of the connections that there can be
_MANY_CONNECTIONS: Final = 0.8


class Concern(msgspec.Struct, frozen=True):
    """Something that is off: `text` says what it means, and what to do."""

    badge: Badge
    title: str
    text: str


class Queue(msgspec.Struct, frozen=True):
    """A kind of job in the queue. `waited`: for how long the oldest that could run has, nothing for none."""

    name: str
    backlog: Backlog
    waited: str


class ShownMasterKey(msgspec.Struct, frozen=True):
    key: MasterKeyUse
    badge: Badge


async def show(browser: Browser) -> Response:
    facts = await browser.services.system.get(browser.caller)
    return view(
        browser,
        "system.html",
        facts=facts,
        concerns=list(concerns(facts, datetime.now(UTC))),
        queues=[Queue(_name(one), one, _waited(one)) for one in facts.backlog],
        key_ring=[ShownMasterKey(key, _key_badge(key)) for key in facts.key_ring],
        data_keys=sorted(facts.data_keys.items()),
    )


def concerns(facts: SystemFacts, now: datetime) -> Iterator[Concern]:
    """What is off, the worst first."""
    yield from _concerns_of_keys(facts.key_ring)
    yield from _concerns_of_workers(facts.workers, now)
    late = [one for one in facts.backlog if (one.oldest_seconds or 0.0) > _LATE_SECONDS]
    if late:
        names = ", ".join(f"{_name(one)} for {_waited(one)}" for one in late)
        yield Concern(
            Badge(Tone.WARN, "Behind"),
            "Jobs wait longer than they should",
            f"The oldest wait: {names}. If the figures below keep growing, run more processes of jackfield worker; "
            "if they shrink, this passes by itself.",
        )
    database = facts.database
    if database.connections > _MANY_CONNECTIONS * database.connections_limit:
        yield Concern(
            Badge(Tone.WARN, "Nearly full"),
            "The database has few connections left",
            "When none is left, calls fail. Raise max_connections in PostgreSQL, or lower "
            "JACKFIELD_DATABASE_POOL_SIZE for each process.",
        )


def _concerns_of_keys(ring: Sequence[MasterKeyUse]) -> Iterator[Concern]:
    missing = [key.id for key in ring if not key.given and key.wraps]
    if missing:
        yield Concern(
            Badge(Tone.BAD, "Cannot be opened"),
            "A master key is missing",
            f"Stored credentials depend on {', '.join(missing)}, which this process was not given. Add it to "
            "JACKFIELD_MASTER_KEYS, behind the newest, and start the service again.",
        )
    former = [key.id for key in ring if key.given and not key.newest and key.wraps]
    if former:
        yield Concern(
            Badge(Tone.WARN, "Unfinished"),
            "The change of the master key is not finished",
            f"{', '.join(former)} is still in use. Run jackfield vault rotate, while the service runs; then it can be "
            "taken away.",
        )


def _concerns_of_workers(workers: Sequence[Worker], now: datetime) -> Iterator[Concern]:
    if not workers:
        yield Concern(
            Badge(Tone.BAD, "Stands still"),
            "Nobody runs jobs",
            "Verifications, deliveries and refreshes wait, and none is lost. Start jackfield worker, or "
            "jackfield serve without --no-jobs.",
        )
        return
    silent = [worker for worker in workers if worker.seen_at < now - _SILENT]
    if silent:
        yield Concern(
            Badge(Tone.WARN, "Silent"),
            f"{counted(len(silent), 'process', 'processes')} that should run jobs cannot be heard",
            "Its jobs are given to others. Look into its log, and start it again when it does not come back.",
        )


def _name(backlog: Backlog) -> str:
    kind = backlog.kind
    return JOB_KINDS[JobKind(kind)] if kind in set(JobKind) else spoken(kind)


def _waited(backlog: Backlog) -> str:
    if backlog.oldest_seconds is None:
        return ""
    now = datetime.now(UTC)
    text = ago(now - timedelta(seconds=backlog.oldest_seconds), now)
    return text.removesuffix(" ago").replace("just now", "a moment")


def _key_badge(key: MasterKeyUse) -> Badge:
    if not key.given:
        return Badge(Tone.BAD if key.wraps else Tone.QUIET, "Not given")
    if key.newest:
        return Badge(Tone.GOOD, "Newest")
    return Badge(Tone.WARN, "Still in use") if key.wraps else Badge(Tone.QUIET, "Can be taken away")


ROUTES: Final = [page_route(PATH, {"GET": show})]
