"""The operator's settings: environment variables JACKFIELD_*, read once. Nobody below the roof imports this."""

import ipaddress
import re
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

import msgspec
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from jackfield.domain.errors import Misconfigured
from jackfield.domain.principal import Capability

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_THIS_MACHINE: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_URL = re.compile(r"https?://[^\s/?#@]+(/[^\s?#]*)?")
_DOMAIN = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
_ORIGIN = re.compile(r"https?://[A-Za-z0-9.\-:\[\]]+")


class ProviderSettings(BaseModel):
    """What the operator sets for one provider."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    base_url: str | None = None
    api_url: str | None = None
    auth_url: str | None = None
    client_id: str | None = None
    client_secret: SecretStr | None = None
    webhook_secret: SecretStr | None = None

    @field_validator("base_url", "api_url", "auth_url")
    @classmethod
    def _check_url(cls, value: str | None) -> str | None:
        if value is not None and not _URL.fullmatch(value):
            raise ValueError("must be an address such as https://vendor.example.com")
        return value and value.rstrip("/")

    @model_validator(mode="after")
    def _check_registration(self) -> "ProviderSettings":
        if (self.client_id is None) != (self.client_secret is None):
            raise ValueError("CLIENT_ID and CLIENT_SECRET belong together: set both, or neither")
        return self


class OidcSettings(BaseModel):
    """The OpenID provider by which people sign in to the console, and what its roles give them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    issuer: str
    client_id: str = Field(min_length=1)
    client_secret: SecretStr = Field(min_length=1)
    organisation: str | None = None
    organisation_claim: str | None = None
    scopes: Annotated[tuple[str, ...], NoDecode] = ("openid", "profile", "email")
    roles_claim: str = "roles"
    roles: Annotated[dict[str, tuple[str, ...]], NoDecode]
    label: str = Field(default="single sign-on", max_length=60)

    @field_validator("issuer")
    @classmethod
    def _check_issuer(cls, value: str) -> str:
        # as it is, a slash at its end included: it is compared with what the provider calls itself
        if not _URL.fullmatch(value) or not (value.startswith("https://") or urlsplit(value).hostname in _THIS_MACHINE):
            raise ValueError("must be an address such as https://login.example.com, with TLS unless on this machine")
        return value

    @field_validator("scopes", mode="before")
    @classmethod
    def _split_scopes(cls, value: object) -> object:
        scopes = tuple(value.split()) if isinstance(value, str) else value
        if isinstance(scopes, tuple) and "openid" not in scopes:
            raise ValueError("must have openid among them, separated by blanks")
        return scopes

    @field_validator("roles", mode="before")
    @classmethod
    def _read_roles(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        try:
            return msgspec.json.decode(value, type=dict[str, tuple[str, ...]])
        except msgspec.MsgspecError:
            raise ValueError('must be JSON such as {"admins": ["hubs-integrations-view"]}') from None

    @field_validator("roles")
    @classmethod
    def _check_roles(cls, value: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        if not value or not {one for given in value.values() for one in given} <= set(Capability):
            raise ValueError(f"must give each role some of the capabilities {', '.join(Capability)}")
        return value

    @model_validator(mode="after")
    def _check_organisation(self) -> "OidcSettings":
        if (self.organisation is None) == (self.organisation_claim is None):
            raise ValueError("set ORGANISATION or ORGANISATION_CLAIM, one of them")
        return self


class Settings(BaseSettings):
    """Every setting, with its default. docs/settings.md says what each means (a test compares the two)."""

    model_config = SettingsConfigDict(
        env_prefix="JACKFIELD_", env_nested_delimiter="__", frozen=True, extra="ignore", env_ignore_empty=True
    )

    database_url: SecretStr | None = Field(
        default=None,
        description="A PostgreSQL of yours (`postgresql://...`). Unset: the embedded one.",
    )
    database_pool_size: int = Field(
        default=8, ge=2, le=100, description="The most database connections of one serving process."
    )
    data_dir: Path = Field(default=Path(".jackfield"), description="Where the embedded database and the key file live.")
    master_keys: SecretStr | None = Field(
        default=None,
        description="`id:base64 of 32 bytes`, several separated by commas, newest first. Unset with the embedded "
        "database: the file `master.keys` in the data directory, made on first start.",
    )
    public_url: str = Field(
        default="",
        description="The address under which clients reach the service; links in answers start with it.",
    )
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="Origins, separated by commas, whose pages may call the API from a browser.",
    )
    platform_domain: str = Field(
        default="",
        description="The platform contract is also served at `{handle}.` before this domain, to each organisation.",
    )
    platform_allow_http: bool = Field(
        default=False,
        description="Whether apps may have callback and uninstallation addresses of plain http on other machines.",
    )
    max_body_bytes: int = Field(
        default=1024 * 1024,
        ge=1024,
        le=64 * 1024 * 1024,
        description="A larger request body is refused with 413.",
    )
    body_timeout_seconds: int = Field(
        default=30,
        ge=1,
        le=600,
        description="How many seconds a request body may take to come, from first to last byte.",
    )
    idle_timeout_seconds: int = Field(
        default=30,
        ge=1,
        le=600,
        description="How many seconds a connection may stay open without a request under way, or with half of a "
        "request's headers. Behind a proxy, let the proxy close its idle connections sooner.",
    )
    max_connections: int = Field(
        default=4096,
        ge=16,
        le=1_000_000,
        description="The most client connections of one serving process. More wait until one is closed.",
    )
    max_connections_per_address: int = Field(
        default=1024,
        ge=0,
        le=1_000_000,
        description="The most of them from one address; beyond that, those that have been silent longest are closed. "
        "0: no such limit. Needs Linux.",
    )
    egress_allow: Annotated[tuple[Network, ...], NoDecode] = Field(
        default=(),
        description="Networks (CIDRs, separated by commas) that may be called although they are private, for vendors "
        "that you host yourself. A cloud's metadata service is called only if its own address is listed.",
    )
    vendor_timeout_seconds: int = Field(
        default=10,
        ge=1,
        le=60,
        description="How many seconds one call to a vendor may take. What a process had sent before it died is waited "
        "for for twice as long. Set it alike in every process.",
    )
    providers: dict[str, ProviderSettings] = Field(
        default={},
        description="For each provider, as `JACKFIELD_PROVIDERS__GITHUB__BASE_URL`: `BASE_URL` and `API_URL` (where "
        "the vendor is; called wherever that leads, unless an integration names its own address), `AUTH_URL` (where "
        "people log in, if that is elsewhere), `CLIENT_ID`, `CLIENT_SECRET` and `WEBHOOK_SECRET`.",
    )
    oidc: OidcSettings | None = Field(
        default=None,
        description="The OpenID provider by which people sign in, as `JACKFIELD_OIDC__ISSUER`: `ISSUER`, `CLIENT_ID`, "
        "`CLIENT_SECRET`, `ORGANISATION` or `ORGANISATION_CLAIM`, `SCOPES`, `ROLES_CLAIM`, `ROLES` and `LABEL`.",
    )
    metrics_token: SecretStr | None = Field(
        default=None,
        description="Who reads `/metrics` has to send `Authorization: Bearer` and this. Unset: anybody may read them.",
    )
    serve_jobs: bool = Field(
        default=True, description="Whether serving processes run jobs, too; `serve --no-jobs` is the same as `false`."
    )
    log_level: str = Field(
        default="info",
        pattern="^(debug|info|warning|error)$",
        description="What is logged: debug, info, warning, error.",
    )

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _split_origins(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        origins = tuple(origin.strip().rstrip("/") for origin in value.split(",") if origin.strip())
        for origin in origins:
            if not _ORIGIN.fullmatch(origin):
                raise ValueError("each must be an origin such as https://app.example.com")
        return origins

    @field_validator("egress_allow", mode="before")
    @classmethod
    def _split_networks(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        try:
            return tuple(ipaddress.ip_network(part.strip()) for part in value.split(",") if part.strip())
        except ValueError:
            raise ValueError("each must be a network such as 10.0.0.0/8") from None

    @field_validator("platform_domain")
    @classmethod
    def _check_domain(cls, value: str) -> str:
        if value and not _DOMAIN.fullmatch(value):
            raise ValueError("must be a domain such as apps.example.com")
        return value.lower()

    @field_validator("public_url")
    @classmethod
    def _trim(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("must start with http:// or https://")
        return value.rstrip("/")

    @field_validator("database_url")
    @classmethod
    def _check_scheme(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not value.get_secret_value().startswith(("postgresql://", "postgres://")):
            raise ValueError("must start with postgresql://")
        return value


def read_settings() -> Settings:
    """The settings of this process. Raises Misconfigured that names each wrong variable, without its value."""
    try:
        return Settings()
    except ValidationError as error:
        problems = [
            f"JACKFIELD_{'__'.join(str(part) for part in problem['loc']).upper()}: {problem['msg']}"
            for problem in error.errors(include_input=False, include_url=False)
        ]
        raise Misconfigured("; ".join(problems)) from None
