"""What a lost answer may have created is looked for as far back as the doubtful try, and no further."""

import asyncio
import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from support.recorded import MARKER, case, provider_at
from support.vendor import Answer, Asked

#: when the doubtful try was made, by our clock
SINCE = datetime(2026, 11, 30, 12, tzinfo=UTC)
HIDDEN = f"<!-- jackfield:{MARKER} -->"


def moment(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def github_issue(number: int, text: str, at: datetime) -> dict[str, Any]:
    return {"number": number, "state": "open", "body": text, "created_at": moment(at)}


def gitlab_issue(number: int, text: str, at: datetime) -> dict[str, Any]:
    return {"iid": number, "state": "opened", "description": text, "created_at": moment(at)}


def sentry_comment(number: int, text: str, at: datetime) -> dict[str, Any]:
    return {"id": str(number), "data": {"text": text}, "dateCreated": moment(at)}


MAKES: dict[str, Callable[[int, str, datetime], dict[str, Any]]] = {
    "github": github_issue,
    "gitlab": gitlab_issue,
    "sentry": sentry_comment,
}


class Vendor:
    """Has `newer` objects, one a second, that came after the one with the marker; `skew`: its clock is ahead by so
    many seconds. `there`: it has the one with the marker."""

    def __init__(self, slug: str, newer: int, *, there: bool = True, skew: float = 0.0, older: int = 300) -> None:
        self.slug = slug
        self.skew = timedelta(seconds=skew)
        began = SINCE + self.skew
        made = [MAKES[slug](5000 - at, "somebody's", began + timedelta(seconds=newer - at)) for at in range(newer)]
        if there:
            made.append(MAKES[slug](777, f"ours {HIDDEN}", began + timedelta(seconds=1)))
        made += [MAKES[slug](700 - at, "old", began - timedelta(hours=1 + at)) for at in range(older)]
        self.objects = made
        self.pages = 0
        self.created = 0
        self.changed: list[str] = []

    async def __call__(self, asked: Asked, writer: asyncio.StreamWriter) -> None:
        answer = self.answer(asked)
        date = format_datetime(datetime.now(UTC) + self.skew, usegmt=True)
        writer.write(Answer(answer.status, {**answer.headers, "Date": date}, answer.body).to_bytes())
        await writer.drain()

    def answer(self, asked: Asked) -> Answer:
        path, query = urlsplit(asked.path).path, parse_qs(urlsplit(asked.path).query)
        if asked.method == "GET" and path.rstrip("/").endswith(("/issues", "/comments")):
            return self.page(query)
        if self.slug == "sentry" and not path.rstrip("/").partition("/comments")[1]:
            return Answer.of({"id": "4711", "status": "unresolved"})
        if path.endswith("/labels"):
            return Answer.of([])
        if asked.method == "POST":
            self.created += 1
            return Answer.of(MAKES[self.slug](9000, "new", SINCE), 201)
        self.changed.append(path.rstrip("/").rpartition("/")[2])
        return Answer.of(MAKES[self.slug](777, "ours", SINCE))

    def page(self, query: dict[str, list[str]]) -> Answer:
        self.pages += 1
        if self.slug == "sentry":
            start = int(query.get("cursor", ["0:0:0"])[0].split(":")[1])
            more = str(start + 100 < len(self.objects)).lower()
            link = (
                f'<https://sentry.example.com/?&cursor=0:{max(0, start - 100)}:1>; rel="previous"; results="false"; '
                f'cursor="0:{max(0, start - 100)}:1", <https://sentry.example.com/?&cursor=0:{start + 100}:0>; '
                f'rel="next"; results="{more}"; cursor="0:{start + 100}:0"'
            )
            return Answer.of(self.objects[start : start + 100], headers={"Link": link})
        size = int(query["per_page"][0])
        start = (int(query["page"][0]) - 1) * size
        return Answer.of(self.objects[start : start + size])


async def retry(there: Vendor, since: datetime | None = SINCE) -> str:
    recorded = case(there.slug, "deliver_retried_found")
    recorded = dataclasses.replace(
        recorded, delivery={**recorded.delivery, "since": None if since is None else since.isoformat()}
    )
    async with provider_at(recorded, there) as (provider, connection, _):
        made: Any = provider
        delivered = await made.deliver(connection, *recorded.arguments())
        return str(delivered.vendor_id)


@pytest.mark.parametrize("slug", MAKES)
@pytest.mark.parametrize("newer", [0, 61, 150, 1_000])
def test_what_a_lost_answer_created_is_found_behind_a_whole_burst(slug: str, newer: int) -> None:
    there = Vendor(slug, newer)
    assert asyncio.run(retry(there)).endswith("777")
    assert (there.created, there.changed[:1]) == (0, ["777"])


@pytest.mark.parametrize("slug", MAKES)
@pytest.mark.parametrize("skew", [-86_400, -90, 90, 86_400])
def test_it_is_found_whatever_the_clocks_say(slug: str, skew: float) -> None:
    there = Vendor(slug, 400, skew=skew)
    assert asyncio.run(retry(there)).endswith("777")
    assert there.created == 0


@pytest.mark.parametrize("slug", MAKES)
def test_what_is_not_there_is_not_looked_for_before_the_doubtful_try(slug: str) -> None:
    there = Vendor(slug, 200, there=False, older=5_000)
    asyncio.run(retry(there))
    assert there.created == 1
    # all that came after it, one page of what was before, and for GitHub and GitLab at least three pages
    assert there.pages <= 200 // (100 if slug == "sentry" else 20) + 2


@pytest.mark.parametrize("slug", MAKES)
def test_the_search_ends_when_nobody_knows_when_the_try_was(slug: str) -> None:
    there = Vendor(slug, 3_000, there=False)
    asyncio.run(retry(there, since=None))
    assert there.created == 1
    assert there.pages <= 3
