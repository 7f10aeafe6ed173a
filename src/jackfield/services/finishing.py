"""The end of a connect session: what a customer approved or filled in becomes a new integration, or an old one's again.

It is proven before anything is written. What was granted and does not come into use is ended at the vendor.
"""

import asyncio
import random
import re
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import urlsplit

import msgspec

from jackfield.domain.audit import Action, by_caller
from jackfield.domain.connecting import ConnectLinkInvalid, ConnectSession, NotConnected
from jackfield.domain.credential import Secrets
from jackfield.domain.definition import Definition, place_of
from jackfield.domain.freshness import freshness_of
from jackfield.domain.integration import (
    EMPTY_OBJECT,
    Change,
    Detail,
    Status,
    merged,
    proven,
    to_configuration,
    unproven,
)
from jackfield.domain.place import KnownPlace, current_of
from jackfield.domain.ports import Database, HotIntegrations, UnitOfWork, Vault
from jackfield.domain.principal import Caller, Origin
from jackfield.domain.provider import (
    ConfigurationRejected,
    Connection,
    ProviderError,
    SettingField,
    TokenSet,
    VendorUnavailable,
    Verified,
)
from jackfield.domain.submission import from_texts, to_texts
from jackfield.services.catalog import Catalog
from jackfield.services.deliveries import begin_deliveries
from jackfield.services.new_integration import Making, NewIntegrations, OnlyOne, insert_in
from jackfield.services.places import keep_former, learn
from jackfield.services.refreshing import granted_change
from jackfield.services.shared_grants import SharedGrants
from jackfield.services.verification import begin_verification, due_again

#: a person waits
_VERIFY_SECONDS: Final = 25.0
#: why nothing was connected
GONE: Final = "The integration was deleted meanwhile: nothing was connected"
_REPLACED: Final = "Somebody else changed the integration's credential meanwhile: nothing was changed. Try again"


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """What shall be connected: the whole credential, without empty members, and all settings as texts.

    `token_sets` are those of what the vendor granted by OAuth; empty: somebody brought the credential. `of_account`
    False: it is nobody's, such as a webhook. `again` is the integration that is connected again, as it was read.
    """

    definition: Definition
    secrets: Secrets
    settings: Mapping[str, str]
    token_sets: tuple[TokenSet, ...] = ()
    of_account: bool = True
    again: Detail | None = None


class Finishing:
    def __init__(self, hot: HotIntegrations, database: Database, vault: Vault, catalog: Catalog) -> None:
        self._database = database
        self._vault = vault
        self._catalog = catalog
        self._new = NewIntegrations(hot, database, vault)
        self._grants = SharedGrants(hot, vault, catalog)

    async def finish(self, session: ConnectSession, offer: Offer, origin: Origin) -> ConnectSession:
        """The session, connected. Raises NotConnected with the true reason; nothing was written then."""
        try:
            known = await self._known_places(offer)
            here = current_of(known, _settings(offer, offer.again))
            elsewhere = _elsewhere(offer, here)
            if elsewhere is not None and here is None:
                raise elsewhere
            verified = await self._verify(offer, current_of(known, _settings(offer)))
            if elsewhere is not None and not _is_known(verified, here):
                raise elsewhere
            _check_account(offer, verified)
            return await self._write(session, offer, verified, Caller(session.principal, origin))
        except Exception:
            # also when it is not known whether it was written: what is stored is not ended
            if offer.token_sets:
                await self._grants.end_orphan(session.organisation_id, session.provider, offer.secrets, offer.settings)
            raise

    async def _known_places(self, offer: Offer) -> Sequence[KnownPlace]:
        if offer.again is None:
            return ()
        async with self._database.transaction() as work:
            return await work.places.list(offer.again)

    async def _verify(self, offer: Offer, here: KnownPlace | None) -> Verified | None:
        """Whose credential it is; None when there is nobody to ask, or no answer that a new integration needs now."""
        name = offer.definition.name
        verifier = await self._catalog.verifier(offer.definition.vendor)
        if verifier is None or not offer.definition.supports_verification:
            return None
        try:
            async with asyncio.timeout(_VERIFY_SECONDS):
                connection = Connection(
                    offer.secrets, offer.settings, place_id=None if here is None else here.vendor_id
                )
                return await verifier.verify(connection)
        except (VendorUnavailable, TimeoutError):
            if offer.again is None:
                return None
            reason = f"{name} could not tell just now whose account this is, so nothing was changed. Try again"
            raise NotConnected(reason) from None
        except ConfigurationRejected as error:
            raise NotConnected(str(error), error.field or "") from None
        except ProviderError as error:
            raise NotConnected(str(error)) from None

    async def _write(
        self, session: ConnectSession, offer: Offer, verified: Verified | None, caller: Caller
    ) -> ConnectSession:
        row = None if offer.again is not None else await self._new.row(session.principal, _making(session, offer))
        async with self._database.transaction() as work:
            if row is not None:
                action = Action.INTEGRATION_CONNECTED
                try:
                    found = await insert_in(work, offer.definition, row)
                except OnlyOne as error:
                    raise NotConnected(f"{error}: connect that one again, or delete it first") from None
                change = Change()
            else:
                action = Action.INTEGRATION_RECONNECTED
                found = await _unchanged(work, session, offer)
                change = await self._replacing(found, offer)
            change = merged(change, await self._known(work, found, offer, verified))
            if change.fields:
                await keep_former(work, found, offer.definition, change.configuration)
                found = await work.integrations.update(found, change)
            found = await _learn(work, found, offer, verified)
            if verified is None and offer.definition.supports_verification:
                principal = caller.principal
                await begin_verification(work, found, offer.definition.name, principal.user, principal.key_id)
            connected = await work.connect_sessions.finish(session, found.id)
            if connected is None:
                raise ConnectLinkInvalid
            await work.audit.add(by_caller(caller, action, (found.id, session.id), ("secrets", "configuration")))
            await begin_deliveries(work, found)
        return connected

    async def _replacing(self, found: Detail, offer: Offer) -> Change:
        """The new credential in place of the old one, of which nothing is known any more."""
        verifies = offer.definition.supports_verification
        before = to_texts(found.configuration)
        written = Change(
            sealed_secrets=await self._vault.seal(found.secrets_place, offer.secrets),
            configuration=msgspec.UNSET
            if before == offer.settings
            else from_texts(offer.settings, found.configuration),
        )
        if found.status is Status.INACTIVE and found.sealed_secrets is None:
            # it was revoked here, which connecting it again takes back
            return merged(unproven(verifies=verifies), written, Change(status=Status.ACTIVE, enabled=True))
        is_mended = found.status is Status.ERROR and not verifies
        return merged(
            unproven(verifies=verifies), written, Change(status=Status.ACTIVE if is_mended else msgspec.UNSET)
        )

    async def _known(self, work: UnitOfWork, found: Detail, offer: Offer, verified: Verified | None) -> Change:
        """What the vendor has told: until when its tokens are good, and whose they are."""
        now = await work.connect_sessions.now()
        changes = []
        if offer.token_sets:
            freshness = freshness_of(offer.secrets, offer.token_sets, now, random.random())  # noqa: S311  no secret
            changes.append(granted_change(freshness, now))
        if verified is not None:
            changes.append(proven(found, now, due_again(now), verified.account))
        return merged(*changes)


async def _unchanged(work: UnitOfWork, session: ConnectSession, offer: Offer) -> Detail:
    """The integration that is connected again, locked. Raises NotConnected when it is not what was read any more."""
    read = offer.again
    if read is None:
        raise LookupError("there is nothing to connect again")
    found = await work.integrations.get_detail_for_update(session.organisation_id, read.id)
    if found is None or found.is_going:
        raise NotConnected(GONE)
    # that the old tokens were refreshed meanwhile is nobody's change
    is_refreshed = found.granted_at == read.granted_at and found.refreshed_at != read.refreshed_at
    if found.credential_version != read.credential_version and not is_refreshed:
        raise NotConnected(_REPLACED)
    return found


def _making(session: ConnectSession, offer: Offer) -> Making:
    return Making(
        definition=offer.definition,
        name=session.name,
        secrets=offer.secrets,
        configuration=from_texts(offer.settings, EMPTY_OBJECT),
        status=Status.PENDING if offer.definition.supports_verification else Status.ACTIVE,
    )


def _check_account(offer: Offer, verified: Verified | None) -> None:
    """Items, rights and history are the old account's: another one is another integration."""
    again = offer.again
    if again is None or verified is None or again.account_id is None or not offer.of_account:
        return
    if again.account_id != verified.account.id:
        before, now = _named(again.account_name, again.account_id), _named(verified.account.name, verified.account.id)
        raise NotConnected(
            f"This integration is connected as {before}; this is {now}. "
            f"Log in at {offer.definition.name} as {before}, or connect {now} as an integration of its own"
        )


def _elsewhere(offer: Offer, here: KnownPlace | None) -> NotConnected | None:
    """What was approved at a vendor has to be for the place that the integration has, if it has one; None if it is.

    The vendor's own id of the site counts, from the settings or from the place `here` where items go: the address of a
    site may be another one today, or be another site's. Who fills in the form says the place themselves.
    """
    if offer.again is None or not offer.token_sets:
        return None
    before = to_texts(offer.again.configuration)
    vendor = offer.definition.name
    compared = [
        (before.get(field.name, "").strip(), offer.settings.get(field.name, "").strip(), field)
        for field in offer.definition.configuration
        if field.destination
    ]
    for old, new, field in compared:
        site = old or _site_of(here, field)
        if field.identifies and site and site.lower() == new.lower():
            return None
    for old, new, field in compared:
        if old and _host(old) != _host(new):
            return NotConnected(f"This integration is at {old}; {vendor} was approved for {new}. Choose {old} there")
        if not old and new and _site_of(here, field):
            return NotConnected(
                f"{vendor} was approved for another site, which has the address of the one that this integration is "
                "connected to. Connect it as an integration of its own"
            )
    return None


def _site_of(here: KnownPlace | None, field: SettingField) -> str:
    """The vendor's own id of the site in the id of a place; empty when there is none."""
    site = "" if here is None or here.vendor_id is None else here.vendor_id.rpartition("/")[0]
    return site if field.identifies and field.pattern and re.fullmatch(field.pattern, site) else ""


def _settings(offer: Offer, stored: Detail | None = None) -> bytes:
    """The digest of where the offer's settings lead, or those that are stored."""
    return place_of(offer.definition, offer.settings if stored is None else to_configuration(stored))


def _is_known(verified: Verified | None, here: KnownPlace | None) -> bool:
    """Whether the vendor says that it is the same place, by another address."""
    return (
        here is not None and verified is not None and verified.place is not None and verified.place.id == here.vendor_id
    )


async def _learn(work: UnitOfWork, found: Detail, offer: Offer, verified: Verified | None) -> Detail:
    """Keeps where the settings lead, unless an earlier place has to be looked up first: before the next delivery."""
    if verified is None or verified.place is None:
        return found
    if any(place.former is not None for place in await work.places.list(found)):
        return found
    return (await learn(work, found, offer.definition, verified.place))[0]


def _host(place: str) -> str:
    """Of an address its host, of anything else all."""
    return (urlsplit(place).hostname or place).lower() if "://" in place else place.lower()


def _named(name: str | None, account_id: str) -> str:
    return account_id if name is None or name == account_id else f"{name} ({account_id})"
