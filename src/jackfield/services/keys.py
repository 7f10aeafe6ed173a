"""An organisation's API keys, as its own administrator manages them: list create revoke."""

from collections.abc import Sequence
from datetime import UTC, datetime

from jackfield.domain import ids
from jackfield.domain.audit import Action, by_caller, checked_user
from jackfield.domain.errors import CapabilityMissing, Invalid, NotFound
from jackfield.domain.key import ApiKey
from jackfield.domain.ports import Database
from jackfield.domain.principal import Caller, Capability
from jackfield.services.organisations import NewKey, add_key, checked_capabilities, find_one


class Keys:
    def __init__(self, database: Database, pepper: bytes) -> None:
        self._database = database
        self._pepper = pepper

    async def list(self, caller: Caller, before: int | None = None, limit: int = 100) -> Sequence[ApiKey]:
        """A page, newest first, revoked ones included. Raises CapabilityMissing."""
        caller.require(Capability.MANAGE_ORGANISATION)
        async with self._database.transaction() as work:
            return await work.keys.list_page(caller.organisation_id, before, limit)

    async def create(
        self, caller: Caller, user: str, capabilities: Sequence[str], expires_at: datetime | None = None
    ) -> NewKey:
        """A key that can do no more than the caller.

        Raises Invalid (no name, no capability, an unknown one, one of the operator's, an end that is over), or
        CapabilityMissing for what the caller may not do.
        """
        caller.require(Capability.MANAGE_ORGANISATION)
        user = checked_user(user)
        granted = _grantable(caller, capabilities)
        if expires_at is not None and expires_at <= datetime.now(UTC):
            raise Invalid("A key cannot expire before it is made: choose a later time")
        async with self._database.transaction() as work:
            organisation = await find_one(work, ids.to_decimal(caller.organisation_id))
            made = await add_key(work, self._pepper, organisation, user, granted, expires_at)
            await work.audit.add(by_caller(caller, Action.KEY_CREATED, (made.key.id,), ("user", "capabilities")))
        return made

    async def revoke(self, caller: Caller, key_id: int, reference: str) -> ApiKey:
        """Kills a key of the caller's organisation in every process at once; `reference` is its id as it was spelled.

        Raises CapabilityMissing or NotFound.
        """
        caller.require(Capability.MANAGE_ORGANISATION)
        async with self._database.transaction() as work:
            key = await work.keys.revoke_own(caller.organisation_id, key_id)
            if key is None:
                raise NotFound("Key", reference)
            await work.audit.add(by_caller(caller, Action.KEY_REVOKED, (key.id,)))
        return key


def _grantable(caller: Caller, named: Sequence[str]) -> tuple[str, ...]:
    """What the key shall be able to do. Raises Invalid or CapabilityMissing."""
    if not named:
        raise Invalid("A key that may do nothing is of no use: choose at least one capability")
    granted = checked_capabilities(named)
    for capability in granted:
        if capability not in caller.principal.capabilities:
            raise CapabilityMissing(capability)
    return granted
