"""Tenants and their keys: what the operator does from the command line."""

from collections.abc import Sequence
from datetime import datetime
from typing import NoReturn

from jackfield.domain import key as api_key
from jackfield.domain.audit import Action, by_operator
from jackfield.domain.errors import Conflict, Invalid, NotFound
from jackfield.domain.key import ApiKey
from jackfield.domain.organisation import HandleTaken, Organisation, checked_name, handle_from
from jackfield.domain.ports import Database, UnitOfWork
from jackfield.domain.principal import Capability, Origin


class NewKey:
    """A key just made. `secret` is the key itself, which is kept nowhere, and which nothing here prints or stores."""

    __slots__ = ("key", "organisation", "secret")

    def __init__(self, secret: str, key: ApiKey, organisation: Organisation) -> None:
        self.secret = secret
        self.key = key
        self.organisation = organisation

    def __repr__(self) -> str:
        return f"<NewKey {self.key.id}>"

    def __copy__(self) -> "NewKey":
        return self  # it never changes, and one in memory is enough

    def __deepcopy__(self, _: object) -> "NewKey":
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key in clear is not to be pickled")


class Organisations:
    def __init__(self, database: Database, pepper: bytes) -> None:
        self._database = database
        self._pepper = pepper

    async def create(self, name: str, origin: Origin) -> Organisation:
        """A new organisation. Raises Invalid (name) or HandleTaken."""
        name = checked_name(name)
        handle = handle_from(name)
        async with self._database.transaction() as work:
            organisation = await work.organisations.create(handle, name)
            if organisation is None:
                raise HandleTaken(handle)
            await work.audit.add(
                by_operator(
                    origin,
                    organisation.id,
                    Action.ORGANISATION_CREATED,
                    (organisation.id,),
                    ("name",),
                )
            )
        return organisation

    async def list(self) -> Sequence[Organisation]:
        """Every organisation that is not deleted, oldest first."""
        async with self._database.transaction() as work:
            return await work.organisations.list()

    async def get(self, reference: str) -> Organisation:
        """By id, handle or name. Raises NotFound, or Conflict when a name fits several."""
        async with self._database.transaction() as work:
            return await find_one(work, reference)

    async def delete(self, reference: str, origin: Origin) -> Organisation:
        """Deletes it for good: secrets, items and data keys erased, API keys dead at once; the handle stays taken."""
        async with self._database.transaction() as work:
            organisation = await find_one(work, reference)
            await work.organisations.mark_deleted(organisation.id)
            await work.integrations.delete_all(organisation.id)
            await work.items.erase(organisation.id)
            await work.data_keys.erase(organisation.id)
            await work.keys.announce_revocation()
            await work.audit.add(by_operator(origin, organisation.id, Action.ORGANISATION_DELETED, (organisation.id,)))
        return organisation

    async def create_key(
        self,
        reference: str,
        user: str,
        capabilities: Sequence[str],
        expires_at: datetime | None,
        origin: Origin,
    ) -> NewKey:
        """A key for a user of an organisation; no capabilities named: all of them. Raises Invalid or NotFound."""
        user = checked_name(user)
        granted = checked_capabilities(capabilities)
        secret = api_key.generate()
        async with self._database.transaction() as work:
            organisation = await find_one(work, reference)
            digest = api_key.digest(self._pepper, secret)
            key = await work.keys.create(organisation.id, user, granted, digest, expires_at)
            await work.audit.add(
                by_operator(origin, organisation.id, Action.KEY_CREATED, (key.id,), ("user", "capabilities"))
            )
        return NewKey(secret, key, organisation)

    async def list_keys(self, reference: str | None) -> Sequence[ApiKey]:
        """Keys of one organisation, or of all; revoked ones included."""
        async with self._database.transaction() as work:
            organisation_id = (await find_one(work, reference)).id if reference is not None else None
            return await work.keys.list(organisation_id)

    async def revoke_key(self, key_id: int, origin: Origin) -> ApiKey:
        """Kills a key in every process at once. Raises NotFound."""
        async with self._database.transaction() as work:
            key = await work.keys.revoke(key_id)
            if key is None:
                raise NotFound("Key", str(key_id))
            await work.audit.add(by_operator(origin, key.organisation_id, Action.KEY_REVOKED, (key.id,)))
        return key


async def find_one(work: UnitOfWork, reference: str) -> Organisation:
    """By id, handle or name. Raises NotFound, or Conflict when a name fits several."""
    found = await work.organisations.find(reference)
    if not found:
        raise NotFound("Organisation", reference)
    if len(found) > 1:
        handles = ", ".join(organisation.handle for organisation in found)
        raise Conflict(f"Several organisations are called {reference!r}; name one by its handle: {handles}")
    return found[0]


def checked_capabilities(named: Sequence[str]) -> tuple[str, ...]:
    """All of them when none is named. Raises Invalid for one that there is not."""
    unknown = sorted(set(named) - set(Capability))
    if unknown:
        raise Invalid(f"No such capability: {', '.join(unknown)}. There are: {', '.join(Capability)}")
    return tuple(capability.value for capability in Capability if capability in named or not named)
