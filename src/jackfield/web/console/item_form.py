"""The form of an item: what a person says of it, read and checked as the contracts check it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from jackfield.domain.item import (
    BODY_LIMIT,
    KEY_LIMIT,
    LABELS_LIMIT,
    TITLE_LIMIT,
    URL_LIMIT,
    WORD_LIMIT,
    ItemStatus,
    ItemType,
    NewItem,
    StoredItem,
    is_key,
)
from jackfield.domain.schema_fields import Field, Option, Widget
from jackfield.domain.web_address import is_web_address
from jackfield.web.console import words
from jackfield.web.pages.form import Form
from jackfield.web.pages.shown_field import ShownField

#: what can be called an item, by the name of its type
TYPES: Final = {one.value: one for one in ItemType if one is not ItemType.NONE}
_STATUSES: Final = {one.value: one for one in ItemStatus}
#: paths with these in them are changed by browsers (https://url.spec.whatwg.org/#double-dot-path-segment)
_NO_PATHS: Final = frozenset({".", ".."})

NAME_FIELDS: Final = (
    Field(
        name="type",
        path=("type",),
        widget=Widget.SELECT,
        title="Type",
        description="Integrations are triggered by items of one type.",
        required=True,
        initial=(ItemType.WORK_ITEM.value,),
        options=tuple(Option(one, words.spoken(one), one) for one in TYPES),
    ),
    Field(
        name="key",
        path=("key",),
        widget=Widget.TEXT,
        title="Key",
        description="What your product calls it, such as WO-1042. It stays what it is.",
        required=True,
    ),
)
CONTENT_FIELDS: Final = (
    Field(name="title", path=("title",), widget=Widget.TEXT, title="Title", required=True),
    Field(
        name="body",
        path=("body",),
        widget=Widget.LINES,
        title="Body",
        description="Markdown (CommonMark), brought to each vendor in its own form.",
    ),
    Field(
        name="status",
        path=("status",),
        widget=Widget.SELECT,
        title="Status",
        required=True,
        initial=(ItemStatus.OPEN.value,),
        options=tuple(Option(one, words.item_badge(status).label, one) for one, status in _STATUSES.items()),
    ),
    Field(name="priority", path=("priority",), widget=Widget.TEXT, title="Priority", description="Such as high."),
    Field(name="labels", path=("labels",), widget=Widget.LINES, title="Labels", description="One to a line."),
    Field(
        name="assignee",
        path=("assignee",),
        widget=Widget.TEXT,
        title="Assignee",
        description="A name in your product.",
    ),
    Field(
        name="url",
        path=("url",),
        widget=Widget.URL,
        title="Address",
        description="Where the item is in your product. Vendors show it as a link.",
    ),
)
_LIMITS: Final = {
    "key": KEY_LIMIT,
    "title": TITLE_LIMIT,
    "body": BODY_LIMIT,
    "priority": WORD_LIMIT,
    "assignee": WORD_LIMIT,
    "url": URL_LIMIT,
}
#: by the names of their controls
Texts = Mapping[str, str]


def texts_of(item: StoredItem) -> Texts:
    """What the form has of an item that is there."""
    return {
        "title": item.title,
        "body": item.body,
        "status": item.status.value,
        "priority": item.priority or "",
        "labels": "\n".join(item.labels),
        "assignee": item.assignee or "",
        "url": item.url or "",
    }


def texts_sent(form: Form, fields: Sequence[Field]) -> Texts:
    """What was filled in. Blanks around it come from copying, except around a body, where they mean something."""
    found = {field.name: form.first(field.name).replace("\r\n", "\n") for field in fields}
    return {name: text if name == "body" else text.strip() for name, text in found.items()}


def flaws_of(texts: Texts, fields: Sequence[Field]) -> Texts:
    """What is wrong with what was filled in, by the name of the control."""
    found = ((field.name, _flaw(field, texts[field.name])) for field in fields)
    return {name: flaw for name, flaw in found if flaw}


def to_item(name: tuple[ItemType, str], texts: Texts, stored: StoredItem | None = None) -> NewItem:
    """The item as filled in, without flaws. Its further fields, which only the product tells of, stay as they are."""
    return NewItem(
        type=name[0],
        key=name[1],
        title=texts["title"],
        body=texts["body"],
        url=texts["url"] or None,
        status=_STATUSES[texts["status"]],
        priority=texts["priority"] or None,
        labels=tuple(dict.fromkeys(_labels(texts["labels"]))),
        assignee=texts["assignee"] or None,
        fields=stored.fields if stored else {},
    )


def shown(fields: Sequence[Field], texts: Texts | None, flaws: Texts) -> Sequence[ShownField]:
    """The fields as they are on the page; no texts: nobody has filled them in."""
    return [
        ShownField(
            field=field,
            id=f"field-{field.name}",
            values=field.initial if texts is None else (texts[field.name],),
            flaws=(flaws[field.name],) if field.name in flaws else (),
            again=False,
        )
        for field in fields
    ]


def _flaw(field: Field, text: str) -> str:
    if "\0" in text:
        return "This has a character that cannot be stored."
    if not text.strip():
        return "Please fill this in." if field.required else ""
    if len(text) > _LIMITS.get(field.name, len(text)):
        return f"This is too long: it can have {_LIMITS[field.name]:,} characters, and has {len(text):,}."
    if field.options and text not in {option.sent for option in field.options}:
        return "This is none of the choices."
    return _FURTHER[field.name](text) if field.name in _FURTHER else ""


def _flaw_of_key(text: str) -> str:
    if is_key(text) and text not in _NO_PATHS:
        return ""
    return "A key has no slash and no control characters, and is more than dots."


def _flaw_of_url(text: str) -> str:
    return "" if is_web_address(text) else "This has to be an address that starts with https:// or http://."


def _flaw_of_labels(text: str) -> str:
    labels = list(_labels(text))
    if len(labels) > LABELS_LIMIT:
        return f"There can be at most {LABELS_LIMIT} labels, and there are {len(labels):,}."
    if any(len(label) > WORD_LIMIT for label in labels):
        return f"A label can have at most {WORD_LIMIT} characters."
    return ""


def _labels(text: str) -> Iterator[str]:
    return (line.strip() for line in text.split("\n") if line.strip())


_FURTHER: Final = {"key": _flaw_of_key, "url": _flaw_of_url, "labels": _flaw_of_labels}
