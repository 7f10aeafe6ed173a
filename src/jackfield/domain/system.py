"""What the operator sees of the whole installation."""

from collections.abc import Mapping
from datetime import datetime

import msgspec


class DatabaseFacts(msgspec.Struct, frozen=True, kw_only=True):
    """`version` is PostgreSQL's, `migration` ours; `connections` are everybody's, of at most `connections_limit`."""

    version: str
    migration: str
    size_bytes: int
    connections: int
    connections_limit: int
    started_at: datetime


class Backlog(msgspec.Struct, frozen=True, kw_only=True):
    """What is in the queue of one kind of job. `scheduled` wait for their next try; `oldest_seconds` is how long the
    oldest that could run has waited, None when nothing waits."""

    kind: str
    waiting: int
    scheduled: int
    running: int
    oldest_seconds: float | None


class Worker(msgspec.Struct, frozen=True, kw_only=True):
    """A process that runs jobs. `address` is None on the database's own machine; `seen_at` is when it last asked."""

    address: str | None
    started_at: datetime
    seen_at: datetime


class MasterKeyUse(msgspec.Struct, frozen=True, kw_only=True):
    """A master key, and how many stored keys it wraps. Not `given`: what it wraps cannot be opened here."""

    id: str
    newest: bool
    given: bool
    wraps: int


class SystemFacts(msgspec.Struct, frozen=True, kw_only=True):
    """`data_keys` are counted by their version: how many organisations seal with their first, second and so on.

    `resting` are integrations whose accounts their vendors limit now.
    """

    jackfield_version: str
    python_version: str
    database: DatabaseFacts
    backlog: tuple[Backlog, ...]
    workers: tuple[Worker, ...]
    key_ring: tuple[MasterKeyUse, ...]
    data_keys: Mapping[int, int]
    organisations: int
    resting: int
