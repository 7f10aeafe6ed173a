"""What a hub's administrator sent of an integration, settled against its definition and what is stored.

Secrets are shown masked, and a mask that comes back means "as it is". A stored secret is never sent to a new address:
who changes a setting that decides where secrets go sends every secret again.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from jackfield.domain.copied import tidy_text
from jackfield.domain.credential import Secrets, looks_masked, mask
from jackfield.domain.definition import (
    VALUE_LIMIT,
    Definition,
    FieldProblem,
    check_secret,
    check_setting,
)
from jackfield.domain.integration import JsonObject
from jackfield.domain.item import ItemType
from jackfield.domain.provider import AUTH_KEYS, SettingField
from jackfield.domain.text import flaw_of_name

Sent = Mapping[str, str | None] | None | msgspec.UnsetType


class Submission(msgspec.Struct, frozen=True, kw_only=True):
    """UNSET: not sent. `auth` is by the hubs contract's keys, `extra` by canonical names; None clears, all or one."""

    name: str | None | msgspec.UnsetType = msgspec.UNSET
    identifier: str | msgspec.UnsetType = msgspec.UNSET
    auth: Sent = msgspec.UNSET
    extra: Sent = msgspec.UNSET
    enabled: bool | msgspec.UnsetType = msgspec.UNSET
    item_type: ItemType | msgspec.UnsetType = msgspec.UNSET


def check_names(sent: Submission) -> None:
    """Raises FieldProblem for a name or an identifier that nobody could read."""
    for field, value in (("name", sent.name), ("identifier", sent.identifier)):
        flaw = flaw_of_name(value) if isinstance(value, str) else None
        if flaw is not None:
            raise FieldProblem((field,), flaw)


def to_texts(configuration: JsonObject) -> dict[str, str]:
    """The configuration as an administrator sees it: text as it is, anything else as JSON in a text."""
    decoded: dict[str, Any] = msgspec.json.decode(configuration)
    return {
        name: value if isinstance(value, str) else msgspec.json.encode(value).decode()
        for name, value in decoded.items()
    }


def from_texts(texts: Mapping[str, str], stored: JsonObject) -> JsonObject:
    """The configuration to be stored; what is as it was shown stays what it was."""
    decoded: dict[str, Any] = msgspec.json.decode(stored)
    shown = to_texts(stored)
    values = {name: decoded[name] if shown.get(name) == text else text for name, text in texts.items()}
    return JsonObject(msgspec.json.encode(values).decode())


def settle_secrets(
    definition: Definition, stored: Secrets | None, auth: Sent, *, moved: bool = False
) -> Secrets | None | msgspec.UnsetType:
    """The credential that shall be, None for none, UNSET when it stays as it is. Raises FieldProblem.

    `moved`: it goes to another address from now on, so what was not sent with this call goes nowhere.
    """
    if auth is msgspec.UNSET:
        return msgspec.UNSET
    before = dict(stored or {})
    if auth is None:
        return None if before else msgspec.UNSET
    after = dict(before)
    for key, value in auth.items():
        name = _secret_name(definition, key, value)
        if name is None:
            continue
        kept = before.get(name)
        if value is None:
            after.pop(name, None)
        elif kept is not None and value == mask(kept):
            after[name] = kept
        else:
            after[name] = _new_secret(definition, key, value)
    if moved or after != before:
        # what belonged to the old credential and has no key here (a refresh token, an expiry) does not fit the new one
        known = {field.name for field in definition.secrets}
        after = {name: value for name, value in after.items() if name in known}
    if after == before:
        return msgspec.UNSET
    return Secrets(after) if after else None


def settle_configuration(
    definition: Definition, stored: Mapping[str, str], extra: Sent
) -> dict[str, str] | msgspec.UnsetType:
    """The configuration that shall be, UNSET when it stays as it is. Raises FieldProblem."""
    if extra is msgspec.UNSET:
        return msgspec.UNSET
    after = {} if extra is None else dict(stored)
    fields = {field.name: field for field in definition.configuration}
    for name, value in (extra or {}).items():
        if value is None:
            after.pop(name, None)
            continue
        if len(value) > VALUE_LIMIT:
            raise FieldProblem(("extra", name), f"The value is longer than {VALUE_LIMIT} characters")
        after[name] = check_setting(fields[name], value) if name in fields else value
    return msgspec.UNSET if after == stored else after


def moved_destinations(
    definition: Definition, before: Mapping[str, str], after: Mapping[str, str] | msgspec.UnsetType
) -> list[str]:
    """The settings that would send secrets to another address than before."""
    if after is msgspec.UNSET:
        return []
    fields = [field for field in definition.configuration if field.destination]
    return [field.name for field in fields if not _is_same(field, _tidied(field, before), _tidied(field, after))]


def _is_same(field: SettingField, before: str | None, after: str | None) -> bool:
    """Whether it is the same place. What went to a server in clear may go there over TLS, and never the other way."""
    if before == after:
        return True
    if not field.is_address or not isinstance(before, str) or not before.startswith("http://"):
        return False
    return after == f"https://{before.removeprefix('http://')}"


def _tidied(field: SettingField, configuration: Mapping[str, str]) -> str | None:
    """One address has one spelling, also where it was stored as somebody wrote it."""
    value = configuration.get(field.name)
    return field.tidied(value) if isinstance(value, str) else value


def check_sent_again(definition: Definition, stored: Secrets | None, auth: Sent, moved: list[str]) -> None:
    """Raises FieldProblem unless every stored secret is sent again in full, when the address of any has moved."""
    if not moved or not stored or auth is None:
        return
    sent = {} if auth is msgspec.UNSET else auth
    for field in definition.secrets:
        value = stored.get(field.name)
        if value is None:
            continue
        if field.auth_key not in sent or sent[field.auth_key] == mask(value):
            raise FieldProblem(
                ("auth", field.auth_key),
                f"Changing {', '.join(moved)} sends secrets to another address: send {field.auth_key} again in full",
                missing=field.auth_key not in sent,
            )


def check_deliverable(definition: Definition, configuration: Mapping[str, str]) -> None:
    """Raises FieldProblem for the first setting that is needed to work on items and is not there."""
    for field in definition.configuration:
        if field.needed_to_deliver and not configuration.get(field.name):
            message = f"{field.title} is needed before the integration can be enabled for items"
            raise FieldProblem(("extra", field.name), message, missing=True)


def _secret_name(definition: Definition, key: str, value: str | None) -> str | None:
    """The canonical name behind the key; None when nothing is said of a key that this vendor does not have."""
    if key not in AUTH_KEYS:
        raise FieldProblem(("auth", key), f"There is no such key; there are: {', '.join(AUTH_KEYS)}")
    field = definition.secret_of_key(key)
    if field is not None:
        return field.name
    if value is not None:
        takes = ", ".join(secret.auth_key for secret in definition.secrets) or "none"
        raise FieldProblem(("auth", key), f"{definition.name} does not take {key}; it takes: {takes}")
    return None


def _new_secret(definition: Definition, key: str, value: str) -> str:
    field = definition.secret_of_key(key)
    if looks_masked(tidy_text(value)):
        raise FieldProblem(("auth", key), "This is a mask of a secret, not of the one that is stored; send it in full")
    return value if field is None else check_secret(field, value)
