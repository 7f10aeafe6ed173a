"""Links by which customers connect: making one, for a new integration or to repair one, and looking how far it is."""

from datetime import datetime
from typing import NoReturn

from jackfield.domain import key as api_key
from jackfield.domain.audit import Action, by_caller
from jackfield.domain.connecting import (
    LOCALES,
    SCOPES_LIMIT,
    ConnectSession,
    ConnectSessionNotFound,
    NewConnectSession,
    Wish,
    generate_link_token,
    is_scope,
    link_path,
)
from jackfield.domain.definition import Definition, FieldProblem, not_connectable
from jackfield.domain.integration import InvalidState
from jackfield.domain.ports import Database, UnitOfWork
from jackfield.domain.principal import Caller, Capability
from jackfield.domain.return_url import complaint_of_return_url, is_allowed
from jackfield.services.catalog import Catalog


class MadeConnectLink:
    """A link just made. `token` and `url` are kept nowhere, and nothing here prints or stores them.

    `url` begins with the service's public address, where the operator has set one.
    """

    __slots__ = ("session", "token", "url")

    def __init__(self, session: ConnectSession, token: str, public_url: str) -> None:
        self.session = session
        self.token = token
        self.url = f"{public_url}{link_path(token)}"

    @property
    def expires_at(self) -> datetime:
        return self.session.expires_at

    def __repr__(self) -> str:
        return f"<MadeConnectLink {self.session.id}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a link in clear is not to be pickled")


class ConnectLinks:
    def __init__(self, database: Database, catalog: Catalog, pepper: bytes) -> None:
        self._database = database
        self._catalog = catalog
        self._pepper = pepper
        self._public_url = catalog.public_url

    async def create(self, caller: Caller, wish: Wish) -> MadeConnectLink:
        """A link that a customer can connect with once, within half an hour; the repair link of an integration as well.

        Raises CapabilityMissing, FieldProblem by the names of `Wish`, or InvalidState when the integration can not be
        connected again.
        """
        caller.require(Capability.MANAGE)
        _check_texts(wish)
        token = generate_link_token()
        async with self._database.transaction() as work:
            definition = await self._definition(work, caller, wish)
            self._check_ways(definition, wish)
            await self._check_return_url(work, caller, wish.return_url)
            session = await work.connect_sessions.create(
                NewConnectSession(
                    organisation_id=caller.organisation_id,
                    digest=api_key.digest(self._pepper, token),
                    provider=definition.vendor,
                    integration_id=wish.integration_id,
                    scopes=tuple(dict.fromkeys(wish.scopes)),
                    return_url=wish.return_url,
                    locale=wish.locale,
                    name=wish.name,
                    creator_user=caller.principal.user,
                    creator_key_id=caller.principal.key_id,
                )
            )
            subjects = (session.id,) if wish.integration_id is None else (session.id, wish.integration_id)
            await work.audit.add(by_caller(caller, Action.CONNECT_SESSION_CREATED, subjects))
        return MadeConnectLink(session, token, self._public_url)

    async def get(self, caller: Caller, session_id: int, reference: str) -> ConnectSession:
        """How far it is; for 30 days. Raises CapabilityMissing or ConnectSessionNotFound, as it was referred to."""
        caller.require(Capability.VIEW)
        async with self._database.transaction() as work:
            session = await work.connect_sessions.get(caller.organisation_id, session_id)
        if session is None:
            raise ConnectSessionNotFound(reference)
        return session

    async def _definition(self, work: UnitOfWork, caller: Caller, wish: Wish) -> Definition:
        vendor = wish.vendor
        if wish.integration_id is not None:
            vendor = await self._vendor_of(work, caller, wish.integration_id, wish.vendor)
        if vendor is None:
            raise FieldProblem(
                ("vendor",), "Name a vendor, or an integration that is to be connected again", missing=True
            )
        definition = await self._catalog.get(vendor, work)
        if definition is None and wish.integration_id is not None:
            raise InvalidState(f"The provider {vendor} is not installed here, so nothing can be connected")
        if definition is None:
            reason = "There is no such vendor; /v1/hubs/current/integrations/available lists all"
            raise FieldProblem(("vendor",), reason)
        is_ended = definition.deprecated if wish.integration_id is None else not definition.editable
        if is_ended or not definition.usable:
            raise FieldProblem(("vendor",), not_connectable(definition))
        return definition

    async def _vendor_of(self, work: UnitOfWork, caller: Caller, integration_id: int, vendor: str | None) -> str:
        found = await work.integrations.get_detail_for_update(caller.organisation_id, integration_id)
        if found is None:
            raise FieldProblem(("integration_id",), "There is no such integration")
        if found.is_going:
            raise InvalidState("The integration is being deleted, or is: it cannot be connected again")
        if vendor is not None and vendor != found.provider:
            raise FieldProblem(("vendor",), f"The integration is with {found.provider}; leave the vendor out")
        return found.provider

    def _check_ways(self, definition: Definition, wish: Wish) -> None:
        by_oauth = bool(self._public_url) and self._catalog.connects_by_oauth(definition.vendor)
        if wish.scopes and not by_oauth:
            raise FieldProblem(("scopes",), f"{definition.name} is not connected by OAuth here, so it has no scopes")
        oauth = self._catalog.oauth(definition.vendor)
        complaint = None if oauth is None else oauth.complaint_of(wish.scopes)
        if complaint is not None:
            raise FieldProblem(("scopes",), complaint)
        if not by_oauth and not definition.secrets:
            raise FieldProblem(("vendor",), f"{definition.name} cannot be connected through a page here")

    async def _check_return_url(self, work: UnitOfWork, caller: Caller, url: str | None) -> None:
        if url is None:
            return
        complaint = complaint_of_return_url(url)
        if complaint is None and not is_allowed(url, await work.organisations.get_return_urls(caller.organisation_id)):
            complaint = (
                "The organisation does not allow this return URL: `jackfield organisations return-urls` sets them"
            )
        if complaint is not None:
            raise FieldProblem(("return_url",), complaint)


def _check_texts(wish: Wish) -> None:
    if wish.locale is not None and wish.locale not in LOCALES:
        raise FieldProblem(("locale",), f"The pages are there in: {', '.join(LOCALES)}")
    if wish.integration_id is not None and wish.name is not None:
        raise FieldProblem(("name",), "An integration that is connected again keeps its name")
    if wish.name is not None and not wish.name.strip():
        raise FieldProblem(("name",), "A name that nobody can see is none")
    if len(wish.scopes) > SCOPES_LIMIT:
        raise FieldProblem(("scopes",), f"There can be at most {SCOPES_LIMIT} scopes")
    for index, scope in enumerate(wish.scopes):
        if not is_scope(scope):
            raise FieldProblem(("scopes", str(index)), "A scope is visible ASCII without blanks, commas, quotes and \\")
