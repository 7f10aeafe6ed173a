"""Secrets and settings as one object by canonical names: what the organisations contract calls a configuration.

It is replaced whole: what is not sent is removed. Secrets are shown masked, and a mask that comes back means "as it
is". A stored secret is never sent to a new address: who changes a setting that decides where secrets go sends every
secret again, or says null for it.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from jackfield.domain import definition as of_definition
from jackfield.domain.copied import tidy_text
from jackfield.domain.credential import CANONICAL_NAMES, Secrets, looks_masked, mask
from jackfield.domain.definition import VALUE_LIMIT, Definition, FieldProblem, check_secret, check_setting
from jackfield.domain.integration import JsonObject
from jackfield.domain.item import ItemType
from jackfield.domain.provider import SecretField
from jackfield.domain.submission import check_deliverable, moved_destinations

Sent = Mapping[str, Any]


class JointConfiguration(msgspec.Struct, frozen=True):
    """`secrets` in clear, none of them null; `settings` as JSON values."""

    secrets: Secrets
    settings: Mapping[str, Any]

    @property
    def masked(self) -> dict[str, Any]:
        """What may be shown: secrets masked, then settings as they are. A secret hides a setting of its name.

        By name, so that one configuration has one text.
        """
        masks = {name: mask(value) for name, value in sorted(self.secrets.items()) if value is not None}
        return {**masks, **{name: value for name, value in sorted(self.settings.items()) if name not in masks}}

    @property
    def settings_object(self) -> JsonObject:
        """The settings as they are stored."""
        return JsonObject(msgspec.json.encode(self.settings).decode())


class JointSubmission(msgspec.Struct, frozen=True, kw_only=True):
    """What was sent of an integration; UNSET: not sent. Printing one shows no value, since there are secrets in it."""

    configuration: Sent | msgspec.UnsetType = msgspec.UNSET
    enabled: bool | msgspec.UnsetType = msgspec.UNSET
    item_type: ItemType | msgspec.UnsetType = msgspec.UNSET

    def __repr__(self) -> str:
        sent = (name for name in self.__struct_fields__ if getattr(self, name) is not msgspec.UNSET)
        return f"<JointSubmission: {', '.join(sent) or 'nothing'}>"


NOTHING: Final = JointConfiguration(Secrets({}), {})


def joint(secrets: Secrets | None, settings: JsonObject) -> JointConfiguration:
    """What is stored, as one."""
    present = {name: value for name, value in (secrets or {}).items() if value is not None}
    return JointConfiguration(Secrets(present), msgspec.json.decode(settings))


def settle(definition: Definition, stored: JointConfiguration, sent: Sent) -> JointConfiguration:
    """What shall be in place of what is stored. Raises FieldProblem, whose path is (`configuration`, name).

    A setting is a string, or the very value that is stored. Names that the definition does not have are kept: those
    of the core's secrets as secrets, all others as settings.
    """
    secret_names = {*CANONICAL_NAMES, *stored.secrets, *(field.name for field in definition.secrets)}
    secret_names -= {field.name for field in definition.configuration}
    secrets: dict[str, str | None] = {}
    settings: dict[str, Any] = {}
    for name, value in sent.items():
        if value is None:
            continue
        if name not in stored.secrets and name in stored.settings and stored.settings[name] == value:
            # compared by Python, for which True is 1; so what is stored stays, and not what was sent
            settings[name] = stored.settings[name]
        elif name in secret_names:
            secrets[name] = _settle_secret(definition, stored.secrets.get(name), name, value)
        else:
            settings[name] = _new_setting(definition, name, value)
    after = JointConfiguration(Secrets(secrets), settings)
    _check_sent_again(stored, sent, moved_destinations(definition, stored.settings, settings))
    return after


def sends_elsewhere(definition: Definition, before: JointConfiguration, after: JointConfiguration) -> bool:
    """Whether the credential, or the address that it is sent to, is another one."""
    return before.secrets != after.secrets or bool(moved_destinations(definition, before.settings, after.settings))


def check_complete(definition: Definition, whole: JointConfiguration, item_type: ItemType) -> None:
    """Raises FieldProblem for the first thing missing to connect, or, where items trigger it, to work on them."""
    try:
        of_definition.check_complete(definition, whole.secrets, whole.settings)
        if item_type is not ItemType.NONE:
            check_deliverable(definition, whole.settings)
    except FieldProblem as problem:
        raise _by_canonical_name(definition, problem) from None


def _check_sent_again(stored: JointConfiguration, sent: Sent, moved: list[str]) -> None:
    if not moved:
        return
    for name, value in stored.secrets.items():
        if value is not None and (name not in sent or sent[name] == mask(value)):
            message = f"Changing {', '.join(moved)} sends secrets to another address: send {name} again in full"
            raise _problem(name, f"{message}, or null for none", missing=name not in sent)


def _settle_secret(definition: Definition, kept: str | None, name: str, value: object) -> str:
    if not isinstance(value, str):
        raise _problem(name, "A secret has to be a string, or null for none")
    if kept is not None and value in {kept, mask(kept)}:
        return kept
    if looks_masked(tidy_text(value)):
        raise _problem(name, "This is a mask of a secret, not of the one that is stored; send it in full")
    declared = next((field for field in definition.secrets if field.name == name), None)
    try:
        value = check_secret(declared or SecretField(name=name, auth_key="", title=name, help=""), value)
    except FieldProblem as problem:
        raise _problem(name, str(problem)) from None
    return _to_moment(name, value) if name == "expires_at" else value


def _new_setting(definition: Definition, name: str, value: object) -> str:
    if not isinstance(value, str):
        raise _problem(name, "This has to be a string, or null for none")
    declared = next((field for field in definition.configuration if field.name == name), None)
    if declared is None:
        if len(value) > VALUE_LIMIT:
            raise _problem(name, f"The value is longer than {VALUE_LIMIT} characters")
        return value
    try:
        return check_setting(declared, value)
    except FieldProblem as problem:
        raise _problem(name, str(problem)) from None


def _to_moment(name: str, value: str) -> str:
    """A date and time in UTC, as the contract that shows it by itself keeps it."""
    try:
        moment = msgspec.convert(value, datetime)
        moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (msgspec.ValidationError, OverflowError):
        raise _problem(name, "This has to be a date and time such as 2026-01-31T10:00:00Z") from None
    return moment.isoformat().replace("+00:00", "Z")


def _by_canonical_name(definition: Definition, problem: FieldProblem) -> FieldProblem:
    """The problem of a secret, which the definition names by its hubs key, in the words of this contract."""
    group, key = problem.path
    secret = definition.secret_of_key(key) if group == "auth" else None
    if secret is None:
        return _problem(key, str(problem), missing=problem.missing)
    ways = " or ".join(" and ".join((*one.secrets, *one.configuration)) for one in definition.auth_methods)
    return _problem(secret.name, f"{secret.title} is required: send {ways}", missing=problem.missing)


def _problem(name: str, message: str, *, missing: bool = False) -> FieldProblem:
    return FieldProblem(("configuration", name), message, missing=missing)
