"""Where an integration's items go: looked up at the vendor, kept, and found again whatever the settings call it.

See ADR 34. What follows from an id is decided in domain/place.py.
"""

import contextlib
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import msgspec

from jackfield.domain.audit import Action, by_service
from jackfield.domain.credential import Secrets
from jackfield.domain.definition import Definition, place_of
from jackfield.domain.integration import Change, Detail, Integration, JsonObject, to_configuration
from jackfield.domain.place import KnownPlace, current_of, links_of
from jackfield.domain.ports import Database, HotPlaces, UnitOfWork
from jackfield.domain.provider import (
    ConfigurationRejected,
    Connection,
    Locates,
    Place,
    ProviderError,
    RightMissing,
    VendorUnavailable,
)
from jackfield.domain.submission import from_texts, moved_destinations, to_texts
from jackfield.services.catalog import Catalog
from jackfield.services.running import TryAgain
from jackfield.services.vendor_calls import VendorCalls

Result = TypeVar("Result")


class Whereabouts(msgspec.Struct, frozen=True, kw_only=True):
    """Where items go now: the integration, whose settings may have followed the place, and what links are kept under.

    `place_id` is what a connection has. `error`: the vendor could not be asked, and sending might double items.
    """

    integration: Detail
    links: bytes
    place_id: str | None = None
    error: ProviderError | None = None


class Places:
    def __init__(self, database: Database, hot: HotPlaces, catalog: Catalog, calls: VendorCalls) -> None:
        self._database = database
        self._hot = hot
        self._catalog = catalog
        self._calls = calls

    async def find(self, found: Detail, secrets: Secrets, *, anew: bool = False) -> Whereabouts:
        """Where the integration's items go. `anew`: the vendor said that what was known is over.

        Asks the vendor when the settings or the credential have changed since, or names can come to mean others there.
        Raises TryAgain when the integration was changed meanwhile.
        """
        definition = await self._catalog.get(found.provider)
        locator = await self._catalog.locator(found.provider)
        settings = place_of(definition, to_configuration(found))
        known = await self._hot.list(found)
        here = current_of(known, settings)
        if definition is None or locator is None:
            return Whereabouts(integration=found, links=settings)
        is_fresh = here is not None and here.credential_version == found.credential_version
        if here is not None and is_fresh and not anew and not locator.names_are_reused:
            return _at(found, here)
        try:
            if not is_fresh:
                await self.locate_former(found, secrets)
            place = await self._locate(locator, found, secrets, here)
        except ProviderError as error:
            return _unlocated(found, settings, known, here if is_fresh else None, error)
        if place is None:
            return Whereabouts(integration=found, links=settings if here is None else here.links)
        if here is not None and is_fresh and place.id == here.vendor_id and not place.settings:
            return _at(found, here)
        return await self._learn(found, definition, place)

    async def followed(self, found: Detail, secrets: Secrets) -> bool:
        """Whether the vendor knows the place by another name, which the settings have from now on."""
        where = await self.find(found, secrets, anew=True)
        return where.error is None and where.integration.configuration != found.configuration

    async def told(self, found: Detail, place: Place) -> Whereabouts:
        """Keeps the place that the vendor told of as it took an item. Raises TryAgain as `find` does."""
        definition = await self._catalog.get(found.provider)
        if definition is None:
            raise TryAgain
        return await self._learn(found, definition, place)

    async def last_links(self, found: Detail) -> bytes:
        """What links are kept under where the settings led last. Nobody is asked."""
        settings = await self._settings(found)
        here = current_of(await self._hot.list(found), settings)
        return settings if here is None else here.links

    async def known_id(self, found: Detail) -> str | None:
        """The vendor's id of the place to which the settings led when they were looked up last."""
        here = current_of(await self._hot.list(found), await self._settings(found))
        return None if here is None else here.vendor_id

    async def locate_former(self, found: Detail, secrets: Secrets) -> None:
        """Looks up places that have items in them, and whose settings were changed before anybody had looked.

        Otherwise the present settings could name the same place, and everything would be created there again. Raises
        ProviderError when the vendor cannot be asked.
        """
        former = [place for place in await self._hot.list(found) if place.former is not None]
        locator = await self._catalog.locator(found.provider) if former else None
        definition = await self._catalog.get(found.provider) if former else None
        if locator is None or definition is None:
            return
        for place in former:
            before = _as_before(definition, found, place.former or found.configuration)
            located = None
            if before is not None:
                with contextlib.suppress(ConfigurationRejected):
                    located = await self._locate(locator, before, secrets, None)
            await self._note_former(found, place, located)

    async def _note_former(self, found: Detail, former: KnownPlace, located: Place | None) -> None:
        async with self._database.transaction() as work:
            await work.integrations.get_detail_for_update(found.organisation_id, found.id)
            taken = {place.vendor_id for place in await work.places.list(found)}
            if located is None or located.id in taken:
                await work.places.drop(found, former.links)
            else:
                known = KnownPlace(links=former.links, vendor_id=located.id, name=located.name)
                await work.places.put(found, known)

    async def _learn(self, found: Detail, definition: Definition, place: Place) -> Whereabouts:
        async with self._database.transaction() as work:
            stored = await work.integrations.get_detail_for_update(found.organisation_id, found.id)
            if stored is None or stored.is_going or not _asked_with(found, stored):
                raise TryAgain
            stored, learnt = await learn(work, stored, definition, place)
        return _at(stored, learnt)

    async def _locate(self, locator: Locates, found: Detail, secrets: Secrets, here: KnownPlace | None) -> Place | None:
        return await self._calls.call(found, secrets, at(None if here is None else here.vendor_id, locator.locate))

    async def _settings(self, found: Detail) -> bytes:
        return place_of(await self._catalog.get(found.provider), to_configuration(found))


def at(
    place_id: str | None, deed: Callable[[Connection], Awaitable[Result]]
) -> Callable[[Connection], Awaitable[Result]]:
    """The deed, done with a connection that knows the place."""

    async def knowing(connection: Connection) -> Result:
        return await deed(msgspec.structs.replace(connection, place_id=place_id))

    return knowing


async def learn(work: UnitOfWork, found: Detail, definition: Definition, place: Place) -> tuple[Detail, KnownPlace]:
    """Keeps that the settings of the integration, which is locked, lead to this place.

    Settings that have an old name of it follow it: the name may be another place's tomorrow.
    """
    settings = place_of(definition, to_configuration(found))
    links = links_of(place.id, settings, await work.places.list(found))
    texts = to_texts(found.configuration)
    followed = {**texts, **place.settings}
    if followed != texts:
        configuration = from_texts(followed, found.configuration)
        found = await work.integrations.update(found, Change(configuration=configuration))
        entry = by_service(found.organisation_id, Action.INTEGRATION_UPDATED, (found.id,), "configuration")
        await work.audit.add(entry)
        settings = place_of(definition, to_configuration(found))
    learnt = KnownPlace(
        links=links,
        vendor_id=place.id,
        name=place.name,
        settings=settings,
        credential_version=found.credential_version,
    )
    await work.places.put(found, learnt)
    return found, learnt


async def keep_former(
    work: UnitOfWork,
    found: Integration,
    definition: Definition | None,
    configuration: JsonObject | msgspec.UnsetType,
) -> None:
    """Before the settings of the integration, which is locked, change: a place that nobody has looked up is kept."""
    if definition is None or configuration is msgspec.UNSET or configuration == found.configuration:
        return
    changed = msgspec.structs.replace(found, configuration=configuration)
    before, after = (place_of(definition, to_configuration(one)) for one in (found, changed))
    if before != after and all(place.links != before for place in await work.places.list(found)):
        await work.places.put_former(found, before, found.configuration)


def _as_before(definition: Definition, found: Detail, former: JsonObject) -> Detail | None:
    """The integration with its former settings, and the addresses that it has now; None when they were others.

    A credential goes only where it was meant to go: what was entered for one server is never sent to another one.
    """
    before, now = to_texts(former), to_texts(found.configuration)
    if moved_destinations(definition, before, now):
        return None
    addresses = {name: now[name] for name in definition.destinations if name in now}
    return msgspec.structs.replace(found, configuration=from_texts({**before, **addresses}, former))


def _at(found: Detail, place: KnownPlace) -> Whereabouts:
    return Whereabouts(integration=found, links=place.links, place_id=place.vendor_id)


def _asked_with(found: Detail, stored: Detail) -> bool:
    """Whether the vendor was asked with what is stored now; that tokens were refreshed meanwhile is no change."""
    if stored.credential_version == found.credential_version:
        return True
    is_refreshed = stored.granted_at == found.granted_at and stored.refreshed_at != found.refreshed_at
    return is_refreshed and stored.configuration == found.configuration


def _unlocated(
    found: Detail, settings: bytes, known: Sequence[KnownPlace], here: KnownPlace | None, error: ProviderError
) -> Whereabouts:
    """The vendor did not tell where the settings lead. What is wrong with the credential or the settings is told as it
    is; who may write and not look goes on as before; and a vendor that is away is tried, where nothing can be doubled:
    a first place takes over what is brought under its settings."""
    if isinstance(error, RightMissing):
        return Whereabouts(integration=found, links=settings) if here is None else _at(found, here)
    is_first = not known and isinstance(error, VendorUnavailable)
    links = settings if here is None else here.links
    return Whereabouts(integration=found, links=links, error=None if is_first else error)
