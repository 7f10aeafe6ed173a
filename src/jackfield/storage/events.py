"""What was noticed of integrations. The database itself writes it, with the change that it is about."""

from typing import Final

from jackfield.domain.event import EventKind, IntegrationEvent
from jackfield.domain.health import Health
from jackfield.storage.pool import Pool

LIST: Final = """
select e.id, e.integration_id, e.kind, e.at, e.health, e.detail from event e
where e.organisation_id = $1 and e.integration_id = $2
order by e.organisation_id desc, e.integration_id desc, e.id desc limit $3 offset $4
"""


class EventTable:
    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def list(self, organisation_id: int, integration_id: int, limit: int, offset: int) -> list[IntegrationEvent]:
        """Of one integration, newest first."""
        return [
            IntegrationEvent(
                id=record[0],
                integration_id=record[1],
                kind=EventKind(record[2]),
                at=record[3],
                health=Health(record[4]),
                detail=record[5],
            )
            for record in await self._pool.fetch(LIST, organisation_id, integration_id, limit, offset)
        ]
