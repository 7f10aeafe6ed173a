"""Integrations and jobs of one organisation as the tests want them, and the jobs run one by one, without a worker."""

import json
import uuid
from collections.abc import Mapping
from typing import Any

from jackfield.domain.credential import Secrets
from jackfield.domain.definition import place_of
from jackfield.domain.delivery import DeliveryFilter, ItemDelivery
from jackfield.domain.integration import Detail, Wanted, secrets_place, to_configuration
from jackfield.domain.item import ItemType, Linked, NewItem, StoredItem
from jackfield.domain.job import Job, JobKind, NewJob, Step
from jackfield.domain.organisation import Organisation
from jackfield.domain.principal import Caller, Capability, Principal
from jackfield.domain.submission import Submission
from jackfield.services.running import Overtaken, Runner
from jackfield.vault import Vault
from support.operator import ORIGIN, Operator

KEY_ID = 1

INSERT = """
insert into integration (organisation_id, provider, name, identifier, unique_identifier, configuration, created_by,
    creator_user, creator_key_id, state, status)
values ($1, $2, 'As it was', 'as-it-was', $3, $4, 'alice', 'alice', 1, $5, $6) returning id
"""

#: as when so much time has gone by that nothing which was claimed can be on its way
LEASES_END = "update delivery set leased_until = now() where organisation_id = $1 and state = 'sending'"


class Workbench:
    """For a database that no service looks at: there a job is run by who calls `run`, and by nobody else."""

    def __init__(self, operator: Operator, organisation: Organisation | None = None) -> None:
        self.operator = operator
        self.house = operator.house
        self.organisation = organisation or operator.create_organisation()
        self.caller = Caller(Principal(KEY_ID, self.organisation.id, "alice", frozenset(Capability)), ORIGIN)

    def integration(
        self,
        provider: str = "github",
        token: str | None = None,
        configuration: Mapping[str, str] | None = None,
        state: str = "new",
        status: str = "active",
        **columns: object,
    ) -> int:
        """The id of a new one; without a token it has no credential. `columns` are set as they are.

        One that is live was proven, unless its `health` says otherwise.
        """
        if state == "live":
            columns.setdefault("health", "active")
        unique = f"{provider}-{uuid.uuid4()}"
        values = (self.organisation.id, provider, unique, json.dumps(configuration or {}), state, status)
        integration_id: int = self.operator.fetch(INSERT, *values)[0][0]
        if token is not None:
            columns["sealed_secrets"] = self.sealed(integration_id, {"access_token": token})
        if columns:
            self.change(integration_id, **columns)
        return integration_id

    def sealed(self, integration_id: int, secrets: Mapping[str, str]) -> bytes:
        vault = Vault(self.house.master_keys, self.house.data_keys)
        return self.operator.run(vault.seal(secrets_place(self.organisation.id, integration_id), Secrets(secrets)))

    def change(self, integration_id: int, **columns: object) -> None:
        self._set("integration", integration_id, columns)

    def change_job(self, job_id: int, **columns: object) -> None:
        self._set("job", job_id, columns)

    def row(self, integration_id: int) -> Any:
        """The integration as it is in the database."""
        return self._get("integration", integration_id)

    def job(self, job_id: int) -> Any:
        """The job as it is in the database."""
        return self._get("job", job_id)

    def jobs_of(self, integration_id: int) -> list[Any]:
        """The integration's jobs, the oldest first."""
        wanted = "select * from job where organisation_id = $1 and integration_id = $2 order by id"
        return self.operator.fetch(wanted, self.organisation.id, integration_id)

    def queue(self, integration_id: int, kind: JobKind = JobKind.VERIFY, seconds: float = 900.0) -> int:
        """The id of a job of that kind for the integration."""
        return self.operator.run(self.add(integration_id, kind, seconds))[0].id

    async def add(
        self, integration_id: int, kind: JobKind = JobKind.VERIFY, seconds: float = 900.0
    ) -> tuple[Job, bool]:
        """Asks for a job in a transaction of its own."""
        new = NewJob(
            organisation_id=self.organisation.id,
            kind=kind,
            integration_id=integration_id,
            header="Header",
            caption="Caption",
            steps=(Step("First", "What comes first"), Step("Then", "What comes then")),
            seconds=seconds,
            creator_user="alice",
            creator_key_id=KEY_ID,
        )
        async with self.house.database.transaction() as work:
            return await work.jobs.add(new)

    def run(self, job_id: int, runner: Runner | None = None) -> float | None:
        """Runs it once; the seconds after which it wants to be run again, or None: it has ended, or is another's."""
        return self.operator.run(self.run_once(job_id, runner))

    async def run_once(self, job_id: int, runner: Runner | None = None) -> float | None:
        """As `run`, in the service's own loop."""
        try:
            return await (runner or self.house.runner).run(self.organisation.id, job_id)
        except Overtaken:
            return None

    def run_to_its_end(self, job_id: int) -> Any:
        """Runs it again and again, without the waits in between; the job as it ended."""
        while self.run(job_id) is not None:
            self.operator.fetch("delete from rest where organisation_id = $1", self.organisation.id)
            self.operator.fetch(LEASES_END, self.organisation.id)
        return self.job(job_id)

    def put(self, key: str = "1", **content: Any) -> StoredItem:
        """Tells of an item, a work item unless said otherwise."""
        new = NewItem(**{"type": ItemType.WORK_ITEM, "key": key, "title": f"Item {key}", **content})
        return self.operator.run(self.house.services.items.put(self.caller, new)).item

    async def place(self, found: Detail) -> bytes:
        """What links are kept under as long as nobody has looked up where the settings lead."""
        return place_of(await self.house.services.catalog.get(found.provider), to_configuration(found))

    def item(self, key: str = "1", item_type: ItemType = ItemType.WORK_ITEM) -> Linked:
        """The item as it is, with what it became."""
        return self.operator.run(self.house.services.items.get(self.caller, item_type, key))

    def update(self, integration_id: int, sent: Submission) -> None:
        """Changes it as an administrator does."""
        wanted = Wanted(integration_id, "the test's")
        self.operator.run(self.house.services.administration.update(self.caller, wanted, sent))

    def verify(self, integration_id: int) -> Any:
        """Asks for a verification and runs it; its job as it ended."""
        asking = self.house.services.verification.ask(self.caller, Wanted(integration_id, "the test's"))
        return self.run_to_its_end(self.operator.run(asking).id)

    def places(self, integration_id: int) -> list[Any]:
        """Where its items went and go."""
        wanted = "select * from place where organisation_id = $1 and integration_id = $2 order by learnt_at"
        return self.operator.fetch(wanted, self.organisation.id, integration_id)

    def audited(self, integration_id: int) -> list[tuple[str, str, list[str]]]:
        """Action, actor and fields of what the audit tells of it, the oldest first."""
        wanted = "select action, actor, fields from audit_entry where organisation_id = $1 and $2 = any(subject_ids)"
        records = self.operator.fetch(f"{wanted} order by id", self.organisation.id, integration_id)
        return [(record[0], record[1], list(record[2] or ())) for record in records]

    def deliveries(self, integration_id: int) -> list[ItemDelivery]:
        """The integration's, the oldest first."""
        wanted = Wanted(integration_id, "the test's")
        listing = self.house.services.deliveries.list(self.caller, wanted, DeliveryFilter(limit=1000))
        return list(reversed(self.operator.run(listing)))

    def change_deliveries(self, integration_id: int, assignments: str) -> None:
        """Of all that the integration waits for, as when time has passed."""
        change = f"update delivery set {assignments} where organisation_id = $1 and integration_id = $2"
        self.operator.fetch(f"{change} and state = 'pending'", self.organisation.id, integration_id)

    def make_due(self, integration_id: int) -> None:
        """The time has come for all that waits, and the upkeep has seen it."""
        self.operator.fetch("delete from rest where organisation_id = $1", self.organisation.id)
        self.change_deliveries(integration_id, "due_at = now()")
        self.operator.run(self.house.upkeep.tend())

    def delete(self, key: str = "1", item_type: ItemType = ItemType.WORK_ITEM) -> StoredItem:
        """Tells that the item is gone."""
        return self.operator.run(self.house.services.items.delete(self.caller, item_type, key))

    def delivery_job(self, integration_id: int) -> int:
        """The id of the integration's delivery job, which has to be under way."""
        [job] = [one for one in self.jobs_of(integration_id) if one["kind"] == "deliver" and not one["completed_at"]]
        job_id: int = job["id"]
        return job_id

    def deliver(self, integration_id: int) -> Any:
        """Runs the integration's delivery job, which has to be there, to its end; the job as it ended."""
        return self.run_to_its_end(self.delivery_job(integration_id))

    def sync(self, integration_id: int, *, dry_run: bool = False) -> Any:
        """Runs a synchronisation, and the deliveries that follow from it; its job as it ended."""
        wanted = Wanted(integration_id, "the test's")
        asking = self.house.services.synchronisation.ask(self.caller, wanted, dry_run=dry_run)
        job_id = self.operator.run(asking).id
        running = self.operator.start(self.run_once(job_id))
        while not running.done():
            for job in self.jobs_of(integration_id):
                if job["kind"] == "deliver" and not job["completed_at"]:
                    self.run_to_its_end(job["id"])
        assert running.result() is None
        return self.job(job_id)

    def _get(self, table: str, row_id: int) -> Any:
        wanted = f"select *, xmin::text as written_by from {table} where organisation_id = $1 and id = $2"
        return self.operator.fetch(wanted, self.organisation.id, row_id)[0]

    def _set(self, table: str, row_id: int, columns: Mapping[str, object]) -> None:
        assignments = ", ".join(f"{name} = ${number}" for number, name in enumerate(columns, start=3))
        change = f"update {table} set {assignments} where organisation_id = $1 and id = $2"
        self.operator.fetch(change, self.organisation.id, row_id, *columns.values())
