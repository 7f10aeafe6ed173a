"""Changes of items on their way to vendors, and what became of them there."""

from typing import Final

from jackfield.domain.integration import Detail
from jackfield.storage.pool import Connection

HAS_DUE: Final = """
select exists (
    select from delivery where organisation_id = $1 and integration_id = $2 and state = 'pending' and due_at <= now()
)
"""


class DeliveryTable:
    """Deliveries inside a unit of work."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def has_due(self, integration: Detail) -> bool:
        """Whether something is to be brought to the integration's vendor now."""
        found: bool = await self._connection.fetchval(HAS_DUE, integration.organisation_id, integration.id)
        return found
