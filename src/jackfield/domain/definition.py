"""Catalogue entries: what can be connected, what it takes, and whether what was sent fits."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from jackfield.domain import ids
from jackfield.domain.errors import Invalid, NotFound
from jackfield.domain.provider import (
    AuthMethod,
    Category,
    FieldType,
    Manifest,
    SecretField,
    SettingField,
)

#: what has to be done once something was changed that was proven
VERIFY_AGAIN: Final = "Verify the integration again."
#: of one value; a credential or a setting is far smaller
VALUE_LIMIT: Final = 16 * 1024


#: what is around the signs of copied base64: breaks, also escaped, quotes, padding, blanks without width
_AROUND_BASE64: Final = re.compile(r"\\+[rn]|[\s\"'=\ufeff\u200b]")
_BASE64: Final = re.compile(r"[A-Za-z0-9+/_-]+")


class Definition(msgspec.Struct, frozen=True, kw_only=True):
    """One catalogue entry. `vendor` is a provider's slug, or the id of an authored definition in hex.

    `url` None: an app's page, where nobody knows at which address the service is.
    """

    vendor: str
    name: str
    url: str | None
    category: Category
    public: bool = True
    usable: bool = True
    editable: bool = True
    deprecated: bool = False
    supports_verification: bool
    supports_multiple: bool = True
    features: tuple[str, ...] = ()
    secrets: tuple[SecretField, ...] = ()
    configuration: tuple[SettingField, ...] = ()
    auth_methods: tuple[AuthMethod, ...] = ()
    icon_url: str = ""

    def secret_of_key(self, auth_key: str) -> SecretField | None:
        return next((field for field in self.secrets if field.auth_key == auth_key), None)

    def always_needs(self, field: SecretField | SettingField) -> bool:
        """Whether nothing can be connected without it: where there are several ways, all of them take it."""
        by_ways = {name for method in self.auth_methods for name in (*method.secrets, *method.configuration)}
        if field.name not in by_ways:
            return field.required
        return all(field.name in (*method.secrets, *method.configuration) for method in self.auth_methods)

    def verified_settings(self, before: Mapping[str, object], after: Mapping[str, object]) -> list[str]:
        """The titles of the settings that differ and that verification reads; none where nothing is verified."""
        if not self.supports_verification:
            return []
        differing = [one for one in self.configuration if (before.get(one.name) or "") != (after.get(one.name) or "")]
        return [one.title for one in differing if one.verified]

    @property
    def destinations(self) -> tuple[str, ...]:
        """The settings that decide where secrets are sent."""
        return tuple(field.name for field in self.configuration if field.destination)


def place_of(definition: Definition | None, configuration: Mapping[str, str]) -> bytes:
    """A digest of the settings that decide where items go, as they are written: see domain/place.py."""
    fields = () if definition is None else definition.configuration
    named = [field.name for field in fields if field.needed_to_deliver or field.destination]
    place = [(name, configuration.get(name, "").strip()) for name in sorted(named)]
    return hashlib.blake2b(msgspec.json.encode(place), digest_size=16).digest()


def definition_of(manifest: Manifest, supports_verification: bool) -> Definition:
    """The catalogue entry of a built-in provider."""
    return Definition(
        vendor=manifest.slug,
        name=manifest.name,
        url=manifest.url,
        category=manifest.category,
        usable=manifest.usable,
        editable=manifest.editable,
        deprecated=manifest.deprecated,
        supports_verification=supports_verification,
        supports_multiple=manifest.supports_multiple,
        features=manifest.features,
        secrets=manifest.secrets,
        configuration=manifest.configuration,
        auth_methods=manifest.auth_methods,
    )


class AuthoredDefinition(msgspec.Struct, frozen=True, kw_only=True):
    """What a tenant authored.

    `approved`: every organisation sees it; if not, its own alone. `verify_url`, if there is one, is called to ask
    whether credentials are good, `uninstallation_url` when an installation is gone.
    """

    organisation_id: int
    id: int
    name: str
    description: str | None
    verify_url: str | None
    icon_url: str | None = None
    uninstallation_url: str | None = None
    approved: bool = True


def definition_of_authored(authored: AuthoredDefinition, vendor: str, install_page: str | None) -> Definition:
    """The catalogue entry of a definition that a tenant authored; it is installed through its page."""
    return Definition(
        vendor=vendor,
        name=authored.name,
        url=install_page,
        icon_url=authored.icon_url or "",
        category=Category.APPS,
        public=authored.approved,
        usable=False,
        # what an app was installed with is its own to change
        editable=False,
        supports_verification=authored.verify_url is not None,
    )


def why_unproven(settings: Sequence[str], *, credential: bool = False) -> str:
    """The sentence that says what was changed and has to be verified again; `settings` are titles."""
    changed = [*(["The credential"] if credential else []), *settings]
    told = changed[0] if len(changed) == 1 else f"{', '.join(changed[:-1])} and {changed[-1]}"
    return f"{told} {'was' if len(changed) == 1 else 'were'} changed. {VERIFY_AGAIN}"


class DefinitionNotFound(NotFound):
    code = "definition-not-found"

    def __init__(self, vendor: str) -> None:
        super().__init__("Vendor", vendor)


def not_connectable(definition: Definition) -> str:
    """Why nothing can be connected with it. Of an app it tells no name: another organisation may be developing it."""
    if ids.is_hex(definition.vendor):
        return "An app is installed through its own page, and cannot be connected in this way"
    return f"{definition.name} cannot be connected here any more or not in this way"


class FieldProblem(Invalid):
    """One field of a request does not fit; `path` says which, from the outermost name to the innermost.

    `missing` tells what has to be there and is not from what is there and wrong.
    """

    code = "field-problem"

    def __init__(self, path: tuple[str, ...], message: str, *, missing: bool = False) -> None:
        super().__init__(message)
        self.path = path
        self.missing = missing


def check_secret(field: SecretField, value: str) -> str:
    """Return the secret that is meant by what was copied. Raises FieldProblem for one that the vendor cannot have."""
    return _checked(("auth", field.auth_key), field, value)


def check_setting(field: SettingField, value: str) -> str:
    """Return the setting that is meant by what was copied. Raises FieldProblem for one that the vendor cannot have."""
    return _checked(("extra", field.name), field, value)


def tidied_settings(definition: Definition | None, settings: Mapping[str, str]) -> dict[str, str]:
    """Return the settings that are meant by what was copied, for contracts that refuse none."""
    fields = {} if definition is None else {field.name: field for field in definition.configuration}
    return {name: fields[name].tidied(value) if name in fields else value for name, value in settings.items()}


def has_credential(definition: Definition, secrets: Mapping[str, object]) -> bool:
    """Whether there is all of a credential that one way to prove oneself takes, whatever settings it needs besides."""
    return any(all(secrets.get(name) for name in method.secrets) for method in definition.auth_methods)


def check_complete(definition: Definition, secrets: Mapping[str, object], configuration: Mapping[str, object]) -> None:
    """Raises FieldProblem for the first thing that is missing to connect at all.

    One complete way to prove oneself is enough; what is asked for is what the first way takes.
    """
    by_some_way = any(_is_complete(method, secrets, configuration) for method in definition.auth_methods)
    of_ways = {name for method in definition.auth_methods for name in method.configuration}
    for setting in definition.configuration:
        if setting.required and not configuration.get(setting.name) and not (by_some_way and setting.name in of_ways):
            raise FieldProblem(("extra", setting.name), f"{setting.title} is required", missing=True)
    if by_some_way:
        return
    for secret in definition.secrets:
        if secret.required and not secrets.get(secret.name):
            ways = " or ".join(_ways(definition))
            raise FieldProblem(("auth", secret.auth_key), f"{secret.title} is required: send {ways}", missing=True)


def _is_complete(method: AuthMethod, secrets: Mapping[str, object], configuration: Mapping[str, object]) -> bool:
    return all(secrets.get(name) for name in method.secrets) and all(
        configuration.get(name) for name in method.configuration
    )


def _ways(definition: Definition) -> list[str]:
    keys = {secret.name: f"auth.{secret.auth_key}" for secret in definition.secrets}
    return [
        " and ".join([*(keys[name] for name in method.secrets), *(f"extra.{name}" for name in method.configuration)])
        for method in definition.auth_methods
    ]


def _is_blob(value: str) -> bool:
    """Whether it can be base64, or a PEM file: providers read either however it was copied, so little is asked for."""
    signs = _AROUND_BASE64.sub("", value)
    return "BEGIN" in value or (_BASE64.fullmatch(signs) is not None and len(signs) % 4 != 1)


def _checked(path: tuple[str, ...], field: SecretField | SettingField, sent: str) -> str:
    if len(sent) > VALUE_LIMIT:
        raise FieldProblem(path, f"The value is longer than {VALUE_LIMIT} characters")
    value = field.tidied(sent)
    if not value.strip():
        raise FieldProblem(path, "A blank value means nothing; use null for none")
    if field.type is FieldType.BLOB and not _is_blob(value):
        raise FieldProblem(path, "The value has to be base64, or a PEM file as it is")
    options = field.options if isinstance(field, SettingField) else None
    if field.type is FieldType.SELECT and options is not None and value not in options:
        raise FieldProblem(path, f"The value has to be one of: {', '.join(options)}")
    if field.type is FieldType.INT and not re.fullmatch(r"-?[0-9]{1,18}", value):
        raise FieldProblem(path, "The value has to be a whole number, as text. Example: 12")
    if field.pattern is not None and not re.fullmatch(field.pattern, value):
        raise FieldProblem(path, misfit(field, value))
    return value


def misfit(field: SecretField | SettingField, value: str) -> str:
    """Return the sentence, with an example, for a value that does not match the field's pattern; it quotes nothing."""
    example = f" Example: {field.example}" if field.example else ""
    if any(one.isspace() for one in value) and not re.search(r"[ .]", field.pattern or ""):
        return f"{field.title}: there must be no blanks or line breaks in it.{example}"
    return f"{field.title}: this is not a valid value.{example}"
