"""Whose an integration is, for the contract whose paths name it by its id alone: who is refused, and with which reason.

Everywhere else, what belongs to another organisation does not exist. The organisations contract says 403 for it, and
400 where the organisation that owned it exists no longer.
"""

from jackfield.domain.errors import Forbidden, Invalid
from jackfield.domain.integration import Detail, IntegrationNotFound, Wanted
from jackfield.domain.ports import HotIntegrations, OwnerLookup
from jackfield.domain.principal import Caller, Capability


class OrganisationGone(Invalid):
    """There is no such organisation, or no more."""

    code = "organisation-gone"

    def __init__(self) -> None:
        super().__init__("The organisation does not exist")


class AnotherOrganisation(Forbidden):
    """The call is about another organisation than the key's."""

    code = "another-organisation"

    def __init__(self) -> None:
        super().__init__(
            f"This call needs the capability {Capability.MANAGE_ORGANISATION} in the organisation that it is about, "
            "and the key belongs to another one"
        )


class Ownership:
    def __init__(self, hot: HotIntegrations, owners: OwnerLookup) -> None:
        self._hot = hot
        self._owners = owners

    async def find(self, caller: Caller, wanted: Wanted) -> Detail:
        """The integration, if the caller may manage it.

        Raises IntegrationNotFound (also for one that is being deleted), OrganisationGone, AnotherOrganisation, or
        CapabilityMissing where it is the caller's own organisation.
        """
        found = await self._hot.get_detail(caller.organisation_id, wanted.id)
        if found is None:
            raise await self._refusal(wanted)
        if found.is_going or not wanted.knows(found.provider):
            raise IntegrationNotFound(wanted.reference)
        caller.require(Capability.MANAGE_ORGANISATION)
        return found

    async def check(self, caller: Caller, organisation_id: int) -> None:
        """Raises OrganisationGone, AnotherOrganisation or CapabilityMissing unless the caller may manage it."""
        if organisation_id != caller.organisation_id:
            raise AnotherOrganisation if await self._owners.exists(organisation_id) else OrganisationGone
        caller.require(Capability.MANAGE_ORGANISATION)

    async def is_gone(self, organisation_id: int) -> bool:
        """Whether there is no such organisation, or no more."""
        return not await self._owners.exists(organisation_id)

    async def has_gone_owner(self, wanted: Wanted) -> bool:
        """Whether the integration was of an organisation that exists no longer."""
        owner = await self._owners.find(wanted)
        return owner is not None and await self.is_gone(owner.organisation_id)

    async def _refusal(self, wanted: Wanted) -> Exception:
        owner = await self._owners.find(wanted)
        if owner is None:
            return IntegrationNotFound(wanted.reference)
        if await self.is_gone(owner.organisation_id):
            return OrganisationGone()
        return IntegrationNotFound(wanted.reference) if owner.is_going else AnotherOrganisation()
