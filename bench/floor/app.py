"""The application: one function for each call, one statement in each (a save asks for its id before, as Jackfield)."""

import hmac
import os
import secrets
from typing import Any, Final

import asyncpg
import msgspec

from bench.floor import sql
from bench.floor.wire import AuthData, Got, Integration, Listed, Save, Saved, SavedIntegration, ScopeData
from bench.sealing import Seal
from jackfield.domain import ids
from jackfield.domain.text import identifier_from
from jackfield.web.dialects.integrations.schemas import TYPES

#: found by trying 4, 8, 16 and 32 on 2 cores
_POOL: Final = 16
#: planned once: PostgreSQL otherwise plans some of the statements anew each time, which makes a list half as dear again
_SETTINGS: Final = {"plan_cache_mode": "force_generic_plan"}
_MANAGE: Final = "hubs-integrations-manage"
_DEFAULTS: Final[dict[str, Any]] = {
    "instance_name": "",
    "created_via": "manual",
    "version": None,
    "description": None,
    "tags": [],
}
_ORGANISATION: Final = int(os.environ["BENCH_ORGANISATION"])
_PEPPER: Final = bytes.fromhex(os.environ["BENCH_PEPPER"])
_SEAL: Final = Seal(_ORGANISATION, int(os.environ["BENCH_DATA_KEY_ID"]), bytes.fromhex(os.environ["BENCH_DATA_KEY"]))

_encode: Final = msgspec.json.Encoder().encode
_auth: Final = msgspec.json.Decoder(AuthData).decode
_scope: Final = msgspec.json.Decoder(ScopeData).decode
_save: Final = msgspec.json.Decoder(Save).decode
_pool: asyncpg.Pool
_principals: dict[bytes, tuple[int, str, bool]] = {}


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        await _live(receive, send)
        return
    status, body, request_id = 200, b"{}", secrets.token_hex(12)
    headers = dict(scope["headers"])
    path = scope["path"]
    if path != "/readyz":
        key = headers.get(b"authorization", b"")[7:] or headers.get(b"x-api-key", b"")
        principal = _principals.get(hmac.digest(_PEPPER, key, "sha256"))
        if principal is None:
            status = 401
        elif scope["method"] == "POST":
            body = await save(await _body(receive), principal, scope["client"][0], request_id)
        elif path == "/api/v1/integrations/list":
            limit = int(scope["query_string"].rpartition(b"=")[2])
            body = await listed(limit, principal, scope["client"][0], request_id)
        else:
            body = await get(path.rpartition("/")[2], principal, scope["client"][0], request_id)
            status = 200 if body else 404
    answer = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(body)),
        (b"x-request-id", request_id.encode()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": answer})
    await send({"type": "http.response.body", "body": body})


async def get(path_id: str, principal: tuple[int, str, bool], address: str, request_id: str) -> bytes:
    key_id, user, manages = principal
    arguments = (_ORGANISATION, TYPES, ids.parse_uuid(path_id))
    if manages:
        records = await _pool.fetch(sql.GET_FOR_REVEAL, *arguments, key_id, user, address, request_id)
    else:
        records = await _pool.fetch(sql.GET, *arguments)
    return _encode(Got("success", _show(records[0], manages))) if records else b""


async def listed(limit: int, principal: tuple[int, str, bool], address: str, request_id: str) -> bytes:
    key_id, user, manages = principal
    arguments = (_ORGANISATION, TYPES, limit)
    if manages:
        records = await _pool.fetch(sql.LIST_FOR_REVEAL, *arguments, key_id, user, address, request_id)
    else:
        records = await _pool.fetch(sql.LIST, *arguments)
    shown = {one.integration_id: one for one in (_show(record, manages) for record in records)}
    return _encode(Listed("success", len(shown), shown))


async def save(sent: bytes, principal: tuple[int, str, bool], address: str, request_id: str) -> bytes:
    key_id, user, _ = principal
    new = _save(sent)
    metadata = _encode({**_DEFAULTS, **new.metadata}).decode()
    auth = {name: value for name, value in msgspec.structs.asdict(new.auth_data).items() if value is not None}
    configuration = {name: value for name, value in msgspec.structs.asdict(new.scope_data).items() if value is not None}
    async with _pool.acquire() as connection:
        number = await connection.fetchval(sql.RESERVE_ID)
        row = await connection.fetchrow(
            sql.CREATE,
            *(_ORGANISATION, number, new.integration_type, new.name, identifier_from(new.name, new.integration_type)),
            *(
                f"{new.integration_type}-{ids.to_uuid(number)}",
                _SEAL.seal(number, auth),
                _encode(configuration).decode(),
            ),
            *(metadata, new.status, new.active, user, key_id, address, request_id),
        )
    saved = SavedIntegration(
        integration_id=ids.to_uuid(row["id"]),
        name=row["name"],
        integration_type=row["provider"],
        status=row["status"],
        active=row["enabled"],
        unique_identifier=row["unique_identifier"],
        created_by=row["created_by"],
        created_at=row["created_at"].replace(tzinfo=None).isoformat(timespec="microseconds"),
        has_auth_data=bool(new.auth_data.access_token),
        has_scope_data=bool(new.scope_data.org_slug or new.scope_data.workspace_id),
        metadata=msgspec.Raw(row["metadata"].encode()),
    )
    return _encode(Saved(True, saved, None))


def _show(record: asyncpg.Record, manages: bool) -> Integration:
    number, provider, name, unique_identifier, sealed, scope, metadata, status, enabled, created_by, *times = record
    auth = _auth(_SEAL.open(number, sealed)) if sealed else AuthData()
    if not manages:
        auth = AuthData(token_type=auth.token_type, expires_at=auth.expires_at, scope=auth.scope)
    return Integration(
        *(ids.to_uuid(number), name, provider, auth, _scope(scope), msgspec.Raw(metadata.encode())),
        *(unique_identifier, created_by, status, enabled, *times),
    )


async def _body(receive: Any) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body += message["body"]
        more = message.get("more_body", False)
    return body


async def _live(receive: Any, send: Any) -> None:
    global _pool  # noqa: PLW0603  the floor has no application object to keep it in
    await receive()
    _pool = await asyncpg.create_pool(
        os.environ["BENCH_DSN"], min_size=_POOL, max_size=_POOL, reset=_keep_session, server_settings=_SETTINGS
    )
    for digest, key_id, user, capabilities in await _pool.fetch(sql.PRINCIPALS, _ORGANISATION):
        _principals[digest] = (key_id, user, _MANAGE in capabilities)
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await _pool.close()
    await send({"type": "lifespan.shutdown.complete"})


async def _keep_session(_: object) -> None:
    """Takes the place of the pool's reset query, which is worth 30 %."""
