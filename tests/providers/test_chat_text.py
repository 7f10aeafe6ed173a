"""What chat vendors are told of an item."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jackfield.domain.item import Item, ItemStatus, ItemType
from jackfield.providers._chat_text import (
    NAME_LENGTH,
    VALUE_LENGTH,
    Fact,
    body_of,
    facts_of,
    link_of,
    own_facts_of,
    shorten,
    title_of,
)


def item(**members: object) -> Item:
    return Item(**{"type": ItemType.WORK_ITEM, "key": "WI-7", "title": "Brake pads worn", **members})  # type: ignore[arg-type]


def test_the_facts_of_an_item() -> None:
    told = facts_of(
        item(status=ItemStatus.IN_PROGRESS, priority="high", assignee="Ada", labels=("brakes", "spring service"))
    )
    assert told == [
        ("Status", "In progress"),
        ("Priority", "high"),
        ("Assignee", "Ada"),
        ("Labels", "brakes, spring service"),
    ]
    assert facts_of(item()) == [("Status", "Open")]


def test_own_fields_are_facts_when_they_say_something() -> None:
    told = own_facts_of(item(fields={"Depot": "North\n  yard", " ": "x", "Empty": "\t", "L" * 99: "v" * 999}))
    assert told[0] == Fact("Depot", "North yard")
    assert len(told) == 2
    assert (len(told[1].name), len(told[1].value)) == (NAME_LENGTH, VALUE_LENGTH)
    assert told[1].value.endswith("…")


def test_a_title_is_one_line_and_never_empty() -> None:
    assert title_of(item(title=" Brake\n pads\t")) == "Brake pads"
    assert title_of(item(title=" \n")) == "WI-7"


@pytest.mark.parametrize(
    ("url", "taken"),
    [
        ("https://product.example.com/work-items/7?a=1&b=2#c", True),
        ("HTTP://product.example.com", True),
        ("mailto:ada@example.com", True),
        ("javascript:alert(1)", False),
        ("data:text/html,x", False),
        ("/work-items/7", False),
        ("https://", False),
        ("https://example.com/a b", False),
        ("https://example.com/<!channel>", False),
        ("https://example.com/a|b", False),
        ("https://example.com/\n", False),
        ("https://example.com/" + "x" * 2000, False),
        ("", False),
        (None, False),
    ],
)
def test_links_lead_to_addresses_alone(url: str | None, taken: bool) -> None:
    assert link_of(url) == (url if taken else None)


def test_pasted_pictures_are_left_out() -> None:
    body = f"Look: ![photo](data:image/png;base64,{'A' * 50_000}) and [this](https://example.com/data:image/)."
    assert body_of(item(body=body)) == "Look: ![photo]() and [this](https://example.com/data:image/)."


@given(st.text(), st.integers(-5, 200), st.integers(1, 5))
def test_what_is_shortened_fits(text: str, room: int, factor: int) -> None:
    kept = shorten(text, room, lambda kept: len(kept) * factor)
    assert len(kept) * factor <= max(room, 0)
    if len(text) * factor <= room:
        assert kept == text


def test_most_of_the_room_is_used() -> None:
    text = "The brake pads of the front axle are worn. " * 100
    kept = shorten(text, 1000, lambda kept: len(kept.replace(" ", "&nbsp;")))
    assert kept.endswith("…")
    assert 800 < len(kept.replace(" ", "&nbsp;")) <= 1000
