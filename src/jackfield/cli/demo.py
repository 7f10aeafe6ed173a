"""`jackfield demo`: the main job on real input, over real HTTP, in a service that stays."""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from typing import Annotated, Any, Final

import msgspec
import typer

from jackfield.bootstrap import House
from jackfield.cli.console import fail, in_house
from jackfield.domain.errors import NotFound
from jackfield.domain.principal import Origin
from jackfield.services.organisations import NewKey

_READY_SECONDS: Final = 60.0
_ORGANISATION: Final = "demo"
_SENTRY: Final[dict[str, Any]] = {
    "name": "Production Sentry",
    "integration_type": "sentry",
    "unique_identifier": "demo-sentry",
    "auth_data": {"access_token": "sntrys_demo_token_of_no_account", "scope": "org:read"},
    "scope_data": {"org_slug": "my-company"},
    "metadata": {"created_via": "demo", "tags": ["production"]},
}
_SEALED: Final = """
select encode(sealed_secrets, 'hex') from integration
where organisation_id = $1 and unique_identifier = 'demo-sentry' and state = 'new'
"""
#: talks to the service itself, whatever proxy the environment names
_http: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def demo(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8400,
    exit_: Annotated[bool, typer.Option("--exit", help="Stop the service at the end.")] = False,
) -> None:
    """Start the service, save and read a first integration, and leave it running."""
    base = f"http://{host}:{port}"
    typer.echo("Starting the service and its database ...")
    service = subprocess.Popen(
        [sys.executable, "-m", "jackfield", "serve", "--host", host, "--port", str(port)],
        # a line for every request would bury what the demo has to say
        env={"JACKFIELD_LOG_LEVEL": "warning", **os.environ},
    )
    # a stop from outside goes the way that Ctrl-C goes, so that the service is never left behind
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        _wait_until_ready(service, base)
        key = in_house(_make_key)
        _show_the_job(base, key)
        _show_what_next(base, key.secret)
        if not exit_:
            typer.echo("\nThe service is running. Ctrl-C stops it; `make run` starts it again with its data.")
            service.wait()
    except KeyboardInterrupt:
        pass
    finally:
        _stop(service)


def _wait_until_ready(service: "subprocess.Popen[bytes]", base: str) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline:
        if service.poll() is not None:
            fail("the service did not start; the reason stands above")
        try:
            with _http.open(f"{base}/readyz", timeout=2):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    fail(f"the service was not ready within {_READY_SECONDS:.0f} s")


async def _make_key(house: House, origin: Origin) -> NewKey:
    organisations = house.services.organisations
    try:
        await organisations.get(_ORGANISATION)
    except NotFound:
        await organisations.create(_ORGANISATION, origin)
    return await organisations.create_key(_ORGANISATION, "demo", (), None, origin)


def _show_the_job(base: str, key: NewKey) -> None:
    saved = _call("POST", f"{base}/api/v2/integrations/save", {"x-api-key": key.secret}, _SENTRY)["data"]
    typer.echo(f"\nSaved through v2:  {saved['name']} ({saved['integration_id']})")
    bearer = {"Authorization": f"Bearer {key.secret}"}
    read = _call("GET", f"{base}/api/v1/integrations/{saved['integration_id']}", bearer)["integration"]
    typer.echo(f"Read through v1:   {read['name']}, token {read['auth_data']['access_token'][:7]}..., in clear for you")
    listed = _call("GET", f"{base}/api/v1/integrations/list", bearer)
    typer.echo(f"Listed through v1: {listed['count']} integration(s)")

    async def sealed(house: House, _: Origin) -> str:
        return str((await house.database.fetch(_SEALED, key.organisation.id))[0][0])

    typer.echo(f"In the database:   {in_house(sealed)[:48]}... (sealed)")


def _show_what_next(base: str, secret: str) -> None:
    typer.echo(f"""
Your key:  {secret}
Try:
  curl {base}/api/v1/integrations/list -H 'Authorization: Bearer {secret}'
  curl {base}/api/v2/integrations/save -H 'x-api-key: {secret}' \\
    -H 'Content-Type: application/json' -d '{{"name":"My GitHub","integration_type":"github"}}'
Read:
  {base}/docs/""")


def _call(method: str, url: str, headers: dict[str, str], body: object = None) -> Any:
    data = None if body is None else msgspec.json.encode(body)
    request = urllib.request.Request(url, data, {**headers, "Content-Type": "application/json"}, method=method)  # noqa: S310  our own service
    with _http.open(request, timeout=10) as answer:
        return msgspec.json.decode(answer.read())


def _stop(service: "subprocess.Popen[bytes]") -> None:
    if service.poll() is None:
        service.terminate()
        service.wait()
