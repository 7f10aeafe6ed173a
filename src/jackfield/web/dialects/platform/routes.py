"""The platform contract: developers register apps, and the apps' servers work with what was installed."""

from datetime import timedelta
from typing import Final
from urllib.parse import urlencode

from msgspec import UNSET

from jackfield.domain.installation import GRANTED
from jackfield.domain.oauth import Client, Holder, MalformedTokenRequest, UnsupportedGrantType
from jackfield.domain.principal import Capability
from jackfield.web.contract import Answer, Call, Dialect, Operation, ProvenCall
from jackfield.web.dialects.platform import errors, reference
from jackfield.web.dialects.platform.schemas import (
    CreatedPlatformIntegration,
    CreatePlatformIntegration,
    ErrorAnswer,
    Installation,
    Introspection,
    ListQuery,
    PageMeta,
    PlatformIntegration,
    PlatformIntegrationList,
    ReplacedClientSecret,
    ReplaceSecretQuery,
    Revoked,
    ServerMetadata,
    TokenAnswer,
    TokenReference,
    TokenRequest,
    TokenSelf,
    UpdateInstallation,
    UpdatePlatformIntegration,
    UpdateQuery,
)
from jackfield.web.dialects.platform.security import (
    by_access_token,
    by_client,
    by_key,
    by_known_tenant,
    require_organisation,
)
from jackfield.web.dialects.platform.translate import (
    from_cursor,
    show,
    show_created,
    show_facts,
    show_holder,
    show_installation,
    show_replaced_secret,
    show_tokens,
    to_changes,
    to_cursor,
    to_definition_id,
    to_fields,
)
from jackfield.web.pages.authorizing import PATH as AUTHORIZE
from jackfield.web.tenant_address import base_url, issuer_of

_APPS: Final = "/api/v2/platform-integrations"
_OAUTH: Final = "/api/platform_integrations/oauth"
_METADATA: Final = "/.well-known/oauth-authorization-server"
#: how the addresses begin that can stand behind a tenant, pages among them
AREAS: Final = (_APPS, "/api/platform_integrations/", _METADATA, "/platform/")
#: what is no path of the contract and no other contract's, and would be taken for one of it
_SURROUNDINGS: Final = ("/api/v2/", "/api/platform_integrations", "/tenants/")


async def create(call: Call[None, None]) -> CreatedPlatformIntegration:
    call.caller.require(Capability.MANAGE)
    fields = to_fields(call.sent, CreatePlatformIntegration, call.services.apps)
    return show_created(await call.services.apps.register(call.caller, fields))


async def list_(call: Call[None, ListQuery]) -> PlatformIntegrationList:
    page = await call.services.apps.list(call.caller, from_cursor(call.query.cursor), call.query.limit)
    url = None
    if page.next_before is not None:
        query = urlencode({"limit": call.query.limit, "cursor": to_cursor(page.next_before)})
        url = f"{base_url(call.request)}{_APPS}/?{query}"
    return PlatformIntegrationList(data=[show(app) for app in page.apps], meta=PageMeta(next_page_url=url))


async def update(call: Call[None, UpdateQuery]) -> PlatformIntegration:
    definition_id = to_definition_id(call.path["id"])
    await call.services.apps.check_updatable(call.caller, definition_id)
    fields = to_changes(call.sent, call.query.clear, call.services.apps)
    return show(await call.services.apps.update(call.caller, definition_id, fields))


async def replace_secret(call: Call[None, ReplaceSecretQuery]) -> ReplacedClientSecret:
    definition_id = to_definition_id(call.path["id"])
    grace = timedelta(seconds=call.query.grace_seconds)
    return show_replaced_secret(await call.services.apps.replace_secret(call.caller, definition_id, grace))


async def get_own_installation(call: ProvenCall[Holder, None]) -> Installation:
    return show_installation(await call.services.installations.read(call.proof, call.path["id"], call.origin))


async def update_installation(call: ProvenCall[Holder, UpdateInstallation]) -> Installation:
    changed = await call.services.installations.set_status(
        call.proof, call.path["id"], call.path["installation_id"], call.body.status, call.origin
    )
    return show_installation(changed)


async def issue_tokens(call: ProvenCall[Client, TokenRequest]) -> TokenAnswer:
    server, body = call.services.oauth_server, call.body
    match body.grant_type:
        case "authorization_code":
            if body.code is UNSET:
                raise MalformedTokenRequest("Missing: code")
            return show_tokens(await server.exchange(call.proof, body.code))
        case "refresh_token":
            if body.refresh_token is UNSET:
                raise MalformedTokenRequest("Missing: refresh_token")
            scopes = None if body.scope is UNSET else body.scope.split()
            return show_tokens(await server.refresh(call.proof, body.refresh_token, scopes))
    raise UnsupportedGrantType


async def revoke(call: ProvenCall[Client, TokenReference]) -> Revoked:
    await call.services.oauth_server.revoke(call.proof, call.body.token)
    return Revoked()


async def introspect(call: ProvenCall[Client, TokenReference]) -> Introspection:
    facts = await call.services.oauth_server.introspect(call.proof, call.body.token)
    return show_facts(facts, call.proof, issuer_of(call.request))


async def get_token_self(call: ProvenCall[Holder, None]) -> TokenSelf:
    return show_holder(call.proof)


async def get_metadata(call: ProvenCall[None, None]) -> ServerMetadata:
    return _metadata(issuer_of(call.request))


async def get_tenants_metadata(call: ProvenCall[None, None]) -> ServerMetadata:
    """RFC 8414 §3.1: of an issuer with a path, that stands behind the well-known part."""
    handle = call.path["handle"]
    await require_organisation(call.services, handle)
    issuer, behind = issuer_of(call.request), f"/tenants/{handle}"
    return _metadata(issuer if issuer.endswith(behind) else issuer + behind)


def _metadata(issuer: str) -> ServerMetadata:
    methods = ["client_secret_basic", "client_secret_post"]
    return ServerMetadata(
        issuer=issuer,
        authorization_endpoint=f"{issuer}{AUTHORIZE}",
        token_endpoint=f"{issuer}{_OAUTH}/token",
        revocation_endpoint=f"{issuer}{_OAUTH}/revoke",
        introspection_endpoint=f"{issuer}{_OAUTH}/introspect",
        response_types_supported=["code"],
        grant_types_supported=["authorization_code", "refresh_token"],
        token_endpoint_auth_methods_supported=methods,
        revocation_endpoint_auth_methods_supported=methods,
        introspection_endpoint_auth_methods_supported=methods,
        scopes_supported=list(GRANTED),
    )


_NOT_FOUND: Final = Answer("There is no such integration here.", ErrorAnswer)
_NO_TENANT: Final = Answer("There is no organisation of that handle.", ErrorAnswer)
_BY_CLIENT: Final = "Needs the app's `client_id` and `client_secret`, in the form or by HTTP Basic."

DIALECT: Final = Dialect(
    name="platform",
    title="Platform API",
    version="2.0.0",
    description=reference.DESCRIPTION,
    tags=reference.TAGS,
    path_parameters=reference.PATH_PARAMETERS,
    faults=(*reference.FAULTS, *reference.OAUTH_FAULTS),
    errors_text=reference.ERRORS_TEXT,
    prefix="",
    areas=(*AREAS, *_SURROUNDINGS),
    authenticate=by_key,
    security_scheme={
        "type": "http",
        "scheme": "bearer",
        "description": "An API key of the developer's organisation.",
    },
    other_schemes={
        errors.CLIENT: {"type": "http", "scheme": "basic", "description": "`client_id` and `client_secret` of an app."},
        "token": {"type": "http", "scheme": "bearer", "description": "An access token of an installation."},
    },
    shared_answers=errors.SHARED_ANSWERS,
    invalid_answers=errors.INVALID_ANSWERS,
    render=errors.render,
    operations=[
        Operation(
            name="createPlatformIntegration",
            method="POST",
            path=_APPS,
            summary="Register an app",
            description=(
                "The app is in development until the operator of this service approves it. Its `client_secret` "
                "is shown only in this answer."
            ),
            tag="Apps",
            handler=create,
            capability=Capability.MANAGE,
            failure="Failed to register the app",
            answers={
                200: Answer("The new app, with its client_secret.", CreatedPlatformIntegration),
                **errors.KEY_ANSWERS,
                **errors.BODY_ANSWERS,
            },
            body=CreatePlatformIntegration,
            lenient=True,
        ),
        Operation(
            name="listPlatformIntegrations",
            method="GET",
            path=_APPS,
            summary="List your organisation's apps",
            description="The newest come first.",
            tag="Apps",
            handler=list_,
            failure="Failed to list apps",
            answers={
                200: Answer("A page of apps.", PlatformIntegrationList),
                400: errors.INVALID,
                **errors.KEY_ANSWERS,
            },
            query=ListQuery,
        ),
        Operation(
            name="updatePlatformIntegration",
            method="PATCH",
            path=f"{_APPS}/{{id}}",
            summary="Change an app",
            description=(
                "Only an app that is in development can be changed. Members that are absent or null stay as they are; "
                "name what you want to remove in `clear`."
            ),
            tag="Apps",
            handler=update,
            capability=Capability.MANAGE,
            failure="Failed to update the app",
            answers={
                200: Answer("The app as it is now.", PlatformIntegration),
                404: _NOT_FOUND,
                **errors.KEY_ANSWERS,
                **errors.BODY_ANSWERS,
            },
            body=UpdatePlatformIntegration,
            query=UpdateQuery,
            lenient=True,
        ),
        Operation(
            name="replaceClientSecret",
            method="POST",
            path=f"{_APPS}/{{id}}/client-secret",
            summary="Replace an app's client secret",
            description="The old secret works for a while longer. Tokens stay valid. The new one is shown only here.",
            tag="Apps",
            handler=replace_secret,
            capability=Capability.MANAGE,
            failure="Failed to replace the client secret",
            headers=errors.NO_STORE,
            answers={
                200: Answer("The new client secret, shown only here.", ReplacedClientSecret),
                400: errors.INVALID,
                404: _NOT_FOUND,
                **errors.KEY_ANSWERS,
            },
            query=ReplaceSecretQuery,
        ),
        Operation(
            name="getOwnInstallation",
            method="GET",
            path=f"{_APPS}/{{id}}/installations/self",
            reveals=True,
            summary="Get the installation that the access token is for",
            description=(
                "Includes what the administrator filled in, secrets in clear. That is recorded in the audit log."
            ),
            tag="Installations",
            handler=get_own_installation,
            failure="Failed to get the installation",
            prove=by_access_token,
            scheme="token",
            needs="Needs an access token with the scope `platform_integration_installations:read`.",
            headers=errors.NO_STORE,
            answers={200: Answer("The installation.", Installation), 404: _NOT_FOUND, **errors.TOKEN_ANSWERS},
        ),
        Operation(
            name="updateInstallation",
            method="PATCH",
            path=f"{_APPS}/{{id}}/installations/{{installation_id}}",
            summary="Set whether an installation is complete",
            description="Call it when your server has finished its part.",
            tag="Installations",
            handler=update_installation,
            failure="Failed to update the installation",
            prove=by_access_token,
            scheme="token",
            needs="Needs an access token with the scope `platform_integration_installations:write`.",
            headers=errors.NO_STORE,
            answers={
                200: Answer("The installation as it is now.", Installation),
                404: _NOT_FOUND,
                **errors.TOKEN_ANSWERS,
                **errors.BODY_ANSWERS,
            },
            body=UpdateInstallation,
        ),
        Operation(
            name="issueTokens",
            method="POST",
            path=f"{_OAUTH}/token",
            summary="Get tokens for a code or a refresh token",
            description="RFC 6749. An access token works for one hour, a refresh token once, within 30 days.",
            tag="OAuth",
            handler=issue_tokens,
            failure="Failed to issue tokens",
            prove=by_client,
            scheme=errors.CLIENT,
            needs=_BY_CLIENT,
            form=True,
            headers=errors.NO_STORE,
            answers={200: Answer("The tokens.", TokenAnswer), **errors.OAUTH_ANSWERS},
            body=TokenRequest,
        ),
        Operation(
            name="revokeToken",
            method="POST",
            path=f"{_OAUTH}/revoke",
            summary="Revoke a token",
            description="RFC 7009. A refresh token is revoked together with every token that came of the same code.",
            tag="OAuth",
            handler=revoke,
            failure="Failed to revoke the token",
            prove=by_client,
            scheme=errors.CLIENT,
            needs=_BY_CLIENT,
            form=True,
            headers=errors.NO_STORE,
            answers={200: Answer("The token is good no more, if it ever was.", Revoked), **errors.OAUTH_ANSWERS},
            body=TokenReference,
        ),
        Operation(
            name="introspectToken",
            method="POST",
            path=f"{_OAUTH}/introspect",
            summary="Ask whether a token is valid",
            description="RFC 7662. Only tokens of the app that asks are told about.",
            tag="OAuth",
            handler=introspect,
            failure="Failed to introspect the token",
            prove=by_client,
            scheme=errors.CLIENT,
            needs=_BY_CLIENT,
            form=True,
            headers=errors.NO_STORE,
            answers={200: Answer("What the token is.", Introspection), **errors.OAUTH_ANSWERS},
            body=TokenReference,
        ),
        Operation(
            name="getTokenSelf",
            method="GET",
            path=f"{_OAUTH}/self",
            summary="Get what the access token is for",
            description="The installation, the app, the organisation that installed it, and the scopes.",
            tag="OAuth",
            handler=get_token_self,
            failure="Failed to get the token",
            prove=by_access_token,
            scheme="token",
            needs="Needs an access token.",
            headers=errors.NO_STORE,
            answers={200: Answer("Whose it is.", TokenSelf), **errors.TOKEN_ANSWERS},
        ),
        Operation(
            name="getAuthorizationServerMetadata",
            method="GET",
            path=_METADATA,
            summary="Get the metadata of the OAuth server",
            description="RFC 8414. Where its endpoints are, and what they support.",
            tag="OAuth",
            handler=get_metadata,
            failure="Failed to get the metadata",
            prove=by_known_tenant,
            needs="Anybody may call.",
            answers={200: Answer("The metadata.", ServerMetadata), 404: _NO_TENANT},
        ),
        Operation(
            name="getTenantAuthorizationServerMetadata",
            method="GET",
            path=f"{_METADATA}/tenants/{{handle}}",
            summary="Get what an organisation's OAuth server can do",
            description="The same for the issuer behind `/tenants/{handle}`, at the address of RFC 8414, section 3.1.",
            tag="OAuth",
            handler=get_tenants_metadata,
            failure="Failed to get the metadata",
            prove=by_known_tenant,
            needs="Anybody may call.",
            answers={200: Answer("The metadata.", ServerMetadata), 404: _NO_TENANT},
        ),
    ],
)
