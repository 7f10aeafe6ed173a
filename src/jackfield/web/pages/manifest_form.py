"""A form made from what a vendor takes: its secrets and settings, with a choice where it takes several ways.

What people filled in is made into the `auth` and `extra` of a `Submission`. Of an integration that is there already,
settings are shown, secrets are not: one that is left empty stays what it is.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from jackfield.domain.credential import looks_masked
from jackfield.domain.definition import VALUE_LIMIT, Definition, FieldProblem
from jackfield.domain.provider import AuthMethod, FieldType, SecretField, SettingField
from jackfield.domain.schema_fields import Field, Option, Widget
from jackfield.domain.schema_form import Sent
from jackfield.web.pages.field_words import ENGLISH, FieldWords
from jackfield.web.pages.shown_field import ShownField

#: the control by which one of several ways is chosen
WAY: Final = "way"
#: the token of a way of this name ends within the hour, and nobody renews one that was brought by hand
NOT_BY_HAND: Final = frozenset({"oauth"})
#: of what is sealed, what a person knows by heart and may see while typing
_NAMES_OF_ACCOUNTS: Final = frozenset({"client_id", "key_id", "subscription_id", "region", "namespace"})


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """What an integration has: settings as texts, by name, and the mask of each secret, by its key in hubs' `auth`."""

    configuration: Mapping[str, str]
    masks: Mapping[str, str | None] = {}


class Way(msgspec.Struct, frozen=True):
    """One way to prove oneself, with all that it takes."""

    name: str
    title: str
    fields: tuple[Field, ...]


class ManifestReading(msgspec.Struct, frozen=True):
    """What was filled in, as a `Submission` has it; good when there are no flaws. Those are by the control's name."""

    way: str
    auth: Mapping[str, str | None]
    extra: Mapping[str, str | None]
    flaws: Mapping[str, Sequence[str]]

    def __repr__(self) -> str:
        return f"<ManifestReading by {self.way}>"  # what was filled in may be secret


class ShownWay(msgspec.Struct, frozen=True):
    name: str
    title: str
    chosen: bool
    fields: Sequence[ShownField]


class ShownForm(msgspec.Struct, frozen=True):
    """The form on a page. `more` is what few people need. `overall` is what is wrong with the form as a whole."""

    ways: Sequence[ShownWay]
    settings: Sequence[ShownField]
    more: Sequence[ShownField]
    overall: Sequence[str]
    words: FieldWords

    @property
    def flawed(self) -> Sequence[ShownField]:
        """In the order of the page; those of ways that are not chosen have no flaws."""
        return [one for one in self._all() if one.flaws]

    @property
    def asks_again(self) -> bool:
        return any(one.again for one in self._all())

    @property
    def needs_more(self) -> bool:
        """Whether anything of `more` has to be seen at once."""
        return any(one.flaws or any(one.values) for one in self.more)

    def _all(self) -> Iterator[ShownField]:
        for way in self.ways:
            yield from way.fields
        yield from self.settings
        yield from self.more


class ManifestForm:
    """The form of a vendor. `stored`: of an integration that is there. `without`: ways that are not offered."""

    def __init__(
        self,
        definition: Definition,
        stored: Stored | None = None,
        words: FieldWords = ENGLISH,
        without: Collection[str] = (),
    ) -> None:
        self._definition = definition
        self._is_new = stored is None
        self._stored = stored or Stored(configuration={})
        self._words = words
        methods = [one for one in definition.auth_methods if one.name not in without] or [_only_way(definition)]
        self._stored_method = next((one for one in methods if self._is_complete(one)), None)
        self.ways = tuple(self._way(method) for method in methods)
        of_ways = {name for method in definition.auth_methods for name in method.configuration}
        rest = [one for one in definition.configuration if one.name not in of_ways]
        self.settings = tuple(self._setting(one) for one in rest if one.required or one.needed_to_deliver)
        self.more = tuple(self._setting(one) for one in rest if not (one.required or one.needed_to_deliver))

    def read(self, sent: Sent) -> ManifestReading:
        """What the browser's controls mean."""
        way = self._chosen(sent)
        auth: dict[str, str | None] = {}
        extra: dict[str, str | None] = {}
        flaws: dict[str, Sequence[str]] = {}
        for field in (*way.fields, *self.settings, *self.more):
            text = _text(field, sent)
            kind, key = field.path
            flaw = self._flaw(field, text)
            if flaw:
                flaws[field.name] = (flaw,)
            elif kind == "auth":
                auth |= {key: text} if text else {}
            elif text or key in self._stored.configuration:
                extra[key] = text or None
        if way.name != self._stored_name():
            self._leave_other_ways(way, auth, extra)
        return ManifestReading(way.name, auth, extra, flaws)

    def placed(self, problem: FieldProblem, sent: Sent) -> Mapping[str, Sequence[str]]:
        """What the service says is wrong with what was read, at the field that it is about."""
        at = self.field_at(problem.path, sent)
        if at is None:
            return {"": (str(problem),)}
        if not problem.missing:
            return {at.name: (str(problem),)}
        return {at.name: (self._words.sent_again if self._is_stored(at) else self._words.required,)}

    def field_at(self, path: tuple[str, ...], sent: Sent) -> Field | None:
        """What is asked for under ("auth", key) or ("extra", name), by the way that was chosen."""
        asked = (*self._chosen(sent).fields, *self.settings, *self.more)
        return next((field for field in asked if field.path == path), None)

    def shown(self, sent: Sent | None = None, flaws: Mapping[str, Sequence[str]] | None = None) -> ShownForm:
        """The form on a page; with what was sent and what is wrong with it, where something was."""
        flaws = flaws or {}
        numbers = iter(range(1, 1000))
        chosen = self._chosen({WAY: [self._stored_name()]} if sent is None else sent)

        def show(fields: Sequence[Field]) -> Sequence[ShownField]:
            return [ShownField.of(field, f"field-{next(numbers)}", sent, flaws.get(field.name, ())) for field in fields]

        ways = [ShownWay(way.name, way.title, way is chosen, show(way.fields)) for way in self.ways]
        return ShownForm(ways, show(self.settings), show(self.more), flaws.get("", ()), self._words)

    def _chosen(self, sent: Sent) -> Way:
        named = next(iter(sent.get(WAY, ())), "")
        return next((way for way in self.ways if way.name == named), self.ways[0])

    def _stored_name(self) -> str:
        return self._stored_method.name if self._stored_method else ""

    def _is_complete(self, method: AuthMethod) -> bool:
        """Whether all that the way takes is stored."""
        masks, configuration = self._stored.masks, self._stored.configuration
        keys = [one.auth_key for one in self._definition.secrets if one.name in method.secrets]
        return all(map(masks.get, keys)) and all(map(configuration.get, method.configuration)) and not self._is_new

    def _is_stored(self, field: Field) -> bool:
        kind, key = field.path
        return bool((self._stored.masks if kind == "auth" else self._stored.configuration).get(key))

    def _leave_other_ways(self, chosen: Way, auth: dict[str, str | None], extra: dict[str, str | None]) -> None:
        """What another way had stored is emptied, lest it be taken for what the vendor shall be shown."""
        kept = {field.path for field in chosen.fields}
        for way in self.ways:
            for field in way.fields:
                if field.path not in kept and self._is_stored(field):
                    kind, key = field.path
                    (auth if kind == "auth" else extra)[key] = None

    def _flaw(self, field: Field, text: str) -> str | None:
        kind, key = field.path
        if not text:
            return self._words.required if field.required else None
        if len(text) > VALUE_LIMIT:
            return self._words.too_long
        if kind == "auth":
            if looks_masked(text):
                return self._words.masked
            secret = self._definition.secret_of_key(key)
            return self._flaw_of(secret, text) if secret else None
        return self._flaw_of(next(one for one in self._definition.configuration if one.name == key), text)

    def _flaw_of(self, described: SecretField | SettingField, copied: str) -> str | None:
        text = described.tidied(copied)
        options = described.options if isinstance(described, SettingField) else None
        if described.type is FieldType.SELECT and options is not None and text not in options:
            return self._words.no_choice
        if described.type is FieldType.INT and not re.fullmatch(r"-?[0-9]{1,18}", text):
            return self._words.no_integer
        if "\0" in text or (described.pattern is not None and not re.fullmatch(described.pattern, text)):
            example = described.example
            return self._words.malformed_like.replace("{example}", example) if example else self._words.malformed
        return None

    def _way(self, method: AuthMethod) -> Way:
        secrets = [one for one in self._definition.secrets if one.name in method.secrets]
        settings = [one for one in self._definition.configuration if one.name in method.configuration]
        # where it is, and then what opens it
        fields = (*(self._setting(one, method) for one in settings), *(self._secret(one, method) for one in secrets))
        return Way(method.name, method.title, fields)

    def _secret(self, secret: SecretField, method: AuthMethod) -> Field:
        # what another way had under the same key is something else
        mask = self._stored.masks.get(secret.auth_key) if method is self._stored_method else None
        widget = Widget.TEXT if secret.auth_key in _NAMES_OF_ACCOUNTS else Widget.PASSWORD
        return Field(
            # several ways may take the same secret
            name=f"{method.name}/auth/{secret.auth_key}",
            path=("auth", secret.auth_key),
            widget=Widget.LINES if secret.type is FieldType.BLOB else widget,
            title=secret.title,
            description=secret.help,
            hint=self._words.keep.replace("{mask}", mask) if mask else "",
            required=not mask,
            secret=True,
        )

    def _setting(self, setting: SettingField, method: AuthMethod | None = None) -> Field:
        value = self._stored.configuration.get(setting.name, (setting.default or "") if self._is_new else "")
        options = tuple(Option(one, one, one) for one in setting.options or ())
        return Field(
            name=f"{method.name}/extra/{setting.name}" if method else f"extra/{setting.name}",
            path=("extra", setting.name),
            widget=_widget(setting),
            title=setting.title,
            description=setting.help,
            required=setting.required or method is not None,
            initial=(value,) if value else (),
            options=options,
        )


def _only_way(definition: Definition) -> AuthMethod:
    """Of a vendor that names none: all that it takes, which may be nothing."""
    return AuthMethod(name="all", title="", secrets=tuple(one.name for one in definition.secrets))


def _widget(setting: SettingField) -> Widget:
    if setting.options:
        return Widget.SELECT
    if setting.is_address:
        return Widget.URL
    return {FieldType.INT: Widget.INTEGER, FieldType.BLOB: Widget.LINES}.get(setting.type, Widget.TEXT)


def _text(field: Field, sent: Sent) -> str:
    """What was filled in; spaces around it come from copying."""
    return next(iter(sent.get(field.name, ())), "").replace("\r\n", "\n").strip()
