"""The audit: who did what, when and from where; to look at, and to take along as a file."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

import msgspec
from starlette.responses import Response, StreamingResponse

from jackfield.domain import ids
from jackfield.domain.audit import Action, AuditFilter
from jackfield.domain.errors import Invalid
from jackfield.web.console import queries
from jackfield.web.console.audit_export import MEDIA_TYPES, Format, pieces
from jackfield.web.console.audit_words import GROUPS, PATH, in_words
from jackfield.web.console.view import view
from jackfield.web.pages.browser import Browser
from jackfield.web.pages.form import read_form
from jackfield.web.pages.rendering import QUIET_HEADERS
from jackfield.web.pages.routing import page_route

_PAGE: Final = 50
_FILTERS: Final = ("user", "action", "subject", "since", "until")


class _Asked(msgspec.Struct, frozen=True):
    """What is asked for: as texts, and as what they mean. `flaws` are sentences by the filter's name."""

    texts: Mapping[str, str]
    wanted: AuditFilter
    flaws: Mapping[str, str]


async def show_list(browser: Browser) -> Response:
    query = browser.request.query_params
    asked, before = _asked(query), queries.identity(query, "before")
    # what nobody could have meant is told, since all that there is would be no answer to it
    found = await browser.services.audit_log.list(browser.caller, asked.wanted, before, _PAGE + 1)
    records = [] if asked.flaws else found[:_PAGE]
    has_more = bool(records) and len(found) > _PAGE
    return view(
        browser,
        "audit.html",
        422 if asked.flaws else 200,
        deeds=[in_words(record) for record in records],
        asked={name: text for name, text in asked.texts.items() if text},
        texts=asked.texts,
        flaws=asked.flaws,
        groups=GROUPS,
        first="" if before is None else queries.address(PATH, **asked.texts),
        following=queries.address(PATH, **asked.texts, before=ids.to_hex(records[-1].id)) if has_more else "",
    )


async def export_csv(browser: Browser) -> Response:
    return await _export(browser, Format.CSV)


async def export_json_lines(browser: Browser) -> Response:
    return await _export(browser, Format.JSON_LINES)


async def _export(browser: Browser, kind: Format) -> Response:
    """By a form, not by an address: it is a deed of its own in the audit."""
    form = await read_form(browser.request)
    browser.check_form(form)
    caller = browser.caller
    asked = _asked({name: form.first(name) for name in form})
    if asked.flaws:
        raise Invalid(" ".join(asked.flaws.values()))
    records = await browser.services.audit_log.export(caller, asked.wanted)
    name = f"audit-{browser.session.handle if browser.session else ''}-{datetime.now(UTC):%Y-%m-%d}.{kind}"
    headers = {
        **QUIET_HEADERS,
        "cache-control": "no-store",
        "content-disposition": f'attachment; filename="{name}"',
    }
    return StreamingResponse(pieces(records, kind), headers=headers, media_type=MEDIA_TYPES[kind])


def _asked(query: Mapping[str, str]) -> _Asked:
    texts = {name: queries.text(query, name) for name in _FILTERS}
    flaws: dict[str, str] = {}
    action = queries.choice(texts, "action", Action)
    if texts["action"] and action is None:
        flaws["action"] = "There is no such action."
    wanted = AuditFilter(
        user=texts["user"] or None,
        action=action,
        subject_id=_subject(texts["subject"], flaws),
        since=_day(texts, "since", flaws),
        until=_day_after(_day(texts, "until", flaws)),
    )
    return _Asked(texts, wanted, flaws)


def _subject(text: str, flaws: dict[str, str]) -> int | None:
    """In any of an id's spellings."""
    if not text:
        return None
    for parse in (ids.parse_hex, ids.parse_uuid, ids.parse_decimal):
        try:
            return parse(text)
        except ids.MalformedId:
            continue
    flaws["subject"] = "This is no id. Take one from this page, or from a call."
    return None


def _day(texts: Mapping[str, str], name: str, flaws: dict[str, str]) -> datetime | None:
    """The first moment of a day in UTC."""
    if not texts[name]:
        return None
    try:
        return datetime.combine(date.fromisoformat(texts[name]), time.min, UTC)
    except ValueError:
        flaws[name] = "This is no date. Write it as year-month-day, such as 2026-01-31."
        return None


def _day_after(day: datetime | None) -> datetime | None:
    """None also for the last day that there is: nothing is after it."""
    return None if day is None or day.date() == date.max else day + timedelta(days=1)


ROUTES: Final = [
    page_route(PATH, {"GET": show_list}),
    page_route(f"{PATH}/export.csv", {"POST": export_csv}),
    page_route(f"{PATH}/export.jsonl", {"POST": export_json_lines}),
]
