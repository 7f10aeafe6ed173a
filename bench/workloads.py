"""The requests that are measured, as the bytes that go over the wire: both load generators send the same ones."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from bench.plan import LISTED
from bench.seed import SECRETS, Seeded
from jackfield.domain import ids

#: enough different rows to visit in one block; more would only fill the load generator's memory
_MOST_IDS: Final = 100_000
_BODY: Final[dict[str, Any]] = {
    "name": "Sentry of the shop",
    "integration_type": "sentry",
    "auth_data": SECRETS,
    "scope_data": {"org_slug": "acme", "installation_id": "12345", "project_id": "backend"},
    "metadata": {
        "instance_name": "shop",
        "created_via": "oauth",
        "version": "1.0",
        "description": "Errors of the shop",
        "tags": ["shop", "production"],
    },
}


@dataclass(frozen=True)
class Workload:
    name: str
    title: str
    requests: Callable[[Seeded], list[bytes]]


def _reads(key: Callable[[Seeded], str]) -> Callable[[Seeded], list[bytes]]:
    def requests(seeded: Seeded) -> list[bytes]:
        # the same order in every run: chance decides which rows, not who is faster
        numbers = random.Random(1).sample(range(seeded.count), min(seeded.count, _MOST_IDS))  # noqa: S311
        paths = (f"/api/v1/integrations/{ids.to_uuid(seeded.first + number)}" for number in numbers)
        return [_get(path, key(seeded)) for path in paths]

    return requests


def _list(seeded: Seeded) -> list[bytes]:
    return [_get(f"/api/v1/integrations/list?limit={LISTED}", seeded.key)]


def _save(seeded: Seeded) -> list[bytes]:
    body = msgspec.json.encode(_BODY)
    headers = f"x-api-key: {seeded.key}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return [f"POST /api/v2/integrations/save HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}\r\n".encode() + body]


def _get(path: str, key: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n\r\n".encode()


READ: Final = Workload("read", "read one, with its credential, audited", _reads(lambda seeded: seeded.key))
VIEW: Final = Workload("view", "read one, without its credential", _reads(lambda seeded: seeded.view_key))
LIST: Final = Workload("list", f"list {LISTED} of 10,000, audited", _list)
SAVE: Final = Workload("save", "save a new one, audited", _save)

#: the one that makes tables grow comes last
WORKLOADS: Final = (READ, VIEW, LIST, SAVE)
