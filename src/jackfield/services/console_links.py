"""One-time links by which people sign in: what the operator makes from the command line."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NoReturn

from jackfield.domain import key as api_key
from jackfield.domain.audit import Action, by_operator, checked_user
from jackfield.domain.organisation import Organisation
from jackfield.domain.ports import Database
from jackfield.domain.principal import Capability, Origin
from jackfield.domain.session import LINK_LIFETIME, NewLink, generate_link_token
from jackfield.services.organisations import checked_capabilities, find_one


class MadeLink:
    """A link just made. `token` is kept nowhere, and nothing here prints or stores it."""

    __slots__ = ("capabilities", "expires_at", "organisation", "token", "user")

    def __init__(self, token: str, organisation: Organisation, user: str, capabilities: tuple[str, ...]) -> None:
        self.token = token
        self.organisation = organisation
        self.user = user
        self.capabilities = capabilities
        self.expires_at = datetime.now(UTC) + LINK_LIFETIME

    @property
    def path(self) -> str:
        """Where it leads, at the address of the service."""
        return f"/console/link/{self.token}"

    def __repr__(self) -> str:
        return f"<MadeLink of {self.user}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a link in clear is not to be pickled")


class ConsoleLinks:
    def __init__(self, database: Database, pepper: bytes) -> None:
        self._database = database
        self._pepper = pepper

    async def create(
        self, reference: str, user: str, capabilities: Sequence[str], origin: Origin, *, is_operator: bool = False
    ) -> MadeLink:
        """A link for a user of an organisation; no capabilities named: all that a key can have.

        Raises Invalid, NotFound, or Conflict when a name fits several organisations.
        """
        user = checked_user(user)
        granted = checked_capabilities(capabilities)
        if is_operator:
            granted = (*granted, Capability.OPERATE.value)
        token = generate_link_token()
        async with self._database.transaction() as work:
            organisation = await find_one(work, reference)
            link = NewLink(
                organisation_id=organisation.id,
                digest=api_key.digest(self._pepper, token),
                user=user,
                capabilities=granted,
            )
            link_id = await work.sessions.create_link(link)
            fields = ("user", "capabilities")
            await work.audit.add(by_operator(origin, organisation.id, Action.LINK_CREATED, (link_id,), fields))
        return MadeLink(token, organisation, user, granted)
