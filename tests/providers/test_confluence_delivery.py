"""What recorded replies do not show of pages at Confluence: the titles, the budget, the address."""

import asyncio

import pytest

from jackfield.domain.item import Item, ItemType
from jackfield.domain.provider import Budget, Delivered, Delivery, ReadsBack
from jackfield.providers.confluence import Confluence, _titles
from support.recorded import MARKER, case, provider_at
from support.vendor import Answer, answers


def titles(title: str) -> tuple[str, str]:
    return _titles(Delivery(item=Item(type=ItemType.PROJECT, key="P-1", title=title), marker=MARKER))


def test_both_titles_of_a_page_stay_within_the_limit() -> None:
    assert titles(" Two\nlines ") == ("Two lines", "Two lines (01234567)")
    assert titles("  ") == ("P-1", "P-1 (01234567)")
    plain, numbered = titles("x" * 300)
    assert (len(plain), len(numbered)) == (255, 255)
    assert numbered.endswith("… (01234567)")


def test_pages_have_no_state_to_read_back() -> None:
    assert not issubclass(Confluence, ReadsBack)


def test_what_is_left_is_noted() -> None:
    _, budget = asyncio.run(deliver({"X-RateLimit-Remaining": "3", "X-RateLimit-Reset": "2020-01-01T00:00Z"}, {}))
    assert (budget.remaining, budget.seconds) == (3, 0.0)


@pytest.mark.parametrize(
    ("links", "url"),
    [
        ({"base": "https://example.atlassian.net/wiki", "webui": "/x"}, "https://example.atlassian.net/wiki/x"),
        ({"base": "javascript:alert(1)//", "webui": "/x"}, None),
        ({"base": "https://example.atlassian.net/wiki", "webui": "/\n"}, None),
    ],
)
def test_an_address_is_one_that_a_page_can_link_to(links: dict[str, str], url: str | None) -> None:
    delivered, _ = asyncio.run(deliver({}, links))
    assert delivered == Delivered(vendor_id="98765", url=url)


async def deliver(headers: dict[str, str], links: dict[str, str]) -> tuple[Delivered, Budget]:
    one = case("confluence", "deliver_created")
    page = {**one.exchanges[0]["reply"]["json"], "_links": links}
    async with provider_at(one, answers(Answer.of(page, 200, headers))) as (provider, connection, _):
        return await provider.deliver(connection, *one.arguments()), connection.budget
