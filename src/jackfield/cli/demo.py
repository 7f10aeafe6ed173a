"""`jackfield demo`: the main job on real input, over real HTTP, in a service that stays."""

import os
import signal
import subprocess
import sys
import time
import urllib.error
from pathlib import Path
from typing import Annotated, Final

import typer

from jackfield.bootstrap import Ground
from jackfield.cli.console import as_operator, fail
from jackfield.cli.demo_items import ItemTour
from jackfield.cli.demo_tour import Tour, http
from jackfield.cli.demo_vendors import DemoVendors, demo_vendors
from jackfield.domain.errors import NotFound
from jackfield.domain.principal import Origin
from jackfield.services.console_links import MadeLink
from jackfield.services.organisations import NewKey

_READY_SECONDS: Final = 60.0
_ORGANISATION: Final = "demo"
_SEALED: Final = """
select encode(sealed_secrets, 'hex') from integration
where organisation_id = $1 and unique_identifier = 'demo-sentry' and state = 'new'
"""


def demo(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8400,
    exit_: Annotated[bool, typer.Option("--exit", help="Stop the service at the end.")] = False,
    github_token: Annotated[
        str | None, typer.Option(envvar="JACKFIELD_DEMO_GITHUB_TOKEN", help="Connect GitHub itself with this token.")
    ] = None,
    github_repository: Annotated[
        str | None,
        typer.Option(
            envvar="JACKFIELD_DEMO_GITHUB_REPOSITORY", help="A repository of it, owner/name, to open an issue in."
        ),
    ] = None,
    emulator: Annotated[
        Path | None,
        typer.Option(envvar="JACKFIELD_DEMO_EMULATOR", help="The npm package `emulate`'s program, in place of GitHub."),
    ] = None,
) -> None:
    """Start the service; connect, break and mend integrations; bring an item to vendors; and leave it running."""
    # a stop from outside goes the way that Ctrl-C goes, so that the service is never left behind
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with demo_vendors(github_token, github_repository, emulator) as vendors:
            _run(f"http://{host}:{port}", ["--host", host, "--port", str(port)], vendors, stay=not exit_)
    except KeyboardInterrupt:
        pass


def _run(base: str, where: list[str], vendors: DemoVendors, *, stay: bool) -> None:
    typer.echo("Starting the service and its database ...")
    # a line for every request would bury what the demo has to say
    environment = {"JACKFIELD_LOG_LEVEL": "warning", **os.environ}
    if vendors.api_url is not None:
        environment["JACKFIELD_PROVIDERS__GITHUB__API_URL"] = vendors.api_url
    if vendors.slack_url is not None:
        environment["JACKFIELD_PROVIDERS__SLACK__API_URL"] = f"{vendors.slack_url}/api"
    service = subprocess.Popen([sys.executable, "-m", "jackfield", "serve", *where], env=environment)
    try:
        _wait_until_ready(service, base)
        key = as_operator(_make_key)
        tour = Tour(base, key.secret)
        tour.save_and_read()
        _show_sealed(key)
        tour.connect_break_and_mend(vendors)
        ItemTour(tour, vendors).bring_an_item()
        _show_what_next(base, key.secret, as_operator(_make_link).path)
        if stay:
            typer.echo("\nThe service is running. Ctrl-C stops it; `make run` starts it again with its data.")
            service.wait()
    finally:
        _stop(service)


def _wait_until_ready(service: "subprocess.Popen[bytes]", base: str) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline:
        if service.poll() is not None:
            fail("the service did not start; the reason stands above")
        try:
            with http.open(f"{base}/readyz", timeout=2):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    fail(f"the service was not ready within {_READY_SECONDS:.0f} s")


async def _make_key(ground: Ground, origin: Origin) -> NewKey:
    organisations = ground.organisations
    try:
        await organisations.get(_ORGANISATION)
    except NotFound:
        await organisations.create(_ORGANISATION, origin)
    return await organisations.create_key(_ORGANISATION, "demo", (), None, origin)


async def _make_link(ground: Ground, origin: Origin) -> MadeLink:
    return await ground.console_links.create(_ORGANISATION, "demo", (), origin, is_operator=True)


def _show_sealed(key: NewKey) -> None:
    async def sealed(ground: Ground, _: Origin) -> str:
        return str((await ground.database.fetch(_SEALED, key.organisation.id))[0][0])

    typer.echo(f"In the database:   {as_operator(sealed)[:48]}... (sealed)")


def _show_what_next(base: str, secret: str, link: str) -> None:
    typer.echo(f"""
Your key:  {secret}
Console:   {base}{link}
           (signs you in once, within ten minutes; afterwards with the key, or a link of `jackfield console-link`)
Try:
  curl {base}/v1/hubs/current/integrations/available -H 'Authorization: Bearer {secret}'
  curl {base}/api/v1/integrations/list -H 'Authorization: Bearer {secret}'
  curl {base}/api/v2/integrations/save -H 'x-api-key: {secret}' \\
    -H 'Content-Type: application/json' -d '{{"name":"My GitHub","integration_type":"github"}}'
Read:
  {base}/docs/""")


def _stop(service: "subprocess.Popen[bytes]") -> None:
    if service.poll() is None:
        service.terminate()
        service.wait()
