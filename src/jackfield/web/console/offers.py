"""What can be done with an integration as it is now, by who looks at it."""

import msgspec

from jackfield.domain import ids
from jackfield.domain.item import ItemType
from jackfield.domain.principal import Caller, Capability
from jackfield.services.administration import Administered
from jackfield.services.catalog import Catalog


class Offers(msgspec.Struct, frozen=True, kw_only=True):
    """`connect`: at its vendor, in the browser. `link`: the same by somebody else, or to fill in a new credential.

    `reinstall` is the path of an app's page, for what was installed there.
    """

    verify: bool = False
    refresh: bool = False
    synchronise: bool = False
    pause: bool = False
    resume: bool = False
    edit: bool = False
    connect: bool = False
    link: bool = False
    delete: bool = False
    retry_held: bool = False
    reinstall: str = ""


async def offers_of(caller: Caller, shown: Administered, catalog: Catalog) -> Offers:
    """None to who may only look; and to nobody what would be refused."""
    found, definition = shown.integration, shown.definition
    if not caller.principal.has(Capability.MANAGE) or found.is_going:
        return Offers()
    if definition is None:
        return Offers(delete=True)
    oauth = catalog.oauth(definition.vendor)
    by_oauth = catalog.connects_by_oauth(definition.vendor)
    delivers = await catalog.deliverer(definition.vendor) is not None
    reconnects = definition.editable and definition.usable
    return Offers(
        verify=definition.supports_verification,
        refresh=found.granted_at is not None and by_oauth and oauth is not None and oauth.refreshes,
        synchronise=delivers and found.is_workable and found.item_type != ItemType.NONE,
        pause=definition.editable and found.enabled,
        resume=definition.editable and not found.enabled,
        edit=definition.editable,
        connect=reconnects and by_oauth,
        link=reconnects and (by_oauth or bool(definition.secrets)),
        delete=True,
        retry_held=True,
        reinstall=install_page(definition.vendor) if ids.is_hex(definition.vendor) else "",
    )


def install_page(vendor: str) -> str:
    """Where an app, whose vendor is its id in hex, is installed."""
    return f"/platform/integrations/{vendor}"
