"""The integration that an address names, and the address of one."""

from typing import Final

from jackfield.domain import ids
from jackfield.domain.integration import IntegrationNotFound, Wanted
from jackfield.web.pages.browser import Browser
from jackfield.web.pages.routing import INTEGRATIONS

PATH: Final = INTEGRATIONS
ONE: Final = f"{PATH}/{{id}}"


def wanted_by(browser: Browser) -> Wanted:
    """Raises IntegrationNotFound for what is no id."""
    return wanted_of(browser.request.path_params["id"])


def wanted_of(reference: str) -> Wanted:
    """Raises IntegrationNotFound for what is no id."""
    try:
        return Wanted(ids.parse_hex(reference), reference)
    except ids.MalformedId:
        raise IntegrationNotFound(reference) from None


def address_of(integration_id: int) -> str:
    return f"{PATH}/{ids.to_hex(integration_id)}"
