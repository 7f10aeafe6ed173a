"""Apps: what developers publish, and what the operator decides about it."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NoReturn

import msgspec

from jackfield.domain import ids
from jackfield.domain import key as api_key
from jackfield.domain.app import (
    App,
    AppFields,
    AppHasStatus,
    AppNotFound,
    AppNotInDevelopment,
    AppStatus,
    InvalidApp,
    flaws_of,
    flaws_of_path,
    new_client_secret,
)
from jackfield.domain.audit import Action, by_caller, by_operator
from jackfield.domain.flaws import Flaw
from jackfield.domain.ports import Database, UnitOfWork
from jackfield.domain.principal import Caller, Capability, Origin

DECISIONS: Final = {
    AppStatus.APPROVED: Action.DEFINITION_APPROVED,
    AppStatus.ARCHIVED: Action.DEFINITION_ARCHIVED,
}
_SECRET_REPLACED: Final = Action.DEFINITION_SECRET_REPLACED
_SECRET_FIELDS: Final = ("client_secret",)


class Registered:
    """An app just registered. `client_secret` is kept nowhere, and nothing here prints or stores it."""

    __slots__ = ("app", "client_secret")

    def __init__(self, app: App, client_secret: str) -> None:
        self.app = app
        self.client_secret = client_secret

    def __repr__(self) -> str:
        return f"<Registered {self.app.id}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret in clear is not to be pickled")


class ReplacedSecret(Registered):
    """An app with its new client secret. `previous_expires_at`: until when the old one is good; None: not any more."""

    __slots__ = ("previous_expires_at",)

    def __init__(self, app: App, client_secret: str, previous_expires_at: datetime | None) -> None:
        super().__init__(app, client_secret)
        self.previous_expires_at = previous_expires_at


class AppPage(msgspec.Struct, frozen=True):
    """Some apps, the newest first. `next_before`: what the next page is asked for with; None: there is none."""

    apps: Sequence[App]
    next_before: int | None


class Apps:
    """`allow_http`: apps may have addresses of plain http that lead to other machines."""

    def __init__(self, database: Database, pepper: bytes, *, allow_http: bool) -> None:
        self._database = database
        self._pepper = pepper
        self._allow_http = allow_http

    def flaws(self, fields: Mapping[str, Any]) -> list[Flaw]:
        """What is wrong with what a developer sent, beyond the types of its fields, which may be wrong too."""
        found = flaws_of(fields, allow_http=self._allow_http)
        schema = fields.get("configuration_fields")
        in_schema = any(flaw.path[0] == "configuration_fields" for flaw in found)
        return [*flaws_of_path(fields.get("identifier_field_path"), None if in_schema else schema), *found]

    async def register(self, caller: Caller, fields: AppFields) -> Registered:
        """A new app in development. Raises CapabilityMissing or InvalidApp."""
        caller.require(Capability.MANAGE)
        flaws = self.flaws(fields.said)
        if flaws:
            raise InvalidApp(flaws)
        secret = new_client_secret()
        digest = api_key.digest(self._pepper, secret)
        async with self._database.transaction() as work:
            app = await work.definitions.create(caller.organisation_id, fields, digest)
            await work.audit.add(by_caller(caller, Action.DEFINITION_CREATED, (app.id,), tuple(fields.said)))
        return Registered(app, secret)

    async def list(self, caller: Caller, before_id: int | None, most: int) -> AppPage:
        """The caller's organisation's own. Raises CapabilityMissing."""
        caller.require(Capability.VIEW)
        async with self._database.transaction() as work:
            found = await work.definitions.list_own(caller.organisation_id, before_id, most + 1)
        return AppPage(found[:most], found[most - 1].id if len(found) > most else None)

    async def update(self, caller: Caller, definition_id: int, fields: AppFields) -> App:
        """Changes what is said. Raises CapabilityMissing, AppNotFound, AppNotInDevelopment or InvalidApp."""
        caller.require(Capability.MANAGE)
        async with self._database.transaction() as work:
            app = await work.definitions.get_own_for_update(caller.organisation_id, definition_id)
            if app is None:
                raise AppNotFound(ids.to_hex(definition_id))
            if app.status is not AppStatus.DEVELOPMENT:
                raise AppNotInDevelopment(app.status)
            self._check_together(app, fields)
            if not fields.said:
                return app
            await work.audit.add(by_caller(caller, Action.DEFINITION_UPDATED, (app.id,), tuple(fields.said)))
            return await work.definitions.update(app, fields)

    async def replace_secret(self, caller: Caller, definition_id: int, grace: timedelta) -> ReplacedSecret:
        """Gives the app a new client secret, whatever its status; the old one is good for so long.

        Raises CapabilityMissing or AppNotFound.
        """
        caller.require(Capability.MANAGE)
        async with self._database.transaction() as work:
            app = await work.definitions.get_own_for_update(caller.organisation_id, definition_id)
            if app is None:
                raise AppNotFound(ids.to_hex(definition_id))
            await work.audit.add(by_caller(caller, _SECRET_REPLACED, (app.id,), _SECRET_FIELDS))
            return await self._replace_secret(work, app, grace)

    async def replace_secret_of(self, reference: str, grace: timedelta, origin: Origin) -> ReplacedSecret:
        """As `replace_secret`, by the operator. Raises AppNotFound."""
        async with self._database.transaction() as work:
            app = await _find(work, reference)
            await work.audit.add(by_operator(origin, app.organisation_id, _SECRET_REPLACED, (app.id,), _SECRET_FIELDS))
            return await self._replace_secret(work, app, grace)

    async def _replace_secret(self, work: UnitOfWork, app: App, grace: timedelta) -> ReplacedSecret:
        secret = new_client_secret()
        digest = api_key.digest(self._pepper, secret)
        return ReplacedSecret(app, secret, await work.definitions.replace_secret(app, digest, grace))

    async def get_own(self, caller: Caller, definition_id: int) -> App:
        """One of the caller's organisation's own. Raises CapabilityMissing or AppNotFound."""
        caller.require(Capability.MANAGE)
        async with self._database.transaction() as work:
            app = await work.definitions.get_own_for_update(caller.organisation_id, definition_id)
        if app is None:
            raise AppNotFound(ids.to_hex(definition_id))
        return app

    async def check_updatable(self, caller: Caller, definition_id: int) -> None:
        """Raises what `update` would, before it looks at what was sent."""
        caller.require(Capability.MANAGE)
        async with self._database.transaction() as work:
            app = await work.definitions.get_own_for_update(caller.organisation_id, definition_id)
        if app is None:
            raise AppNotFound(ids.to_hex(definition_id))
        if app.status is not AppStatus.DEVELOPMENT:
            raise AppNotInDevelopment(app.status)

    async def get_installable(self, caller: Caller, definition_id: int) -> App:
        """The app, for its page. Raises CapabilityMissing, AppNotFound or AppArchived."""
        caller.require(Capability.MANAGE)
        app = await self.get(definition_id)
        app.require_installable_by(caller.organisation_id)
        return app

    async def get(self, definition_id: int) -> App:
        """The app, whatever its status, unless its owner is deleted. Raises AppNotFound."""
        async with self._database.transaction() as work:
            app = await work.definitions.get_app_for_installation(definition_id)
        if app is None:
            raise AppNotFound(ids.to_hex(definition_id))
        return app

    async def list_all(self) -> Sequence[App]:
        """Everybody's, for the operator."""
        async with self._database.transaction() as work:
            return await work.definitions.list_apps()

    async def approve(self, reference: str, origin: Origin) -> App:
        """From now on every organisation can install it. Raises AppNotFound or AppHasStatus."""
        return await self._decide(reference, AppStatus.APPROVED, origin)

    async def archive(self, reference: str, origin: Origin) -> App:
        """From now on nobody can install it; what is installed stays. Raises AppNotFound or AppHasStatus."""
        return await self._decide(reference, AppStatus.ARCHIVED, origin)

    async def _decide(self, reference: str, status: AppStatus, origin: Origin) -> App:
        async with self._database.transaction() as work:
            return await decide(work, reference, status, origin)

    def _check_together(self, app: App, fields: AppFields) -> None:
        """The path and the form have to fit, whichever of the two was there before."""
        stored = {name: getattr(app, name) for name in ("identifier_field_path", "configuration_fields")}
        flaws = flaws_of(fields.said, allow_http=self._allow_http)
        if not flaws and stored.keys() & fields.said.keys():
            after = {**stored, **fields.said}
            flaws = flaws_of_path(after["identifier_field_path"], after["configuration_fields"])
        if flaws:
            raise InvalidApp(flaws)


async def decide(work: UnitOfWork, reference: str, status: AppStatus, origin: Origin) -> App:
    """Gives the app the status, which its organisation's audit tells of. Raises AppNotFound or AppHasStatus."""
    app = await _find(work, reference)
    if app.status is status:
        raise AppHasStatus(reference, status)
    await work.audit.add(by_operator(origin, app.organisation_id, DECISIONS[status], (app.id,), ("status",)))
    return await work.definitions.set_status(app, status)


async def _find(work: UnitOfWork, reference: str) -> App:
    for parse in (ids.parse_hex, ids.parse_decimal):
        try:
            app = await work.definitions.get_app(parse(reference))
        except ids.MalformedId:
            continue
        if app is not None:
            return await work.definitions.get_own_for_update(app.organisation_id, app.id) or app
    raise AppNotFound(reference)
