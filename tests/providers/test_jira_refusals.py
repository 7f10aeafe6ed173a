"""What Jira does not take, does not do, or did without our hearing of it."""

import asyncio
import dataclasses
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from jackfield.domain.item import ItemStatus
from jackfield.domain.provider import (
    ConfigurationRejected,
    Delivered,
    ItemRejected,
    ObjectRightMissing,
    OurFault,
    ProviderError,
    RightMissing,
    UnknownRefusal,
    VendorUnavailable,
)
from jackfield.providers._units import utf16_length
from support.recorded import MARKER, case, provider_at
from support.vendor import Answer, Asked, Behaviour, routed

SETTINGS = {"base_url": "{url}", "project_key": "ENG"}
MADE = Answer.of({"id": "7", "key": "ENG-7"}, 201)
GRANTED = Answer.of({"permissions": {name: {"havePermission": True} for name in ("CREATE_ISSUES", "EDIT_ISSUES")}})


def refused(status: int = 400, *messages: str, **errors: str) -> Answer:
    return Answer.of({"errorMessages": messages, "errors": errors}, status)


def issue(category: str, name: str = "Somewhere") -> Answer:
    fields = {"status": {"name": name, "statusCategory": {"key": category}}}
    return Answer.of({"id": "7", "key": "ENG-7", "fields": fields})


async def delivered(
    behaviour: Behaviour, item: dict[str, Any] | None = None, **delivery: Any
) -> tuple[Any, list[Asked]]:
    one = dataclasses.replace(
        case("jira", "deliver_created"), configuration=SETTINGS, item=item or {}, delivery=delivery
    )
    async with provider_at(one, behaviour) as (provider, connection, there):
        try:
            return await provider.deliver(connection, *one.arguments()), there.seen
        except ProviderError as error:
            return error, there.seen


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("description", "The entered text is too long. It exceeds the allowed limit of 32,767 characters."),
        ("description", "Field 'description' cannot be set. It is not on the appropriate screen, or unknown."),
        ("summary", "The summary is invalid because it contains newline characters."),
        ("summary", "Summary must be less than 255 characters."),
        ("labels", "The label 'two words' contains spaces which is invalid."),
        ("priority", "The priority selected is invalid."),
    ],
)
@pytest.mark.parametrize("vendor_id", [None, "7"])
def test_what_one_item_has_holds_that_item_with_the_vendors_reason(
    field: str, words: str, vendor_id: str | None
) -> None:
    no = refused(**{field: words})
    behaviour = routed(
        ("GET", "/mypermissions", GRANTED), ("GET", "/issue/7", issue("new")), ("POST", "", no), ("PUT", "", no)
    )
    came, _ = asyncio.run(delivered(behaviour, vendor_id=vendor_id))
    assert type(came) is ItemRejected
    assert words[:60] in str(came)


@pytest.mark.parametrize(
    ("errors", "field"),
    [
        ({"project": "valid project is required"}, "project_key"),
        ({"pid": "project is required"}, "project_key"),
        ({"issuetype": "Specify an issue type"}, "issue_type"),
        ({"parent": "Issue type is a sub-task but parent issue key or id not specified."}, "issue_type"),
        ({"customfield_10099": "Root cause is required."}, "issue_type"),
        ({"components": "Component/s is required.", "duedate": "Due date is required."}, "issue_type"),
        ({"issuetype": "The issue type selected is invalid.", "summary": "No."}, "issue_type"),
    ],
)
def test_what_the_project_asks_for_is_a_matter_of_the_settings(errors: dict[str, str], field: str) -> None:
    came, _ = asyncio.run(delivered(routed(("POST", "", refused(**errors)))))
    assert type(came) is ConfigurationRejected
    assert came.field == field


def test_fields_that_one_old_issue_lacks_are_about_that_issue() -> None:
    no = refused(customfield_10099="Root cause is required.")
    came, _ = asyncio.run(delivered(routed(("GET", "/issue/7", issue("new")), ("PUT", "", no)), vendor_id="7"))
    assert type(came) is ItemRejected
    assert "Root cause is required." in str(came)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (refused(413, "Too large"), ItemRejected),
        (refused(422, "The project is broken"), ConfigurationRejected),
        (refused(409, "Somebody was faster"), VendorUnavailable),
        (refused(400, "INVALID_INPUT"), OurFault),
        (refused(415), OurFault),
        (refused(418, "teapot"), UnknownRefusal),
    ],
)
def test_each_status_is_what_it_says(answer: Answer, kind: type[ProviderError]) -> None:
    came, _ = asyncio.run(delivered(routed(("POST", "", answer))))
    assert type(came) is kind


def test_a_title_that_cannot_be_set_is_the_way_in_which_jira_tells_of_a_missing_right() -> None:
    no = refused(summary="Field 'summary' cannot be set. It is not on the appropriate screen, or unknown.")
    denied = Answer.of({"permissions": {"CREATE_ISSUES": {"havePermission": False}}})
    came, _ = asyncio.run(delivered(routed(("POST", "", no), ("GET", "/mypermissions", denied))))
    assert type(came) is RightMissing


@pytest.mark.parametrize(
    ("key", "may_edit", "kind"),
    [("ENG-7", True, ObjectRightMissing), ("ENG-7", False, RightMissing), ("HR-7", False, ObjectRightMissing)],
)
def test_a_right_that_one_issue_lacks_holds_that_delivery_only(
    key: str, may_edit: bool, kind: type[ProviderError]
) -> None:
    found = Answer.of({"id": "7", "key": key, "fields": {"status": {"statusCategory": {"key": "new"}}}})
    rights = {"CREATE_ISSUES": {"havePermission": True}, "EDIT_ISSUES": {"havePermission": may_edit}}
    behaviour = routed(
        ("GET", "/issue/7", found),
        ("PUT", "", refused(403, "You cannot edit this issue in this status.")),
        ("GET", "/mypermissions", Answer.of({"permissions": rights})),
    )
    came, _ = asyncio.run(delivered(behaviour, vendor_id="7"))
    assert type(came) is kind


DONE = {"id": "31", "to": {"name": "Done", "statusCategory": {"key": "done"}}, "hasScreen": False}
WONT = {"id": "41", "to": {"name": "Won't do", "statusCategory": {"key": "done"}}, "hasScreen": True}
DOING = {"id": "21", "to": {"name": "Doing", "statusCategory": {"key": "indeterminate"}}}


@pytest.mark.parametrize(
    ("offered", "answer", "words"),
    [
        ([], Answer(204), "no transition"),
        ([DOING], Answer(204), "no transition"),
        ([DONE], refused(resolution="Resolution is required."), "Resolution is required."),
        ([WONT], refused(400, "Field Root Cause is required."), "Root Cause is required"),
        ([DONE], refused(403, "You are not the reviewer"), "not the reviewer"),
        ([DONE], refused(404, "Not found"), "Not found"),
        ([DONE], refused(409, "The issue is being changed"), "being changed"),
        ([DONE], Answer(204), "led to Awaiting sign-off"),
    ],
)
@pytest.mark.parametrize("vendor_id", [None, "7"])
def test_a_change_of_status_that_jira_did_not_make_is_told_with_the_reason(
    offered: list[dict[str, Any]], answer: Answer, words: str, vendor_id: str | None
) -> None:
    behaviour = routed(
        ("POST", "/issue$", MADE),
        ("PUT", "/issue/7", Answer(204)),
        ("GET", "/transitions", Answer.of({"transitions": offered})),
        ("POST", "/transitions", answer),
        ("GET", "/issue/7", issue("indeterminate", "Awaiting sign-off")),
    )
    came, _ = asyncio.run(delivered(behaviour, {"status": "closed"}, vendor_id=vendor_id))
    assert isinstance(came, Delivered)
    assert came.status is ItemStatus.IN_PROGRESS
    assert came.not_done is not None
    assert came.not_done.startswith("Jira did not change the status to Closed: ")
    assert words in came.not_done


def test_another_transition_is_tried_when_the_first_one_asks_for_more() -> None:
    def move(asked: Asked) -> Answer:
        wanted = json.loads(asked.body)["transition"]["id"]
        return Answer(204) if wanted == "41" else refused(resolution="Resolution is required.")

    behaviour = routed(
        ("POST", "/issue$", MADE),
        ("GET", "/transitions", Answer.of({"transitions": [DONE, WONT]})),
        ("POST", "/transitions", move),
        ("GET", "/issue/7", issue("done")),
    )
    came, _ = asyncio.run(delivered(behaviour, {"status": "closed"}))
    assert came == Delivered(vendor_id="7", url=came.url)


def pages_of(count: int, marked: int) -> Behaviour:
    """An index that has so many issues of the account, the one of that number with the marker, 100 to a page."""

    def search(asked: Asked) -> Answer:
        wanted = json.loads(asked.body)
        if "creator = currentUser()" not in wanted["jql"]:
            return Answer.of({"issues": [{"id": str(count), "key": f"ENG-{count}"}]})
        start = int(wanted.get("nextPageToken", "0"))
        found = [found_issue(number, marked) for number in range(start + 1, min(start + 100, count) + 1)]
        more = {"nextPageToken": str(start + 100)} if start + 100 < count else {}
        return Answer.of({"issues": found, **more})

    def bulk(asked: Asked) -> Answer:
        numbers = [int(key.rpartition("-")[2]) for key in json.loads(asked.body)["issueIdsOrKeys"]]
        return Answer.of({"issues": [found_issue(one, marked) for one in numbers if count < one <= count + 250]})

    return routed(
        ("POST", "/search/jql", search),
        ("POST", "/bulkfetch", bulk),
        ("POST", "/issue$", MADE),
        ("GET", r"/issue/\d+", lambda asked: known_issue(asked.path)),
        ("PUT", r"/issue/\d+", Answer(204)),
    )


def found_issue(number: int, marked: int) -> dict[str, Any]:
    properties = {"jackfield": {"marker": MARKER}} if number == marked else {}
    return {"id": str(number), "key": f"ENG-{number}", "properties": properties}


def known_issue(path: str) -> Answer:
    number = re.search(r"/issue/(\d+)", path)
    assert number is not None
    fields = {"status": {"statusCategory": {"key": "new"}}}
    return Answer.of({"id": number[1], "key": f"ENG-{number[1]}", "fields": fields})


@pytest.mark.parametrize("marked", [1, 100, 101, 999, 1001, 1100, 1101, 1250])
def test_what_a_lost_answer_created_is_found_among_a_thousand_newer_ones(marked: int) -> None:
    since = (datetime.now(UTC) - timedelta(hours=50)).isoformat()
    came, seen = asyncio.run(delivered(pages_of(1000, marked), retried=True, since=since))
    assert came.vendor_id == str(marked)
    jql = json.loads(seen[0].body)["jql"]
    minutes = int(re.findall(r'created >= "-(\d+)m"', jql)[0])
    assert 50 * 60 <= minutes <= 50 * 60 + 30


def test_what_no_lost_answer_created_is_created() -> None:
    came, _ = asyncio.run(delivered(pages_of(250, 0), retried=True, since=datetime.now(UTC).isoformat()))
    assert came.vendor_id == "7"


@pytest.mark.parametrize("letter", ["a", "é", "好", "😀", "👩‍👩‍👧‍👦"])
def test_lengths_are_counted_in_utf16_units(letter: str) -> None:
    _, seen = asyncio.run(
        delivered(
            routed(("POST", "", MADE)), {"title": letter * 300, "body": letter * 40_000, "labels": [letter * 300]}
        )
    )
    fields = json.loads(seen[0].body)["fields"]
    assert 150 < utf16_length(fields["summary"]) <= 255
    assert 150 < utf16_length(fields["labels"][0]) <= 255
    description = json.dumps(fields["description"], ensure_ascii=False, separators=(",", ":"))
    assert 10_000 < utf16_length(description) <= 32_767
