"""The application: routes, dependencies, a session a request."""

import contextlib
import hmac
import os
import secrets
from collections.abc import AsyncIterator
from typing import Annotated, Final

import msgspec
from fastapi import Depends, FastAPI, Header, HTTPException, Request
from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from bench.conventional.models import ApiKey, AuditEntry, Integration
from bench.conventional.schemas import AuthData, Got, Listed, Metadata, Save, Saved, SavedIntegration, ScopeData
from bench.conventional.schemas import Integration as IntegrationOut
from bench.sealing import Seal
from jackfield.domain import ids
from jackfield.domain.text import identifier_from
from jackfield.web.dialects.integrations.schemas import TYPES

_MANAGE: Final = "hubs-integrations-manage"
_CREATED: Final = ["name", "unique_identifier", "secrets", "configuration", "metadata", "status", "enabled"]
_ORGANISATION: Final = int(os.environ["BENCH_ORGANISATION"])
_PEPPER: Final = bytes.fromhex(os.environ["BENCH_PEPPER"])
_SEAL: Final = Seal(_ORGANISATION, int(os.environ["BENCH_DATA_KEY_ID"]), bytes.fromhex(os.environ["BENCH_DATA_KEY"]))

_url = os.environ["BENCH_DSN"].replace("postgresql://", "postgresql+asyncpg://")
_engine = create_async_engine(_url, pool_size=16, max_overflow=16)
_sessions = async_sessionmaker(_engine, expire_on_commit=False)
_keys: dict[bytes, ApiKey] = {}


@contextlib.asynccontextmanager
async def _lifespan(_: FastAPI) -> AsyncIterator[None]:
    async with _sessions() as session:
        found = await session.scalars(select(ApiKey).where(ApiKey.organisation_id == _ORGANISATION))
        _keys.update({key.digest: key for key in found})
    yield
    await _engine.dispose()


app = FastAPI(lifespan=_lifespan)


async def open_session() -> AsyncIterator[AsyncSession]:
    async with _sessions() as session:
        yield session


async def bearer_key(authorization: Annotated[str, Header()] = "") -> ApiKey:
    return _known(authorization.removeprefix("Bearer "))


async def header_key(x_api_key: Annotated[str, Header()] = "") -> ApiKey:
    return _known(x_api_key)


Session = Annotated[AsyncSession, Depends(open_session)]
BearerKey = Annotated[ApiKey, Depends(bearer_key)]
HeaderKey = Annotated[ApiKey, Depends(header_key)]


@app.get("/readyz")
async def readyz() -> dict[str, str]:
    return {"status": "ready"}


@app.get("/api/v1/integrations/list")
async def list_integrations(request: Request, session: Session, key: BearerKey, limit: int = 20) -> Listed:
    found = (await session.scalars(_visible().order_by(Integration.id.desc()).limit(limit))).all()
    if found and _MANAGE in key.capabilities:
        session.add(_entry(request, key, "credential.revealed", [one.id for one in found], ["secrets"]))
        await session.commit()
    shown = {ids.to_uuid(one.id): _show(one, key) for one in found}
    return Listed(status="success", count=len(shown), integrations=shown)


@app.get("/api/v1/integrations/{integration_id}")
async def get_integration(integration_id: str, request: Request, session: Session, key: BearerKey) -> Got:
    found = await session.scalar(_visible().where(Integration.id == ids.parse_uuid(integration_id)))
    if found is None:
        raise HTTPException(404, f"Integration not found: {integration_id}")
    if _MANAGE in key.capabilities:
        session.add(_entry(request, key, "credential.revealed", [found.id], ["secrets"]))
        await session.commit()
    return Got(status="success", integration=_show(found, key))


@app.post("/api/v2/integrations/save")
async def save_integration(body: Save, request: Request, session: Session, key: HeaderKey) -> Saved:
    number: int = (await session.scalars(select(func.new_id()))).one()
    integration = Integration(
        organisation_id=_ORGANISATION,
        id=number,
        provider=body.integration_type,
        name=body.name,
        identifier=identifier_from(body.name, body.integration_type),
        unique_identifier=f"{body.integration_type}-{ids.to_uuid(number)}",
        sealed_secrets=_SEAL.seal(number, body.auth_data.model_dump(mode="json", exclude_none=True)),
        configuration=body.scope_data.model_dump(exclude_none=True),
        about=body.metadata.model_dump(),
        status=body.status,
        enabled=body.active,
        created_by=key.owner,
        creator_user=key.owner,
        creator_key_id=key.id,
    )
    session.add(integration)
    session.add(_entry(request, key, "integration.created", [number], _CREATED))
    await session.commit()
    saved = SavedIntegration(
        integration_id=ids.to_uuid(number),
        name=integration.name,
        integration_type=integration.provider,
        status=integration.status,
        active=integration.enabled,
        unique_identifier=integration.unique_identifier,
        created_by=integration.created_by,
        created_at=integration.created_at.replace(tzinfo=None).isoformat(timespec="microseconds"),
        has_auth_data=bool(body.auth_data.access_token),
        has_scope_data=bool(body.scope_data.org_slug or body.scope_data.workspace_id),
        metadata=Metadata.model_validate(integration.about),
    )
    return Saved(success=True, data=saved)


def _known(key: str) -> ApiKey:
    found = _keys.get(hmac.digest(_PEPPER, key.encode(), "sha256"))
    if found is None:
        raise HTTPException(401, "Invalid API key")
    return found


def _visible() -> Select[Integration]:
    visible = Integration.state.not_in(("deleting", "deleted"))
    return select(Integration).where(
        Integration.organisation_id == _ORGANISATION, visible, Integration.provider.in_(TYPES)
    )


def _entry(request: Request, key: ApiKey, action: str, subject_ids: list[int], fields: list[str]) -> AuditEntry:
    return AuditEntry(
        organisation_id=_ORGANISATION,
        action=action,
        key_id=key.id,
        actor=key.owner,
        address=request.client.host if request.client else "",
        request_id=secrets.token_hex(12),
        subject_ids=subject_ids,
        fields=fields,
    )


def _show(one: Integration, key: ApiKey) -> IntegrationOut:
    auth = AuthData.model_validate(
        msgspec.json.decode(_SEAL.open(one.id, one.sealed_secrets)) if one.sealed_secrets else {}
    )
    if _MANAGE not in key.capabilities:
        auth = AuthData(token_type=auth.token_type, expires_at=auth.expires_at, scope=auth.scope)
    return IntegrationOut(
        integration_id=ids.to_uuid(one.id),
        name=one.name,
        integration_type=one.provider,
        auth_data=auth,
        scope_data=ScopeData.model_validate(one.configuration),
        metadata=Metadata.model_validate(one.about),
        unique_identifier=one.unique_identifier,
        created_by=one.created_by,
        status=one.status,
        active=one.enabled,
        created_at=one.created_at,
        updated_at=one.updated_at,
    )
