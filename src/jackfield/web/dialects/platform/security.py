"""How the platform contract's callers prove themselves: developers by a key, apps by a secret or an access token."""

import base64
import binascii
import hmac
from typing import Any
from urllib.parse import unquote_plus

from msgspec import UNSET
from starlette.requests import Request

from jackfield.domain.errors import Conflict, KeyMissing, NotFound
from jackfield.domain.oauth import Client, Holder, InvalidClient, MalformedTokenRequest, TokenMissing
from jackfield.domain.principal import Principal
from jackfield.services import Services
from jackfield.services.access import Access
from jackfield.web.dialects.platform.schemas import TokenReference, TokenRequest
from jackfield.web.security import bearer_key, by_bearer
from jackfield.web.tenant_address import TenantMismatch, is_handle, named_tenants, require_tenant


async def by_key(request: Request, access: Access) -> Principal:
    """A developer's key; where the address names an organisation, it has to be the key's own, else TenantMismatch."""
    principal = await by_bearer(request, access)
    services: Services = request.scope["state"]["services"]
    for handle in named_tenants(request):
        try:
            organisation = await services.organisations.get(handle)
        except (NotFound, Conflict):
            raise TenantMismatch from None
        if (organisation.id, organisation.handle) != (principal.organisation_id, handle):
            raise TenantMismatch
    return principal


async def by_access_token(request: Request, services: Services, _: Any) -> Holder:
    """An installation's token; the address may name the app's owner or the installer.

    Raises TokenMissing, TokenInvalid or TenantMismatch.
    """
    try:
        token = bearer_key(request)
    except KeyMissing:
        raise TokenMissing from None
    holder = await services.oauth_server.authenticate(token)
    require_tenant(request, holder.handle, holder.owner_handle)
    return holder


async def by_client(request: Request, services: Services, body: TokenRequest | TokenReference) -> Client:
    """An app by its secret, in the form or by HTTP Basic (RFC 6749 §2.3.1); the address may name its owner.

    Raises InvalidClient, MalformedTokenRequest for both ways at once, or TenantMismatch.
    """
    client = await services.oauth_server.authenticate_client(*_credentials(request, body))
    require_tenant(request, client.handle)
    return client


async def by_known_tenant(request: Request, services: Services, _: Any) -> None:
    """Anybody may call; the organisation that the address names has to exist, else NotFound."""
    for handle in named_tenants(request):
        await require_organisation(services, handle)


async def require_organisation(services: Services, handle: str) -> None:
    """Raises NotFound when no organisation has the handle."""
    try:
        known = is_handle(handle) and (await services.organisations.get(handle)).handle == handle
    except (NotFound, Conflict):
        known = False
    if not known:
        raise NotFound("Organisation", handle)


def _credentials(request: Request, body: TokenRequest | TokenReference) -> tuple[str, str]:
    header = request.headers.get("authorization")
    if header is None:
        if body.client_id is UNSET or body.client_secret is UNSET:
            raise InvalidClient
        return body.client_id, body.client_secret
    client_id, secret = _from_basic(header)
    if body.client_secret is not UNSET:
        raise MalformedTokenRequest("The client proves itself in the form or in the header, not in both")
    if body.client_id is not UNSET and not hmac.compare_digest(body.client_id.encode(), client_id.encode()):
        raise MalformedTokenRequest("The form and the header name different clients")
    return client_id, secret


def _from_basic(header: str) -> tuple[str, str]:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        raise InvalidClient
    try:
        client_id, colon, secret = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
        credentials = unquote_plus(client_id, errors="strict"), unquote_plus(secret, errors="strict")
    except (binascii.Error, ValueError):
        raise InvalidClient from None
    if not colon:
        raise InvalidClient
    return credentials
