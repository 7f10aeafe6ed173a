"""One vendor of the catalogue: the facts of its provider, or of an app."""

from collections.abc import Sequence
from typing import Final

import msgspec
from starlette.responses import Response

from jackfield.domain import ids
from jackfield.domain.app import App, AppNotFound, AppStatus
from jackfield.domain.definition import Definition, DefinitionNotFound
from jackfield.domain.grade import missing
from jackfield.domain.integration import Listing
from jackfield.domain.principal import Capability
from jackfield.domain.provider import Manifest, SecretField, SettingField
from jackfield.web.console.catalogue import PATH, entry_of
from jackfield.web.console.view import view
from jackfield.web.pages.browser import Browser
from jackfield.web.pages.routing import page_route

#: of the vendor's integrations
_MOST_INTEGRATIONS: Final = 5


class Taken(msgspec.Struct, frozen=True):
    """A field that the vendor takes, in words; `notes` are what follows from filling it in."""

    title: str
    help: str
    notes: str


class Way(msgspec.Struct, frozen=True):
    """One way to prove oneself, with the fields that it takes."""

    title: str
    fields: Sequence[Taken]


async def show_one(browser: Browser) -> Response:
    """A provider, or an app that the organisation may see."""
    browser.caller.require(Capability.VIEW)
    vendor: str = browser.request.path_params["vendor"]
    catalog = browser.services.catalog
    definition, manifest = await catalog.get(vendor), catalog.manifest(vendor)
    if definition is None:
        raise DefinitionNotFound(vendor)
    app = await _app(browser, vendor) if manifest is None else None
    listing = Listing(providers=(vendor,), limit=_MOST_INTEGRATIONS + 1)
    integrations = [one.integration for one in await browser.services.administration.list(browser.caller, listing)]
    return view(
        browser,
        "vendor.html",
        images=[definition.icon_url],
        entry=entry_of(catalog, definition),
        manifest=manifest,
        app=app,
        is_own=app is not None and app.organisation_id == browser.caller.organisation_id,
        ways=_ways(definition),
        settings=_settings(definition),
        lacks=_lacks(manifest, catalog.abilities(vendor)) if manifest else "",
        connects_by_oauth=catalog.connects_by_oauth(vendor),
        rights=manifest.oauth.rights() if manifest and manifest.oauth else (),
        integrations=integrations[:_MOST_INTEGRATIONS],
        more_integrations=len(integrations) > _MOST_INTEGRATIONS,
    )


async def _app(browser: Browser, vendor: str) -> App:
    """Raises AppNotFound for what no catalogue has: one of another organisation, in development."""
    app = await browser.services.apps.get(ids.parse_hex(vendor))
    is_own = app.organisation_id == browser.caller.organisation_id
    if not is_own and app.status is AppStatus.DEVELOPMENT and not browser.caller.principal.has(Capability.OPERATE):
        raise AppNotFound(vendor)
    return app


def _lacks(manifest: Manifest, can: frozenset[str]) -> str:
    """What the next grade asks for; nothing where there is no better one."""
    return next((f"{grade}: {', '.join(what)}" for grade, what in missing(manifest, can).items() if what), "")


def _ways(definition: Definition) -> Sequence[Way]:
    return [
        Way(
            method.title,
            [
                *(_taken_setting(field) for field in definition.configuration if field.name in method.configuration),
                *(_taken_secret(field) for field in definition.secrets if field.name in method.secrets),
            ],
        )
        for method in definition.auth_methods
    ]


def _settings(definition: Definition) -> Sequence[Taken]:
    """Those that belong to no way."""
    of_ways = {name for method in definition.auth_methods for name in method.configuration}
    return [_taken_setting(field) for field in definition.configuration if field.name not in of_ways]


def _taken_secret(field: SecretField) -> Taken:
    return Taken(field.title, field.help, "Secret: sealed, and never shown whole again.")


def _taken_setting(field: SettingField) -> Taken:
    notes = [f"One of {', '.join(field.options)}."] if field.options else []
    if field.needed_to_deliver:
        notes.append("Needed for items.")
    if field.destination:
        notes.append("It decides where secrets go: whoever changes it fills them in anew.")
    return Taken(field.title, field.help, " ".join(notes))


ROUTES: Final = [page_route(f"{PATH}/{{vendor}}", {"GET": show_one})]
