"""The form of an integration: its name, what it brings out, and what its vendor takes."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from jackfield.domain.definition import Definition, FieldProblem
from jackfield.domain.integration import NAME_LIMIT
from jackfield.domain.item import ItemType
from jackfield.domain.schema_fields import Field, Option, Widget
from jackfield.domain.schema_form import Sent
from jackfield.domain.submission import Submission, to_texts
from jackfield.services.administration import Administered
from jackfield.web.console import words
from jackfield.web.pages.field_words import ENGLISH
from jackfield.web.pages.manifest_form import NOT_BY_HAND, ManifestForm, ShownForm, Stored
from jackfield.web.pages.shown_field import ShownField

_NAME: Final = Field(
    name="name",
    path=("name",),
    widget=Widget.TEXT,
    title="Name",
    description="As your people know it. Left empty, it has the vendor's name.",
)
_ITEM_TYPE: Final = Field(
    name="item_type",
    path=("item_type",),
    widget=Widget.SELECT,
    title="What it brings out",
    description="Each change of an item of this kind goes to the vendor. None: it only keeps the credential.",
    options=tuple(Option(one, words.spoken(one), one) for one in ItemType if one is not ItemType.NONE),
)
_ENABLED: Final = Field(
    name="enabled",
    path=("enabled",),
    widget=Widget.CHECKBOX,
    title="Start at once",
    description="Without it, nothing goes to the vendor until you resume it.",
    initial=("true",),
)
Flaws = Mapping[str, Sequence[str]]


class Filled(msgspec.Struct, frozen=True):
    """What was filled in; good when there are no flaws. Those are by the control's name."""

    submission: Submission
    flaws: Flaws

    def __repr__(self) -> str:
        return f"<Filled with {len(self.flaws)} flaws>"  # what was filled in may be secret


class ShownIntegrationForm(msgspec.Struct, frozen=True):
    """`item_type` and `enabled` None: they are not asked for."""

    name: ShownField
    vendor: ShownForm
    item_type: ShownField | None
    enabled: ShownField | None

    @property
    def flawed(self) -> Sequence[ShownField]:
        """In the order of the page."""
        mine = [one for one in (self.name, self.item_type, self.enabled) if one is not None and one.flaws]
        return [*mine[:1], *self.vendor.flawed, *mine[1:]] if self.name.flaws else [*self.vendor.flawed, *mine]


class IntegrationForm:
    """Of a new integration, or one that is `stored`. `delivers`: the vendor takes items."""

    def __init__(self, definition: Definition, stored: Administered | None = None, *, delivers: bool) -> None:
        self._stored = stored
        self._delivers = delivers
        self.is_granted = stored is not None and stored.integration.granted_at is not None
        self._vendor = ManifestForm(
            # tokens that the vendor granted are not a person's to fill in
            msgspec.structs.replace(definition, secrets=(), auth_methods=()) if self.is_granted else definition,
            None if stored is None else _stored(definition, stored),
            without=NOT_BY_HAND if stored is None else (),
        )

    def read(self, sent: Sent) -> Filled:
        reading = self._vendor.read(sent)
        flaws = {**reading.flaws}
        if self._stored is not None and not self._stored.masks and not any(reading.auth.values()):
            # one that never had a credential can be changed without giving it one
            flaws = {name: told for name, told in flaws.items() if not self._is_missing_secret(name, told, sent)}
        name = _text(_NAME, sent)
        if len(name) > NAME_LIMIT:
            flaws[_NAME.name] = (f"A name has at most {NAME_LIMIT} characters.",)
        if "\0" in name:
            flaws[_NAME.name] = (ENGLISH.malformed,)
        item_type = _text(_ITEM_TYPE, sent) or ItemType.NONE
        if item_type not in set(ItemType):
            flaws[_ITEM_TYPE.name] = (ENGLISH.no_choice,)
            item_type = ItemType.NONE
        return Filled(
            Submission(
                name=name or None,
                auth=reading.auth or msgspec.UNSET,
                extra=reading.extra or msgspec.UNSET,
                item_type=ItemType(item_type) if self._delivers else msgspec.UNSET,
                enabled=bool(_text(_ENABLED, sent)) if self._stored is None else msgspec.UNSET,
            ),
            flaws,
        )

    def placed(self, problem: FieldProblem, sent: Sent) -> Flaws:
        """What the service says is wrong, at the field that it is about."""
        return self._vendor.placed(problem, sent)

    def shown(self, sent: Sent | None = None, flaws: Flaws | None = None) -> ShownIntegrationForm:
        """On a page; with what was sent and what is wrong with it, where something was."""
        flaws = flaws or {}

        def show(field: Field, *values: str) -> ShownField:
            sent_values = values if sent is None else sent.get(field.name, ())
            return ShownField(field, f"own-{field.name}", sent_values, flaws.get(field.name, ()), again=False)

        found = None if self._stored is None else self._stored.integration
        return ShownIntegrationForm(
            name=show(_NAME, *([] if found is None else [found.name])),
            vendor=self._vendor.shown(sent, flaws),
            item_type=show(_ITEM_TYPE, *([] if found is None else [found.item_type])) if self._delivers else None,
            enabled=show(_ENABLED, "true") if found is None else None,
        )

    def _is_missing_secret(self, name: str, told: Sequence[str], sent: Sent) -> bool:
        is_secret = any(one.name == name and one.secret for way in self._vendor.ways for one in way.fields)
        return is_secret and tuple(told) == (ENGLISH.required,) and not any(sent.get(name, ()))


def _stored(definition: Definition, shown: Administered) -> Stored:
    return Stored(
        configuration=to_texts(shown.integration.configuration),
        masks={one.auth_key: shown.masks.get(one.name) for one in definition.secrets},
    )


def _text(field: Field, sent: Sent) -> str:
    return next(iter(sent.get(field.name, ())), "").strip()
