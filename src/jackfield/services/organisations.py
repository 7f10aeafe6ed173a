"""Tenants and their keys: what the operator does from the command line."""

from collections.abc import Sequence
from datetime import datetime
from typing import NoReturn

import msgspec

from jackfield.domain import key as api_key
from jackfield.domain.audit import Action, by_caller, by_operator, checked_user
from jackfield.domain.errors import Conflict, Invalid, NotFound
from jackfield.domain.installation import UntoldApp
from jackfield.domain.key import ApiKey
from jackfield.domain.organisation import (
    HandleTaken,
    Organisation,
    OrganisationSettings,
    checked_handle,
    checked_name,
    handle_from,
    random_handle,
)
from jackfield.domain.ports import Database, UnitOfWork
from jackfield.domain.principal import GRANTABLE, Caller, Capability, Origin
from jackfield.domain.return_url import checked_return_urls


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

    async def create(self, name: str, origin: Origin, handle: str | None = None) -> Organisation:
        """Create an organisation. Raises Invalid (name, handle) or HandleTaken.

        Args:
            name: what people call it, in any script.
            origin: where the call came from.
            handle: None makes one from the name, or a random one where it has no Latin letter or digit.
        """
        name = checked_name(name)
        handle = (handle_from(name) or random_handle()) if handle is None else checked_handle(handle)
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

    async def rename(self, reference: str, name: str, origin: Origin) -> Organisation:
        """Give it another name; its handle stays. Raises Invalid (name), NotFound or Conflict."""
        name = checked_name(name)
        async with self._database.transaction() as work:
            organisation = await find_one(work, reference)
            await work.organisations.rename(organisation.id, name)
            entry = by_operator(origin, organisation.id, Action.ORGANISATION_UPDATED, (organisation.id,), ("name",))
            await work.audit.add(entry)
        return msgspec.structs.replace(organisation, name=name)

    async def list(self) -> Sequence[Organisation]:
        """Every organisation that is not deleted, oldest first."""
        async with self._database.transaction() as work:
            return await work.organisations.list()

    async def get(self, reference: str) -> Organisation:
        """By id, handle or name. Raises NotFound, or Conflict when a name fits several."""
        async with self._database.transaction() as work:
            return await find_one(work, reference)

    async def untold_apps(self, reference: str) -> Sequence[UntoldApp]:
        """The installations whose apps would not be told if the organisation were deleted now. Raises as `get`."""
        async with self._database.transaction() as work:
            organisation = await find_one(work, reference)
            return await work.installations.untold(organisation.id)

    async def delete(self, reference: str, origin: Origin) -> Organisation:
        """Deletes it for good: secrets, items and data keys erased, API keys dead at once; the handle stays taken.

        With the secrets goes what signs calls to the apps that are installed: those that wanted to be told that their
        installation has ended are not told any more, and each is named in the audit.
        """
        async with self._database.transaction() as work:
            organisation = await find_one(work, reference)
            for untold in await work.installations.untold(organisation.id):
                action, subjects = Action.INSTALLATION_NOT_UNINSTALLED, (untold.installation_id,)
                await work.audit.add(by_operator(origin, organisation.id, action, subjects))
            await work.organisations.mark_deleted(organisation.id)
            await work.integrations.delete_all(organisation.id)
            await work.items.erase(organisation.id)
            await work.data_keys.erase(organisation.id)
            await work.keys.announce_revocation()
            await work.audit.add(by_operator(origin, organisation.id, Action.ORGANISATION_DELETED, (organisation.id,)))
        return organisation

    async def get_return_urls(self, reference: str) -> tuple[str, ...]:
        """Where its customers may be sent back to after connecting. Raises as `get`."""
        async with self._database.transaction() as work:
            organisation = await find_one(work, reference)
            return tuple(await work.organisations.get_return_urls(organisation.id))

    async def set_return_urls(self, reference: str, return_urls: Sequence[str], origin: Origin) -> tuple[str, ...]:
        """From now on exactly what is below these; see domain/return_url.py. Raises Invalid, or as `get`."""
        checked = checked_return_urls(return_urls)
        async with self._database.transaction() as work:
            organisation = await find_one(work, reference)
            await work.organisations.set_return_urls(organisation.id, checked)
            entry = by_operator(
                origin, organisation.id, Action.ORGANISATION_UPDATED, (organisation.id,), ("return_urls",)
            )
            await work.audit.add(entry)
        return checked

    async def settings(self, caller: Caller) -> OrganisationSettings:
        """What the caller's organisation has settled. Raises CapabilityMissing."""
        caller.require(Capability.MANAGE_ORGANISATION)
        async with self._database.transaction() as work:
            return OrganisationSettings(tuple(await work.organisations.get_return_urls(caller.organisation_id)))

    async def save_settings(self, caller: Caller, return_urls: Sequence[str]) -> OrganisationSettings:
        """As `set_return_urls`, of the caller's organisation. Raises CapabilityMissing or Invalid."""
        caller.require(Capability.MANAGE_ORGANISATION)
        checked = checked_return_urls(return_urls)
        subjects = (caller.organisation_id,)
        async with self._database.transaction() as work:
            await work.organisations.set_return_urls(caller.organisation_id, checked)
            await work.audit.add(by_caller(caller, Action.ORGANISATION_UPDATED, subjects, ("return_urls",)))
        return OrganisationSettings(checked)

    async def create_key(
        self,
        reference: str,
        user: str,
        capabilities: Sequence[str],
        expires_at: datetime | None,
        origin: Origin,
    ) -> NewKey:
        """A key for a user of an organisation; no capabilities named: all of them. Raises Invalid or NotFound."""
        user = checked_user(user)
        granted = checked_capabilities(capabilities)
        async with self._database.transaction() as work:
            organisation = await find_one(work, reference)
            made = await add_key(work, self._pepper, organisation, user, granted, expires_at)
            await work.audit.add(
                by_operator(origin, organisation.id, Action.KEY_CREATED, (made.key.id,), ("user", "capabilities"))
            )
        return made

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


async def add_key(
    work: UnitOfWork,
    pepper: bytes,
    organisation: Organisation,
    user: str,
    capabilities: Sequence[str],
    expires_at: datetime | None,
) -> NewKey:
    """A new key of the organisation, of which only the hash is kept."""
    secret = api_key.generate()
    digest = api_key.digest(pepper, secret)
    return NewKey(secret, await work.keys.create(organisation.id, user, capabilities, digest, expires_at), organisation)


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
    """All that can be given when none is named. Raises Invalid for one that there is not, or that nobody is given."""
    unknown = sorted(set(named) - set(GRANTABLE))
    if unknown:
        raise Invalid(f"No such capability: {', '.join(unknown)}. There are: {', '.join(GRANTABLE)}")
    return tuple(capability.value for capability in GRANTABLE if capability in named or not named)
