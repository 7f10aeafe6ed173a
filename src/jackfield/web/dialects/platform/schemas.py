"""The wire objects of the platform contract."""

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from jackfield.domain.app import LONGEST_SECRET_GRACE, SECRET_GRACE, AppStatus
from jackfield.domain.identifier_path import LIMIT
from jackfield.domain.installation import InstallationStatus
from jackfield.domain.provider import Category

Id = Annotated[str, Meta(pattern="^[a-f0-9]{24}$")]
Moment = Annotated[str, Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00$")]
Secret = Annotated[str, Meta(pattern="^[a-f0-9]{64}$")]
#: members of an app that it can do without
Clearable = Literal[
    "author",
    "call_to_action",
    "configuration_fields",
    "contact",
    "description",
    "error_codes",
    "icon_url",
    "name",
    "oauth_callback_url",
    "scopes",
    "tags",
    "uninstallation_url",
]
Title = Annotated[str, Meta(min_length=1, max_length=160)]
Text = Annotated[str, Meta(min_length=1)]
Url = Annotated[str, Meta(min_length=1, extra_json_schema={"format": "uri"})]
IconUrl = Annotated[
    str,
    Meta(min_length=1, extra_json_schema={"format": "uri"}, examples=["https://partner.example.com/icon.png"]),
]
IdentifierPath = Annotated[str, Meta(min_length=1, max_length=LIMIT, examples=["account_name"])]


class CreatePlatformIntegration(Struct, kw_only=True):
    """The app to register. A member that is null counts as not sent.

    Attributes:
        identifier_field_path: Which field of the form people know an installation by, as a JMESPath.
        author: Who makes the app.
        call_to_action: What the button to install says.
        configuration_fields: The form that an administrator fills in to install the app, as a JSON Schema (draft
            2020-12).
        contact: How to reach the author.
        description: What the app does.
        error_codes: What the error page says, by the error code that your server sends.
        icon_url: The address of a square picture, shown beside the name. Browsers load it from there.
        name: What people call the app.
        oauth_callback_url: Where the administrator's browser is sent with an authorisation code.
        scopes: What installations may do, as OAuth scopes.
        tags: What the app is for.
        uninstallation_url: The address that is called when an installation is removed.
    """

    identifier_field_path: IdentifierPath
    author: Title | None = None
    call_to_action: Text | None = None
    configuration_fields: dict[str, Any] | None = None
    contact: Text | None = None
    description: Text | None = None
    error_codes: dict[str, str] | None = None
    icon_url: IconUrl | None = None
    name: Title | None = None
    oauth_callback_url: Url | None = None
    scopes: list[str] | None = None
    tags: list[Category] | None = None
    uninstallation_url: Url | None = None


class UpdatePlatformIntegration(Struct, kw_only=True):
    """What to change. Members that are absent or null keep their value; the parameter `clear` removes them.

    Attributes:
        identifier_field_path: Which field of the form people know an installation by, as a JMESPath.
        author: Who makes the app.
        call_to_action: What the button to install says.
        configuration_fields: The form that an administrator fills in to install the app, as a JSON Schema (draft
            2020-12).
        contact: How to reach the author.
        description: What the app does.
        error_codes: What the error page says, by the error code that your server sends.
        icon_url: The address of a square picture, shown beside the name. Browsers load it from there.
        name: What people call the app.
        oauth_callback_url: Where the administrator's browser is sent with an authorisation code.
        scopes: What installations may do, as OAuth scopes.
        tags: What the app is for.
        uninstallation_url: The address that is called when an installation is removed.
    """

    identifier_field_path: IdentifierPath | None | UnsetType = UNSET
    author: Title | None | UnsetType = UNSET
    call_to_action: Text | None | UnsetType = UNSET
    configuration_fields: dict[str, Any] | None | UnsetType = UNSET
    contact: Text | None | UnsetType = UNSET
    description: Text | None | UnsetType = UNSET
    error_codes: dict[str, str] | None | UnsetType = UNSET
    icon_url: IconUrl | None | UnsetType = UNSET
    name: Title | None | UnsetType = UNSET
    oauth_callback_url: Url | None | UnsetType = UNSET
    scopes: list[str] | None | UnsetType = UNSET
    tags: list[Category] | None | UnsetType = UNSET
    uninstallation_url: Url | None | UnsetType = UNSET


class PlatformIntegration(Struct, kw_only=True):
    """An app.

    Attributes:
        id: Identifies the app. It is also its OAuth `client_id`.
        status: Whether it can be installed.
        created: When it was registered.
        updated: When it was last changed.
        identifier_field_path: Which field of the form people know an installation by, as a JMESPath.
        author: Who makes the app. Null if it is not set.
        call_to_action: What the button to install says. Null if it is not set.
        configuration_fields: The form that an administrator fills in, as a JSON Schema. Null if there is none.
        contact: How to reach the author. Null if it is not set.
        description: What the app does. Null if it is not set.
        error_codes: What the error page says, by error code. Null if it is not set.
        icon_url: The address of the app's icon. Null if it is not set.
        name: What people call the app. Null if it is not set.
        oauth_callback_url: Where the administrator's browser is sent with a code. Null if it is not set.
        scopes: What installations may do. Null if it is not set.
        tags: What the app is for. Null if it is not set.
        uninstallation_url: The address that is called when an installation is removed. Null if it is not set.
    """

    id: Id
    status: AppStatus
    created: Moment
    updated: Moment
    identifier_field_path: str
    author: str | None
    call_to_action: str | None
    configuration_fields: dict[str, Any] | None
    contact: str | None
    description: str | None
    error_codes: dict[str, str] | None
    icon_url: str | None
    name: str | None
    oauth_callback_url: str | None
    scopes: list[str] | None
    tags: list[str] | None
    uninstallation_url: str | None


class CreatedPlatformIntegration(PlatformIntegration, kw_only=True):
    """The new app, with its secret.

    Attributes:
        client_secret: The app's OAuth client secret. Store it now: it is shown only here.
    """

    client_secret: Secret


class UpdateQuery(Struct, kw_only=True):
    """What to remove, beside what the body changes.

    Attributes:
        clear: Members to remove, so that they become null. Repeat the parameter, or separate names with commas.
            A member can't be set and removed in the same call.
    """

    clear: Annotated[list[Clearable], Meta(examples=[["contact", "icon_url"]])] = []


class ReplaceSecretQuery(Struct, kw_only=True):
    """How long the old client secret stays valid.

    Attributes:
        grace_seconds: For how many seconds the old client secret is still accepted: 24 hours if absent, at most 7 days.
            Use 0 when it has leaked.
    """

    grace_seconds: Annotated[int, Meta(ge=0, le=int(LONGEST_SECRET_GRACE.total_seconds()))] = int(
        SECRET_GRACE.total_seconds()
    )


class ReplacedClientSecret(Struct, kw_only=True):
    """The app's new client secret. It is shown only here.

    Attributes:
        id: The app's id, which is its `client_id`.
        client_secret: The new client secret.
        previous_secret_expires: When the old client secret stops working; null if it no longer works.
    """

    id: Id
    client_secret: Secret
    previous_secret_expires: Moment | None


class ListQuery(Struct, kw_only=True):
    """Which apps to list.

    Attributes:
        limit: How many apps a page has.
        cursor: Where to go on. Take it from `meta.next_page_url`. Absent: the first page.
    """

    limit: Annotated[int, Meta(ge=1, le=100)] = 20
    cursor: str | UnsetType = UNSET


class PageMeta(Struct, kw_only=True):
    """About the page.

    Attributes:
        next_page_url: The address of the next page. Null on the last page.
    """

    next_page_url: str | None


class PlatformIntegrationList(Struct, kw_only=True):
    """A page of apps.

    Attributes:
        data: The apps, newest first.
        meta: About the page.
    """

    data: list[PlatformIntegration]
    meta: PageMeta


class UpdateInstallation(Struct, kw_only=True):
    """What to change.

    Attributes:
        status: `complete` when your server has finished its part; `incomplete` until then.
    """

    status: InstallationStatus


class Installation(Struct, kw_only=True):
    """An app that an organisation installed.

    Attributes:
        id: Identifies the installation.
        platform_integration_id: The app.
        created: When it was installed.
        updated: When it was last changed.
        configuration: What the administrator filled in, secrets in clear.
        status: Whether your server has finished its part.
    """

    id: Id
    platform_integration_id: Id
    created: Moment
    updated: Moment
    configuration: dict[str, Any]
    status: InstallationStatus


class TokenRequest(Struct, kw_only=True):
    """What to get tokens for (RFC 6749, sections 4.1.3 and 6). The app authenticates here or by HTTP Basic.

    Attributes:
        grant_type: `authorization_code` exchanges a code, `refresh_token` gets new tokens for old ones.
        code: The authorisation code. Required with `authorization_code`.
        refresh_token: The refresh token. Required with `refresh_token`.
        scope: The scopes to keep when refreshing, divided by spaces. Absent: all of them.
        client_id: The id of the app. Absent with HTTP Basic.
        client_secret: The secret of the app. Absent with HTTP Basic.
    """

    grant_type: Annotated[str, Meta(examples=["authorization_code", "refresh_token"])]
    code: str | UnsetType = UNSET
    refresh_token: str | UnsetType = UNSET
    scope: str | UnsetType = UNSET
    client_id: str | UnsetType = UNSET
    client_secret: str | UnsetType = UNSET


class TokenReference(Struct, kw_only=True):
    """The token that the call is about (RFC 7009, section 2.1 and RFC 7662, section 2.1).

    The app authenticates here or by HTTP Basic.

    Attributes:
        token: The access token or refresh token.
        token_type_hint: What kind of token it is. It is not needed.
        client_id: The id of the app. Absent with HTTP Basic.
        client_secret: The secret of the app. Absent with HTTP Basic.
    """

    token: str
    token_type_hint: str | UnsetType = UNSET
    client_id: str | UnsetType = UNSET
    client_secret: str | UnsetType = UNSET


class TokenAnswer(Struct, kw_only=True):
    """The tokens of an installation.

    Attributes:
        access_token: The token to call this API with.
        refresh_token: The token to get new tokens with. It works once.
        token_type: How to send the access token.
        expires_in: In how many seconds the access token expires.
        scope: What the access token allows, divided by spaces.
        client_secret: The secret of the installation, which signs the call to `uninstallation_url`. It is the same at
            every refresh.
    """

    access_token: str
    refresh_token: str
    token_type: Literal["Bearer"]
    expires_in: int
    scope: str
    client_secret: Secret


class Revoked(Struct, kw_only=True):
    """An empty object. Whether there was such a token is not told."""


class Introspection(Struct, kw_only=True, omit_defaults=True):
    """What a token is (RFC 7662, section 2.2). For a token that is not valid, only `active` is there.

    Attributes:
        active: Whether the token is valid.
        scope: What the token allows, divided by spaces.
        client_id: The app that the token was given to.
        token_type: The kind of token.
        exp: When it expires, in seconds since 1970.
        iat: When it was issued, in seconds since 1970.
        sub: The installation that it is for.
        iss: The server that issued it.
    """

    active: bool
    scope: str | UnsetType = UNSET
    client_id: Id | UnsetType = UNSET
    token_type: Literal["Bearer", "refresh_token"] | UnsetType = UNSET
    exp: int | UnsetType = UNSET
    iat: int | UnsetType = UNSET
    sub: Id | UnsetType = UNSET
    iss: str | UnsetType = UNSET


class TokenSelf(Struct, kw_only=True):
    """What the access token is for.

    Attributes:
        platform_integration_installation_id: The installation.
        platform_integration_id: The app.
        client_handle: The handle of the organisation that installed the app.
        scopes: What the token allows.
    """

    platform_integration_installation_id: Id
    platform_integration_id: Id
    client_handle: str
    scopes: list[str]


class ServerMetadata(Struct, kw_only=True):
    """What this OAuth server can do, and where (RFC 8414, section 2).

    Attributes:
        issuer: The server's own address.
        authorization_endpoint: Where a browser begins to install an app. It takes `client_id` and `response_type=code`,
            and optionally `redirect_uri`, `scope` and `state`.
        token_endpoint: Where to get tokens.
        revocation_endpoint: Where to revoke tokens.
        introspection_endpoint: Where to ask about tokens.
        response_types_supported: The response types that there are.
        grant_types_supported: The grant types that there are.
        token_endpoint_auth_methods_supported: How apps authenticate to get tokens.
        revocation_endpoint_auth_methods_supported: How apps authenticate to revoke tokens.
        introspection_endpoint_auth_methods_supported: How apps authenticate to ask about tokens.
        scopes_supported: The scopes that there are.
    """

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    revocation_endpoint: str
    introspection_endpoint: str
    response_types_supported: list[str]
    grant_types_supported: list[str]
    token_endpoint_auth_methods_supported: list[str]
    revocation_endpoint_auth_methods_supported: list[str]
    introspection_endpoint_auth_methods_supported: list[str]
    scopes_supported: list[str]


class ErrorItem(Struct, kw_only=True):
    """One thing that went wrong.

    Attributes:
        type: The error code, for programs.
        message: What went wrong, for people.
        details: Where it is, such as `body $.name`. Null if it is about the call as a whole.
    """

    type: str
    message: str
    details: str | None


class ErrorAnswer(Struct, kw_only=True):
    """Everything that went wrong.

    Attributes:
        errors: The problems, in the order of the members.
    """

    errors: list[ErrorItem]


class OAuthErrorAnswer(Struct, kw_only=True):
    """Why an OAuth call was refused (RFC 6749, section 5.2).

    Attributes:
        error: The error code, for programs.
        error_description: What went wrong, for people.
    """

    error: str
    error_description: str
