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
    Meta(
        min_length=1,
        description="The address of a square picture, shown beside the app's name in the catalogue and on its install "
        "page. Browsers load it from there directly.",
        examples=["https://partner.example.com/icon.png"],
        extra_json_schema={"format": "uri"},
    ),
]
IdentifierPath = Annotated[str, Meta(min_length=1, max_length=LIMIT, examples=["account_name"])]


class CreatePlatformIntegration(Struct, kw_only=True):
    """What to register; null is the same as absent.

    configuration_fields: a JSON Schema (draft 2020-12) of the form that a tenant fills in. identifier_field_path: the
    JMESPath of the one of its fields by which people know an installation. error_codes: what the failure page says.
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
    """What to change. A member that is absent or null stays as it is; the parameter `clear` names what to remove."""

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
    """An app. Its id is OAuth's client_id."""

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
    """With the client_secret, which is shown here alone."""

    client_secret: Secret


class UpdateQuery(Struct, kw_only=True):
    """What to remove, beside what the body changes."""

    clear: Annotated[
        list[Clearable],
        Meta(
            description="Members to remove, so that they are null from now on. Repeat the parameter, or separate names "
            "with commas. A member cannot be set and cleared in the same call.",
            examples=[["contact", "icon_url"]],
        ),
    ] = []


class ReplaceSecretQuery(Struct, kw_only=True):
    """How long the old secret stays valid."""

    grace_seconds: Annotated[
        int,
        Meta(
            ge=0,
            le=int(LONGEST_SECRET_GRACE.total_seconds()),
            description="For how many seconds the old client secret is still accepted; 24 hours if absent. Use 0 when "
            "it has leaked.",
        ),
    ] = int(SECRET_GRACE.total_seconds())


class ReplacedClientSecret(Struct, kw_only=True):
    """The app's new client secret, which is shown here alone."""

    id: Annotated[str, Meta(pattern="^[a-f0-9]{24}$", description="The app's id, which is its `client_id`.")]
    client_secret: Annotated[str, Meta(pattern="^[a-f0-9]{64}$", description="The new client secret.")]
    previous_secret_expires: Annotated[
        Moment | None, Meta(description="When the old secret stops working; null if it no longer does.")
    ]


class ListQuery(Struct, kw_only=True):
    limit: Annotated[int, Meta(ge=1, le=100)] = 20
    cursor: str | UnsetType = UNSET


class PageMeta(Struct, kw_only=True):
    next_page_url: str | None


class PlatformIntegrationList(Struct, kw_only=True):
    data: list[PlatformIntegration]
    meta: PageMeta


class UpdateInstallation(Struct, kw_only=True):
    status: InstallationStatus


class Installation(Struct, kw_only=True):
    """An app in an organisation; configuration is what its administrator filled in."""

    id: Id
    platform_integration_id: Id
    created: Moment
    updated: Moment
    configuration: dict[str, Any]
    status: InstallationStatus


class TokenRequest(Struct, kw_only=True):
    """RFC 6749 §4.1.3 and §6; the client is told here or in HTTP Basic."""

    grant_type: Annotated[str, Meta(examples=["authorization_code", "refresh_token"])]
    code: str | UnsetType = UNSET
    refresh_token: str | UnsetType = UNSET
    scope: str | UnsetType = UNSET
    client_id: str | UnsetType = UNSET
    client_secret: str | UnsetType = UNSET


class TokenReference(Struct, kw_only=True):
    """RFC 7009 §2.1, RFC 7662 §2.1; the client is told here or in HTTP Basic."""

    token: str
    token_type_hint: str | UnsetType = UNSET
    client_id: str | UnsetType = UNSET
    client_secret: str | UnsetType = UNSET


class TokenAnswer(Struct, kw_only=True):
    """client_secret is the installation's own, the same at every refresh: it signs the uninstallation call."""

    access_token: str
    refresh_token: str
    token_type: Literal["Bearer"]
    expires_in: int
    scope: str
    client_secret: Secret


class Revoked(Struct, kw_only=True):
    """Nothing: whether there was such a token is not told."""


class Introspection(Struct, kw_only=True, omit_defaults=True):
    """RFC 7662 §2.2. Of a token that is not good, that alone."""

    active: bool
    scope: str | UnsetType = UNSET
    client_id: Id | UnsetType = UNSET
    token_type: Literal["Bearer", "refresh_token"] | UnsetType = UNSET
    exp: int | UnsetType = UNSET
    iat: int | UnsetType = UNSET
    sub: Id | UnsetType = UNSET
    iss: str | UnsetType = UNSET


class TokenSelf(Struct, kw_only=True):
    """Whose access token it is; client_handle is the handle of the organisation that installed."""

    platform_integration_installation_id: Id
    platform_integration_id: Id
    client_handle: str
    scopes: list[str]


class ServerMetadata(Struct, kw_only=True):
    """RFC 8414 §2."""

    issuer: str
    authorization_endpoint: Annotated[
        str,
        Meta(
            description="Where a browser begins to install an app: it takes `client_id`, `response_type=code` and, if "
            "you like, `redirect_uri`, `scope` and `state`."
        ),
    ]
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
    """details says where it is, such as `body $.name`, or nothing."""

    type: str
    message: str
    details: str | None


class ErrorAnswer(Struct, kw_only=True):
    errors: list[ErrorItem]


class OAuthErrorAnswer(Struct, kw_only=True):
    """RFC 6749 §5.2."""

    error: str
    error_description: str
