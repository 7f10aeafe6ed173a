"""Why an integration does not work, and what to do about it: the facts for domain/diagnosis.py."""

from datetime import UTC, datetime

from jackfield.domain.diagnosis import Diagnosis, Facts, diagnose
from jackfield.domain.integration import IntegrationNotFound, Wanted
from jackfield.domain.ports import Database, HotIntegrations, Rests
from jackfield.domain.principal import Caller, Capability
from jackfield.services.catalog import Catalog


class Diagnoses:
    def __init__(self, hot: HotIntegrations, database: Database, catalog: Catalog, rests: Rests) -> None:
        self._hot = hot
        self._database = database
        self._catalog = catalog
        self._rests = rests

    async def get(self, caller: Caller, wanted: Wanted) -> Diagnosis:
        """Of one integration, also of a deleted one. Raises CapabilityMissing or IntegrationNotFound."""
        caller.require(Capability.VIEW)
        found = await self._hot.get_detail(caller.organisation_id, wanted.id)
        if found is None:
            raise IntegrationNotFound(wanted.reference)
        async with self._database.transaction() as work:
            held = await work.deliveries.count_held(found)
            definition = await self._catalog.get(found.provider, work)
        resting = await self._rests.seconds(found.organisation_id, found.id)
        return diagnose(found, definition, Facts(held=held, resting_seconds=resting), datetime.now(UTC))
