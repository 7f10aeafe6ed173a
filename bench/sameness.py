"""Proof that the contenders do the same job: the same answers, and the same rows in the database after them.

Who answers less, or skips the audit, would be faster for the wrong reason.
"""

import http.client
import json
from collections.abc import Mapping
from typing import Any, Final

from bench.database import Server
from bench.process import Running
from bench.seed import Seeded
from bench.workloads import WORKLOADS, Workload

#: what is new in every answer to a save
_OWN: Final = ("integration_id", "unique_identifier", "created_at")

_AUDIT: Final = """
select action, key_id, actor, address, length(request_id) as request_id, fields,
    case when action = 'credential.revealed' then subject_ids end as subject_ids, cardinality(subject_ids) as subjects
from audit_entry order by id
"""
_WRITTEN: Final = """
select provider, name, identifier, starts_with(unique_identifier, provider || '-') as unique_identifier, status,
    length(sealed_secrets) as sealed_secrets, configuration, metadata::jsonb as metadata, enabled, state, created_by,
    creator_user, creator_key_id
from integration where id > $1 order by id
"""


def check_sameness(server: Server, seeded: Seeded, contenders: Mapping[str, Running]) -> None:
    """Exits with the difference unless everyone does as the first one."""
    for workload in WORKLOADS:
        deeds = {name: _deed(server, seeded, name, running, workload) for name, running in contenders.items()}
        first, *others = deeds
        for other in others:
            for part, (expected, found) in enumerate(zip(deeds[first], deeds[other], strict=True)):
                if expected != found:
                    what = ("answer", "audit", "integration")[part]
                    raise SystemExit(
                        f"bench: {workload.name}: the {what} of {other} is not that of {first}\n{found}\n{expected}"
                    )


def _deed(
    server: Server, seeded: Seeded, name: str, running: Running, workload: Workload
) -> tuple[Any, list[dict[str, Any]], list[dict[str, Any]]]:
    database = f"{seeded.database}_{name}"
    server.restore(database, seeded.newest)
    answer = _without_own(_ask(running.port, workload.requests(seeded)[0]))
    return answer, server.fetch(database, _AUDIT), server.fetch(database, _WRITTEN, seeded.newest)


def _ask(port: int, request: bytes) -> Any:
    head, _, body = request.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    method, path, _ = first.split(" ")
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path, body or None, dict(line.split(": ", 1) for line in lines))
        response = connection.getresponse()
        if response.status != 200:
            raise SystemExit(f"bench: {method} {path} was answered with {response.status}: {response.read()[:500]!r}")
        return json.loads(response.read())
    finally:
        connection.close()


def _without_own(answer: Any) -> Any:
    if "data" in answer:
        return {name: value for name, value in answer["data"].items() if name not in _OWN}
    return answer
