"""Takes the pictures of the console that the documents show: `make screenshots`.

A service as it ships, with the data of support/showroom.py, looked at in a real browser, light and dark, as wide as a
desktop and as a phone.
"""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from playwright.sync_api import sync_playwright

from jackfield.providers._registry import provider_classes
from jackfield.storage.embedded import EmbeddedServer
from jackfield.vault import generate_master_key
from support.checked_tenant import CheckedTenant
from support.chromium import ARGUMENTS, Tab
from support.operator import Operator
from support.service import free_port, start_service
from support.showroom import PAGES, Showroom, furnish
from support.vendor_server import VendorServer
from support.visitor import make_link

IMAGES: Final = Path(__file__).parent.parent / "docs" / "images"
WIDTHS: Final = {"desktop": 1280, "phone": 390}
SCHEMES: Final = ("light", "dark")


@contextmanager
def showroom() -> Iterator[tuple[Showroom, str, str]]:
    """The furnished organisation, the service's address, and the path of a link that signs its operator in."""
    with tempfile.TemporaryDirectory() as directory, VendorServer.start() as vendors:
        server = EmbeddedServer(Path(directory) / "database")
        server.open()
        try:
            addresses = {f"JACKFIELD_PROVIDERS__{slug.upper()}__API_URL": vendors.url for slug in provider_classes()}
            with Operator.database(server.dsn, "showroom") as dsn:
                environment = {
                    "JACKFIELD_DATABASE_URL": dsn,
                    "JACKFIELD_MASTER_KEYS": generate_master_key(),
                    **addresses,
                }
                with (
                    Operator.open(environment) as operator,
                    start_service(environment, Path(directory) / "service.log", free_port()) as service,
                ):
                    organisation = operator.create_organisation("Northwind Rail")
                    tenant = CheckedTenant(operator, service, organisation, "alice", operator.create_key(organisation))
                    room = furnish(tenant, vendors)
                    yield room, service.url, make_link(operator, tenant.organisation.handle, is_operator=True)
        finally:
            server.close()


def main(directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        sys.exit("no Chromium on this machine (Debian: apt-get install chromium)")
    with showroom() as (room, url, link), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        tab = Tab(browser, base_url=url, reduced_motion="reduce")
        tab.page.goto(link)
        tab.page.get_by_role("button", name="Sign in").click()
        for name, page in PAGES.items():
            path = room.address(page)
            tab.page.goto(path)
            for scheme in SCHEMES:
                for device, width in WIDTHS.items():
                    tab.look(scheme, width, directory / f"{name}-{device}-{scheme}.png")
            print(f"{name}: {path}")
        browser.close()
    if tab.complaints:
        sys.exit("the browser complained:\n" + "\n".join(tab.complaints))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else IMAGES)
