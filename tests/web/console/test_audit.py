"""The audit in the console: filters, pages, and files to take along."""

import csv
import io
import json
from typing import Any

import pytest

from jackfield.domain.audit import Action
from jackfield.domain.principal import Capability
from jackfield.web.console.audit_words import GROUPS
from support.checked_tenant import CheckedTenant
from support.visitor import FORM_TOKEN, Page, Visitor

PATH = "/console/audit"
CSV = f"{PATH}/export.csv"
JSON_LINES = f"{PATH}/export.jsonl"


@pytest.fixture
def admin(tenant: CheckedTenant) -> Visitor:
    return Visitor(tenant.service).signed_in(tenant.key)


def add(tenant: CheckedTenant, count: int = 1, **columns: Any) -> None:
    """Deeds of somebody, as the service writes them."""
    values = {"actor": "mallory", "action": "integration.updated", "address": "192.0.2.1", "request_id": "r", **columns}
    names = ", ".join(values)
    places = ", ".join(f"${number}" for number in range(3, len(values) + 3))
    tenant.operator.fetch(
        f"insert into audit_entry (organisation_id, subject_ids, fields, {names}) "
        f"select $1, '{{}}', array['field-' || n], {places} from generate_series(1, $2::integer) n",
        tenant.organisation.id,
        count,
        *values.values(),
    )


def csv_rows(page: Page) -> list[list[str]]:
    return list(csv.reader(io.StringIO(page.answer.content.decode(), newline=""), strict=True))


def json_rows(page: Page) -> list[dict[str, Any]]:
    return [json.loads(line) for line in page.answer.content.decode().splitlines()]


def deeds(page: Page) -> int:
    return sum(1 for _ in page.all("tr")) - 1


def test_every_action_is_worded_once() -> None:
    worded = [action for group in GROUPS.values() for action in group]
    assert sorted(worded) == sorted(Action)


def test_deeds_are_told_in_words_with_what_they_were_done_to(admin: Visitor, tenant: CheckedTenant) -> None:
    integration = tenant.hub_integration(name="Code")
    page = admin.get(PATH)
    assert page.status == 200
    assert "Created an integration" in page.text
    assert "Created the organisation" in page.text
    assert "Signed in" in page.text
    assert list(page.all("a", href=f"/console/integrations/{integration['id']}"))
    created = next(one for one in tenant.audit() if one["action"] == Action.INTEGRATION_CREATED)
    assert created["request_id"] in page.text
    assert "/console/audit?subject=" in page.answer.text


def test_deeds_are_filtered(admin: Visitor, tenant: CheckedTenant) -> None:
    first, second = tenant.hub_integration(), tenant.hub_integration()
    assert deeds(admin.get(f"{PATH}?action=integration.created")) == 2
    assert deeds(admin.get(f"{PATH}?subject={first['id']}")) == 1
    number = int(second["id"][8:], 16)
    assert deeds(admin.get(f"{PATH}?subject={number}&user={tenant.user}")) == 1
    assert "No such deeds" in admin.get(f"{PATH}?user=nobody").text
    assert "No such deeds" in admin.get(f"{PATH}?until=2025-01-01").text
    assert "No such deeds" in admin.get(f"{PATH}?since=9999-12-31").text
    everything = deeds(admin.get(PATH))
    assert deeds(admin.get(f"{PATH}?since=2025-01-01&until=9999-12-31")) == everything
    # the form keeps what was asked for
    page = admin.get(f"{PATH}?user=nobody&action=key.revoked")
    assert page.form(PATH).filled({})[:2] == [("user", "nobody"), ("action", "key.revoked")]


@pytest.mark.parametrize(
    "query",
    ["subject=nonsense", "action=nope", "since=yesterday", "until=2026-02-30", "subject=99999999999999999999"],
)
def test_what_cannot_be_asked_for_is_told(admin: Visitor, query: str) -> None:
    page = admin.get(f"{PATH}?{query}")
    assert page.status == 422
    assert "Nothing is shown" in page.text
    assert deeds(page) == -1
    name, _, value = query.partition("=")
    assert page.control(name)["aria-invalid"] == "true"
    token = page.form("/console/sign-out").fields[0][1]
    assert admin.call("POST", CSV, data={FORM_TOKEN: token, name: value}).status == 400


def test_hostile_filters_do_no_harm(admin: Visitor) -> None:
    script = "%22%3E%3Cscript%3Ealert(1)%3C/script%3E"
    for query in (
        f"user={script}",
        f"subject={script}",
        f"action={script}",
        "user=%00",
        "user=" + "x" * 5000,
        "before=zz",
    ):
        page = admin.get(f"{PATH}?{query}")
        assert page.status in {200, 422}, query
        assert "<script>alert" not in page.answer.text


def test_the_audit_has_pages(admin: Visitor, tenant: CheckedTenant) -> None:
    add(tenant, 120)
    first = admin.get(f"{PATH}?user=mallory")
    assert deeds(first) == 50
    [following] = [one["href"] for one in first.all("a", rel="next")]
    second = admin.get(following)
    [following] = [one["href"] for one in second.all("a", rel="next")]
    third = admin.get(following)
    assert [deeds(second), deeds(third)] == [50, 20]
    assert not list(third.all("a", rel="next"))
    assert "field-120" in first.text
    assert "field-1 " in third.text
    assert len(first.answer.content) < 100_000


def test_a_deed_of_very_many_does_not_fill_the_page(admin: Visitor, tenant: CheckedTenant) -> None:
    tenant.operator.fetch(
        "insert into audit_entry (organisation_id, action, actor, address, request_id, subject_ids, fields) "
        "select $1, 'deliveries.retried', 'mallory', '', '', array_agg(n), array_agg('f' || n) "
        "from generate_series(1, 5000) n",
        tenant.organisation.id,
    )
    page = admin.get(f"{PATH}?user=mallory")
    assert "and 4,995 more" in page.text
    assert len(page.answer.content) < 100_000


def test_the_audit_goes_into_a_spreadsheet(admin: Visitor, tenant: CheckedTenant) -> None:
    for user in ('=cmd|"/c calc"!A0', "+1", "-1", "@sum(1)", "\tx", 'quo"ted, and\r\nbroken', "plain é"):
        add(tenant, actor=user)
    page = admin.send(admin.get(f"{PATH}?action=integration.updated"), CSV)
    assert page.status == 200
    headers = page.answer.headers
    assert headers["content-type"] == "text/csv; charset=utf-8; header=present"
    assert headers["content-disposition"].startswith(f'attachment; filename="audit-{tenant.organisation.handle}-')
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    rows = csv_rows(page)
    assert rows[0] == ["id", "at", "user", "action", "subjects", "fields", "address", "request_id", "key"]
    assert [row[2] for row in rows[1:]] == [
        "plain é",
        'quo"ted, and\r\nbroken',
        "'\tx",
        "'@sum(1)",
        "'-1",
        "'+1",
        '\'=cmd|"/c calc"!A0',
    ]
    assert page.answer.content.count(b"\r\n") == len(rows) + 1
    assert {row[3] for row in rows[1:]} == {"integration.updated"}


def test_the_audit_goes_into_a_program(admin: Visitor, tenant: CheckedTenant) -> None:
    integration = tenant.hub_integration()
    page = admin.send(admin.get(f"{PATH}?subject={integration['id']}"), JSON_LINES)
    assert page.answer.headers["content-type"] == "application/jsonl; charset=utf-8"
    [row] = json_rows(page)
    [entry] = [one for one in tenant.audit() if one["action"] == Action.INTEGRATION_CREATED]
    assert row["action"] == Action.INTEGRATION_CREATED
    assert row["subjects"] == [integration["id"]]
    assert row["request_id"] == entry["request_id"]
    assert row["user"] == tenant.user
    assert row["at"].startswith(f"{entry['at']:%Y-%m-%dT%H:%M}")


def test_an_export_is_all_that_there_is_and_is_a_deed_itself(admin: Visitor, tenant: CheckedTenant) -> None:
    add(tenant, 2500)
    page = admin.get(f"{PATH}?user=mallory&since=2025-01-01")
    rows = json_rows(admin.send(page, JSON_LINES))
    assert len({row["id"] for row in rows}) == 2500
    assert rows == sorted(rows, key=lambda row: str(row["id"]), reverse=True)
    streamed = admin.send(page, CSV)
    assert len(csv_rows(streamed)) == 2501
    assert "content-length" not in streamed.answer.headers
    exported = [one for one in tenant.audit() if one["action"] == Action.AUDIT_EXPORTED]
    assert [one["fields"] for one in exported] == [["user", "since"]] * 2
    assert "Exported the audit" in admin.get(PATH).text


def test_the_deeds_of_others_are_not_there(admin: Visitor, stranger: CheckedTenant) -> None:
    add(stranger, 3)
    integration = stranger.hub_integration()
    assert "No such deeds" in admin.get(f"{PATH}?user=mallory").text
    assert "No such deeds" in admin.get(f"{PATH}?subject={integration['id']}").text
    page = admin.get(PATH)
    assert json_rows(admin.send(page, JSON_LINES))
    assert "mallory" not in admin.send(page, JSON_LINES).answer.text
    assert integration["id"] not in admin.send(page, CSV).answer.text


def test_who_may_not_is_refused(tenant: CheckedTenant) -> None:
    viewer = Visitor(tenant.service).signed_in(tenant.another_key(Capability.VIEW, Capability.MANAGE).key)
    token = viewer.get("/console/jobs").form("/console/sign-out").fields[0][1]
    assert viewer.get(PATH).status == 403
    for path in (CSV, JSON_LINES):
        refused = viewer.call("POST", path, data={FORM_TOKEN: token})
        assert refused.status == 403
        assert "MANAGE_ORGANISATION" in refused.text
    assert not [one for one in tenant.audit() if one["action"] == Action.AUDIT_EXPORTED]


def test_a_form_that_was_not_given_out_exports_nothing(admin: Visitor, tenant: CheckedTenant) -> None:
    for path in (CSV, JSON_LINES):
        assert admin.call("POST", path, data={FORM_TOKEN: "0" * 64}).status == 403
        assert admin.call("POST", path).status == 403
        assert admin.get(path).status == 404
    assert not [one for one in tenant.audit() if one["action"] == Action.AUDIT_EXPORTED]


def test_who_is_not_signed_in_exports_nothing(tenant: CheckedTenant) -> None:
    visitor = Visitor(tenant.service)
    token = visitor.get("/console/sign-in").form("/console/sign-in").fields[0][1]
    assert visitor.call("POST", CSV, data={FORM_TOKEN: token}).location.startswith("/console/sign-in")
    assert visitor.get(PATH).location.startswith("/console/sign-in")
