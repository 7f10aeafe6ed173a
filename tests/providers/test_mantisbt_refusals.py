"""What MantisBT asks for, does not take, does not do, or did without our hearing of it."""

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
    CredentialRefused,
    Delivered,
    ItemRejected,
    ObjectRightMissing,
    ProviderError,
    RightMissing,
    VendorLimited,
    VendorUnavailable,
    Verified,
)
from support.recorded import MARKER, case, provider_at
from support.vendor import Answer, Asked, Behaviour, routed

SETTINGS = {"base_url": "{url}", "project": "Depot"}
STATUSES = "10:new,20:feedback,50:assigned,80:resolved,90:closed"
OPTIONS = {"allow_no_category": 1, "report_bug_threshold": 25, "update_bug_threshold": 40}
LISTED = {"id": 4, "name": "depot"}
PROJECT = {**LISTED, "access_level": {"id": 55, "name": "developer"}, "categories": [{"id": 1, "name": "General"}]}


def told(status: int, message: str, code: int | None = None) -> Answer:
    return Answer.of({"message": message} | ({} if code is None else {"code": code}), status)


def issue(number: int, name: str, **members: Any) -> dict[str, Any]:
    return {"id": 42, "status": {"id": number, "name": name}, **members}


def server(*routes: Any, options: dict[str, Any] | None = None, project: dict[str, Any] | None = None) -> Behaviour:
    """A server with one project; the routes come before its own."""
    user = {"id": 7, "name": "ada", "projects": [{"id": 3, "name": "Yard"}, LISTED]}
    return routed(
        *routes,
        ("GET", r"/users/me$", Answer.of(user)),
        ("GET", r"/projects/4$", Answer.of({"projects": [PROJECT if project is None else project]})),
        ("GET", r"/config\?option%5B%5D=allow_no_category", Answer.of({"configs": OPTIONS | (options or {})})),
        ("GET", r"/config\?option%5B%5D=status", Answer.of({"configs": {"status_enum_string": STATUSES}})),
        ("GET", r"/issues/42\?", Answer.of({"issues": [issue(10, "new")]})),
        ("POST", r"/issues$", Answer.of({"issue": issue(10, "new")}, 201)),
        ("PATCH", r"/issues/42$", Answer.of({"issues": [issue(10, "new")]})),
    )


async def called(
    behaviour: Behaviour, *, call: str = "deliver", settings: dict[str, str] | None = None, **members: Any
) -> tuple[Any, list[Asked]]:
    one = dataclasses.replace(
        case("mantisbt", "deliver_created"), call=call, configuration={**SETTINGS, **(settings or {})}, **members
    )
    async with provider_at(one, behaviour) as (provider, connection, there):
        try:
            return await getattr(provider, call)(connection, *one.arguments()), there.seen
        except ProviderError as error:
            return error, there.seen


@pytest.mark.parametrize(
    ("options", "category", "field"),
    [
        ({"allow_no_category": 0}, "", "category"),
        ({"allow_no_category": False}, "", "category"),
        ({"allow_no_category": 0}, "Paint", "category"),
        ({"allow_no_category": 1}, "Paint", "category"),
        ({"allow_no_category": 0}, "general", None),
        ({"allow_no_category": 1}, "", None),
        ({}, "", None),
    ],
)
def test_a_category_is_asked_for_at_verification(options: dict[str, Any], category: str, field: str | None) -> None:
    came, _ = asyncio.run(called(server(options=options), call="verify", settings={"category": category}))
    if field is None:
        assert isinstance(came, Verified)
    else:
        assert type(came) is ConfigurationRejected
        assert came.field == field
        assert "General" in str(came)


@pytest.mark.parametrize(
    ("level", "options", "right"),
    [
        (25, {}, "update_bug_threshold"),
        (10, {}, "report_bug_threshold"),
        (55, {"update_bug_threshold": [40, 70]}, "update_bug_threshold"),
        (40, {}, None),
        (70, {"update_bug_threshold": [40, 70]}, None),
        (None, {}, None),
    ],
)
def test_the_rights_in_the_project_are_proven_at_verification(
    level: int | None, options: dict[str, Any], right: str | None
) -> None:
    project = {**PROJECT, "access_level": None if level is None else {"id": level}}
    came, _ = asyncio.run(called(server(options=options, project=project), call="verify"))
    if right is None:
        assert isinstance(came, Verified)
    else:
        assert type(came) is RightMissing
        assert right in came.right


@pytest.mark.parametrize("answer", [told(404, "Not found"), Answer(403), told(400, "No")])
def test_a_server_that_keeps_its_options_to_itself_can_be_used(answer: Answer) -> None:
    came, _ = asyncio.run(called(server(("GET", "/config", answer)), call="verify"))
    assert isinstance(came, Verified)


def test_one_project_is_read_and_not_all_of_them() -> None:
    _, seen = asyncio.run(called(server(), call="verify"))
    assert [asked.path.partition("?")[0] for asked in seen] == [
        "/api/rest/users/me",
        "/api/rest/projects/4",
        "/api/rest/config",
    ]


def test_a_list_of_projects_that_is_too_long_says_to_enter_the_number() -> None:
    endless = Answer.of({"projects": [{"id": 1, "name": "x" * 900}] * 3000})
    behaviour = server(("GET", r"/projects$", endless))
    came, _ = asyncio.run(called(behaviour, call="verify", settings={"project": "Below another"}))
    assert type(came) is ConfigurationRejected
    assert came.field == "project"
    assert "number" in str(came)


READ_ONLY = [
    told(403, "Issue '42' is readonly"),
    told(403, "Issue '42' is read-only.", 1103),
    told(403, "Access denied for user ada. Reason: Issue '42' is readonly."),
    told(403, "Zugriff verweigert", 1103),
    told(403, "Access denied", 13),
]


@pytest.mark.parametrize("answer", READ_ONLY)
@pytest.mark.parametrize("status", ["open", "in_progress", "closed"])
def test_a_resolved_issue_that_may_not_be_changed_holds_that_delivery(answer: Answer, status: str) -> None:
    resolved = Answer.of({"issues": [issue(80, "resolved")]})
    behaviour = server(("GET", r"/issues/42\?", resolved), ("PATCH", "", answer))
    came, _ = asyncio.run(called(behaviour, delivery={"vendor_id": "42"}, item={"status": status}))
    assert type(came) is ObjectRightMissing
    assert "update_readonly_bug_threshold" in (came.right or "")


@pytest.mark.parametrize(("level", "kind"), [(55, ObjectRightMissing), (25, RightMissing)])
def test_a_right_that_is_missing_for_one_issue_is_not_missing_for_all(level: int, kind: type[ProviderError]) -> None:
    behaviour = server(
        ("PATCH", "", told(403, "Access denied for user ada. Reason: Not enough rights to update issues.")),
        project={**PROJECT, "access_level": {"id": level}},
    )
    came, _ = asyncio.run(called(behaviour, delivery={"vendor_id": "42"}))
    assert type(came) is kind


def test_an_issue_that_the_user_may_not_see_is_one_issue() -> None:
    hidden = ("GET", r"/issues/42\?", told(403, "Access denied"))
    came, _ = asyncio.run(called(server(hidden), delivery={"vendor_id": "42"}))
    assert type(came) is ObjectRightMissing
    gone = ("GET", r"/users/me$", told(403, "API token not found"))
    came, _ = asyncio.run(called(server(gone, hidden), delivery={"vendor_id": "42"}))
    assert type(came) is CredentialRefused


@pytest.mark.parametrize(
    ("answer", "kind", "field"),
    [
        (told(400, "Field 'description' must not be longer than 65535 characters", 28), ItemRejected, None),
        (told(400, "Summary not specified", 11), ItemRejected, None),
        (told(400, "Invalid value for field 'priority'", 29), ItemRejected, None),
        (told(400, "Ungültiger Wert", 29), ItemRejected, None),
        (told(400, "", None), ItemRejected, None),
        (told(400, "Category field must be supplied.", 11), ConfigurationRejected, "category"),
        (told(400, 'Category \'{"name":"Paint"}\' not found.'), ConfigurationRejected, "category"),
        (told(400, "Kategorie unbekannt", 1503), ConfigurationRejected, "category"),
        (told(404, "Project '9' not found", 700), ConfigurationRejected, "project"),
        (told(400, "Mandatory custom field 'Root cause' was not supplied"), ConfigurationRejected, "project"),
        (told(429, "Spam?", 27), VendorLimited, None),
        (told(500, "Database query failed", 401), VendorUnavailable, None),
    ],
)
def test_each_error_is_about_the_item_or_the_setting(
    answer: Answer, kind: type[ProviderError], field: str | None
) -> None:
    came, _ = asyncio.run(called(server(("POST", "/issues$", answer))))
    assert type(came) is kind
    assert getattr(came, "field", None) == field


@pytest.mark.parametrize(
    "answer",
    [
        told(403, "User '7' can't be assigned issues.", 13),
        told(400, "Invalid value for field 'status'", 1303),
        told(400, "Issue '42' not all dependent issues have been resolved.", 1104),
    ],
)
@pytest.mark.parametrize("vendor_id", [None, "42"])
def test_a_status_that_is_refused_is_told_and_the_rest_is_delivered(answer: Answer, vendor_id: str | None) -> None:
    def write(asked: Asked) -> Answer:
        if "status" in json.loads(asked.body):
            return answer
        found = issue(50, "assigned")
        return Answer.of({"issue": found}, 201) if asked.method == "POST" else Answer.of({"issues": [found]})

    behaviour = server(("POST", "/issues$", write), ("PATCH", "", write))
    came, _ = asyncio.run(called(behaviour, item={"status": "closed"}, delivery={"vendor_id": vendor_id}))
    assert isinstance(came, Delivered)
    assert came.status is ItemStatus.IN_PROGRESS
    assert came.not_done is not None
    assert json.loads(answer.body)["message"] in came.not_done


@pytest.mark.parametrize("vendor_id", [None, "42"])
def test_a_workflow_that_leads_elsewhere_is_told(vendor_id: str | None) -> None:
    found = issue(20, "feedback")
    behaviour = server(
        ("POST", "/issues$", Answer.of({"issue": found}, 201)), ("PATCH", "", Answer.of({"issues": [found]}))
    )
    came, _ = asyncio.run(called(behaviour, item={"status": "closed"}, delivery={"vendor_id": vendor_id}))
    assert came.status is ItemStatus.OPEN
    assert came.not_done == "MantisBT did not change the status to Closed: it is feedback now"


def reported(count: int, marked: int, since: datetime) -> Behaviour:
    """So many issues were reported since then, of which that one has the marker, and a hundred long before."""

    def page(asked: Asked) -> Answer:
        number = int(re.findall(r"page=(\d+)", asked.path.replace("page_size", ""))[0])
        issues = []
        for place in range((number - 1) * 50, min(number * 50, count + 100)):
            moment = since if place < count else since - timedelta(days=30)
            marker = f"jackfield-{MARKER}" if place == marked else ""
            issues.append({"id": place + 1, "additional_information": marker, "updated_at": moment.isoformat()})
        return Answer.of({"issues": issues})

    there = ("GET", r"/issues/\d+\?", lambda asked: Answer.of({"issues": [{"id": int(asked.path[17:].split("?")[0])}]}))
    return server(("GET", r"/issues\?", page), there, ("PATCH", "", Answer.of({})))


@pytest.mark.parametrize("marked", [0, 199, 200, 999, 1010])
def test_what_a_lost_answer_created_is_looked_for_as_far_back_as_the_doubtful_try(marked: int) -> None:
    since = datetime.now(UTC) - timedelta(hours=70)
    delivery = {"retried": True, "since": since.isoformat()}
    came, _ = asyncio.run(called(reported(1010, marked, since), delivery=delivery))
    assert came.vendor_id == str(marked + 1 if marked < 1010 else 1011)


def test_older_ones_are_not_looked_through() -> None:
    since = datetime.now(UTC)
    _, seen = asyncio.run(called(reported(0, -1, since), delivery={"retried": True, "since": since.isoformat()}))
    assert len([asked for asked in seen if "filter_id=reported" in asked.path]) <= 4


@pytest.mark.parametrize("vendor_id", [None, "42"])
def test_characters_beyond_the_first_65536_go_as_they_are(vendor_id: str | None) -> None:
    _, seen = asyncio.run(called(server(), item={"title": "Brake 🚗"}, delivery={"vendor_id": vendor_id}))
    sent = [json.loads(asked.body) for asked in seen if asked.body]
    assert [body["summary"] for body in sent] == ["Brake 🚗"]


@pytest.mark.parametrize("vendor_id", [None, "42"])
def test_they_are_replaced_where_the_database_refuses_them(vendor_id: str | None) -> None:
    def write(asked: Asked) -> Answer:
        if "🚗" in json.loads(asked.body)["summary"]:
            return told(500, "Incorrect string value", 401)
        found = issue(10, "new")
        return Answer.of({"issue": found}, 201) if asked.method == "POST" else Answer.of({"issues": [found]})

    behaviour = server(("POST", "/issues$", write), ("PATCH", "", write))
    came, seen = asyncio.run(called(behaviour, item={"title": "Brake 🚗"}, delivery={"vendor_id": vendor_id}))
    assert came.vendor_id == "42"
    assert json.loads(seen[-1].body)["summary"] == "Brake \ufffd"


@pytest.mark.parametrize("vendor_id", [None, "42"])
def test_a_text_that_was_cut_off_at_such_a_character_is_written_again(vendor_id: str | None) -> None:
    def write(asked: Asked) -> Answer:
        body = json.loads(asked.body)
        found = issue(10, "new", summary=body["summary"].partition("🚗")[0], description=body["description"])
        return Answer.of({"issue": found}, 201) if asked.method == "POST" else Answer.of({"issues": [found]})

    behaviour = server(("POST", "/issues$", write), ("PATCH", "", write))
    came, seen = asyncio.run(called(behaviour, item={"title": "Brake 🚗 left"}, delivery={"vendor_id": vendor_id}))
    assert came.vendor_id == "42"
    assert json.loads(seen[-1].body)["summary"] == "Brake \ufffd left"
