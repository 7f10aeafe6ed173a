"""The unit of work: every repository, bound to one transaction."""

import contextlib
from collections.abc import AsyncIterator

from jackfield.storage.audit import AuditTable
from jackfield.storage.bell import Bell
from jackfield.storage.connect_sessions import ConnectSessionTable
from jackfield.storage.data_keys import DataKeyTable
from jackfield.storage.definitions import DefinitionTable
from jackfield.storage.deliveries import DeliveryTable
from jackfield.storage.embedded import EmbeddedServer
from jackfield.storage.grants import GrantTable
from jackfield.storage.installations import InstallationTable
from jackfield.storage.integrations import IntegrationTable
from jackfield.storage.items import ItemTable
from jackfield.storage.jobs import JobTable
from jackfield.storage.keys import KeyTable
from jackfield.storage.links import LinkTable
from jackfield.storage.organisations import OrganisationTable
from jackfield.storage.places import PlaceTable
from jackfield.storage.pool import Connection, Pool
from jackfield.storage.refresh_leases import RefreshLeaseTable
from jackfield.storage.sessions import SessionTable
from jackfield.storage.sign_in_attempts import SignInAttemptTable


class UnitOfWork:
    def __init__(self, connection: Connection) -> None:
        self.integrations = IntegrationTable(connection)
        self.jobs = JobTable(connection)
        self.items = ItemTable(connection)
        self.links = LinkTable(connection)
        self.places = PlaceTable(connection)
        self.deliveries = DeliveryTable(connection)
        self.definitions = DefinitionTable(connection)
        self.installations = InstallationTable(connection)
        self.grants = GrantTable(connection)
        self.refresh_leases = RefreshLeaseTable(connection)
        self.sessions = SessionTable(connection)
        self.sign_in_attempts = SignInAttemptTable(connection)
        self.connect_sessions = ConnectSessionTable(connection)
        self.audit = AuditTable(connection)
        self.organisations = OrganisationTable(connection)
        self.keys = KeyTable(connection)
        self.data_keys = DataKeyTable(connection)


class Database(Pool):
    def __init__(self, dsn: str, server: EmbeddedServer | None, size: int) -> None:
        super().__init__(dsn, server, size)
        self._bell = Bell(self)

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[UnitOfWork]:
        """One unit of work: committed at the end of the block, rolled back when the block raises.

        Raises Unavailable when the database is away.
        """
        async with self.connection() as connection:
            work = UnitOfWork(connection)
            yield work
        if work.jobs.has_queued or work.items.has_queued:
            self.ring()

    def ring(self) -> None:
        """Wakes the workers; to be called after a commit that put something into the queue."""
        self._bell.ring()

    async def close(self) -> None:
        self._bell.silence()
        await super().close()
