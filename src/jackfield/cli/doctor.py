"""`jackfield doctor`: what would keep the service from working, and what to do about it."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Final

import msgspec
import typer

from jackfield.bootstrap import House, open_house
from jackfield.cli.console import Json, command_settings, print_json
from jackfield.domain.errors import JackfieldError
from jackfield.domain.provider import ProviderError
from jackfield.master_key_file import MasterKeyFile
from jackfield.settings import Settings
from jackfield.storage.embedded import EmbeddedServer

#: more than this apart, expiry times are judged wrongly
_CLOCK_SECONDS: Final = 5.0


class Finding(msgspec.Struct, frozen=True):
    check: str
    ok: bool
    message: str


def doctor(json: Json = False) -> None:
    """Check database, keys, vendors and clock. Exit status 1, with reasons, if anything is wrong."""
    settings = command_settings()
    findings = asyncio.run(_examine(settings))
    if json:
        print_json(findings)
    for finding in [] if json else findings:
        typer.echo(f"{'ok  ' if finding.ok else 'FAIL'}  {finding.check:<9} {finding.message}")
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


async def _examine(settings: Settings) -> list[Finding]:
    if settings.database_url is None and not EmbeddedServer(settings.data_dir.absolute()).cluster_exists:
        where = settings.data_dir.absolute()
        return [Finding("database", False, f"There is none under {where} yet: `jackfield serve` makes it")]
    try:
        async with open_house(settings) as house:
            return [finding async for finding in _inside(settings, house)]
    except JackfieldError as error:
        return [Finding(error.kind.value, False, str(error))]


async def _inside(settings: Settings, house: House) -> AsyncIterator[Finding]:
    started = time.perf_counter()
    version, clock = (await house.database.fetch("select version(), clock_timestamp()"))[0]
    milliseconds = (time.perf_counter() - started) * 1000
    yield Finding("database", True, f"{version.split(' on ')[0]}, answers in {milliseconds:.1f} ms, schema current")
    yield _keys(settings, house)
    yield await _egress(settings, house)
    apart = abs((datetime.now(UTC) - clock).total_seconds())
    advice = "" if apart <= _CLOCK_SECONDS else ": set both by NTP, expiry times are judged wrongly"
    yield Finding("clock", apart <= _CLOCK_SECONDS, f"{apart:.1f} s from the database's{advice}")


async def _egress(settings: Settings, house: House) -> Finding:
    """Whether the vendors that the operator placed somewhere can be reached; others are reached when they are used."""
    placed = [
        (slug, url)
        for slug, one in settings.providers.items()
        for url in (one.base_url, one.api_url, one.auth_url)
        if url
    ]
    problems = []
    for slug, url in placed:
        try:
            await house.http.request(slug, "GET", url, placed=True)
        except ProviderError as error:
            problems.append(f"{slug}: {error}")
    if problems:
        return Finding("egress", False, "; ".join(problems))
    allowed = ", ".join(map(str, settings.egress_allow)) or "none"
    return Finding("egress", True, f"{len(placed)} vendor(s) placed by you answer; private networks allowed: {allowed}")


def _keys(settings: Settings, house: House) -> Finding:
    newest = house.master_keys.newest_id
    if settings.master_keys is None:
        file = MasterKeyFile(settings.data_dir.absolute() / "master.keys")
        if not file.is_private:
            return Finding("keys", False, f"{file.path} can be read by others: chmod 600 it")
    return Finding("keys", True, f"the master key {newest} opens the vault")
