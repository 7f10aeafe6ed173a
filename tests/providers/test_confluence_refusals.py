"""What Confluence does not take of one page, and what it did without our hearing of it."""

import asyncio
import dataclasses
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from jackfield.domain.provider import ConfigurationRejected, ItemRejected, ObjectRightMissing, ProviderError
from jackfield.providers._units import utf16_length
from support.recorded import MARKER, case, provider_at
from support.vendor import Answer, Asked, Behaviour, routed

SETTINGS = {"base_url": "{url}", "space_id": "5"}
NOTHING = Answer.of({"results": [], "_links": {}})
NO_SPACE = Answer.of({"errors": [{"status": 404, "code": "NOT_FOUND", "title": "Not Found", "detail": None}]}, 404)


def refused(status: int, title: str) -> Answer:
    return Answer.of({"errors": [{"status": status, "code": "INVALID_REQUEST_PARAMETER", "title": title}]}, status)


def page(number: int, title: str = "A page", text: str = "", **members: Any) -> dict[str, Any]:
    storage = {"storage": {"value": text, "representation": "storage"}}
    return {
        "id": str(number),
        "title": title,
        "status": "current",
        "version": {"number": 3},
        "body": storage,
        **members,
    }


async def delivered(
    behaviour: Behaviour, settings: dict[str, str] | None = None, item: dict[str, Any] | None = None, **delivery: Any
) -> tuple[Any, list[Asked]]:
    one = dataclasses.replace(
        case("confluence", "deliver_created"),
        configuration={**SETTINGS, **(settings or {})},
        item=item or {},
        delivery=delivery,
    )
    async with provider_at(one, behaviour) as (provider, connection, there):
        try:
            return await provider.deliver(connection, *one.arguments()), there.seen
        except ProviderError as error:
            return error, there.seen


@pytest.mark.parametrize(
    "title",
    [
        "Title is too long in this space",
        "No space or no content type, or setup a wrong version type set to content",
        "Error parsing xhtml of the page 'Parent space'",
        "Content body cannot be converted",
    ],
)
@pytest.mark.parametrize("status", [400, 413, 422])
def test_what_one_page_has_holds_that_page_whatever_words_the_reason_has(title: str, status: int) -> None:
    behaviour = routed(("POST", "/pages", refused(status, title)), ("GET", "/pages", NOTHING))
    came, _ = asyncio.run(delivered(behaviour))
    assert type(came) is ItemRejected
    assert title[:30] in str(came)


@pytest.mark.parametrize(
    ("title", "settings", "space", "field"),
    [
        ("Space not found", {}, NO_SPACE, "space_id"),
        ("Parent page not found", {"parent_id": "9"}, NOTHING, "parent_id"),
        ("Cannot create under this", {"parent_id": "9"}, NO_SPACE, "space_id"),
    ],
)
@pytest.mark.parametrize("status", [400, 404])
def test_a_setting_is_named_when_it_is_the_setting(
    title: str, settings: dict[str, str], space: Answer, field: str, status: int
) -> None:
    behaviour = routed(
        ("POST", "/pages", refused(status, title)), ("GET", "/spaces/5/pages", space), ("GET", "/pages", NOTHING)
    )
    came, _ = asyncio.run(delivered(behaviour, settings))
    assert type(came) is ConfigurationRejected
    assert came.field == field


def test_titles_that_are_all_taken_are_no_matter_of_the_space() -> None:
    taken = refused(400, "A page with this title already exists: A page already exists in the space with key ENG")
    found = Answer.of(page(7))
    came, _ = asyncio.run(delivered(routed(("PUT", "", taken), ("GET", "/pages/7", found)), vendor_id="7"))
    assert type(came) is ItemRejected


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_a_page_that_people_restricted_is_one_page(method: str) -> None:
    behaviour = routed((method, "/pages/7", refused(403, "Forbidden")), ("GET", "/pages/7", Answer.of(page(7))))
    came, _ = asyncio.run(delivered(behaviour, vendor_id="7"))
    assert type(came) is ObjectRightMissing


def space_of(count: int, marked: int, since: datetime) -> Behaviour:
    """So many pages were created since then, a second apart; that one is ours, under a title that it has no more."""

    def listed(asked: Asked) -> Answer:
        query = parse_qs(urlsplit(asked.path).query)
        start, size = int(query.get("cursor", ["0"])[0]), int(query["limit"][0])
        newest_first = list(range(count, 0, -1))
        some = [
            {"id": str(number), "createdAt": (since + timedelta(seconds=number)).isoformat()}
            for number in newest_first[start : start + size]
        ]
        more = {"next": f"/wiki/api/v2/spaces/5/pages?cursor={start + size}"} if start + size < count else {}
        return Answer.of({"results": some, "_links": more})

    def pages(asked: Asked) -> Answer:
        wanted = parse_qs(urlsplit(asked.path).query).get("id", [""])[0]
        found = [
            page(int(one), text=f"jackfield-{MARKER}" if int(one) == marked else "") for one in wanted.split(",") if one
        ]
        return Answer.of({"results": found})

    return routed(
        ("GET", "/spaces/5/pages", listed),
        ("GET", r"/pages\?", pages),
        ("GET", r"/pages/\d+$", Answer.of(page(marked))),
        ("PUT", r"/pages/\d+$", Answer.of(page(marked))),
        ("POST", r"/pages$", Answer.of(page(99999))),
    )


@pytest.mark.parametrize(("count", "marked"), [(1, 1), (30, 30), (30, 1), (600, 3), (600, 90)])
def test_what_a_lost_answer_created_is_found_though_the_item_has_another_title_now(count: int, marked: int) -> None:
    since = datetime.now(UTC) - timedelta(hours=20)
    came, _ = asyncio.run(delivered(space_of(count, marked, since), retried=True, since=since.isoformat()))
    assert came.vendor_id == str(marked)


def test_what_no_lost_answer_created_is_created() -> None:
    since = datetime.now(UTC) - timedelta(hours=20)
    came, seen = asyncio.run(delivered(space_of(600, 0, since), retried=True, since=since.isoformat()))
    assert came.vendor_id == "99999"
    assert len(seen) < 20


@pytest.mark.parametrize("letter", ["a", "好", "😀"])
def test_lengths_are_counted_in_utf16_units(letter: str) -> None:
    behaviour = routed(("POST", "/pages", Answer.of(page(7))))
    _, seen = asyncio.run(delivered(behaviour, item={"title": letter * 300, "body": letter * 120_000}))
    sent = json.loads(seen[0].body)
    assert 200 < utf16_length(sent["title"]) <= 255
    assert 50_000 < utf16_length(sent["body"]["value"]) <= 100_000
