"""Jobs in the console: the list, one of them, and what moves while a page is open."""

import json
from collections.abc import Iterator

import pytest
import requests

from support.checked_tenant import CheckedTenant
from support.visitor import Visitor


@pytest.fixture
def admin(tenant: CheckedTenant) -> Visitor:
    return Visitor(tenant.service).signed_in(tenant.key)


def job_links(page_links: Iterator[dict[str, str]]) -> list[str]:
    return [one["href"].rpartition("/")[2] for one in page_links if one["href"].startswith("/console/jobs/")]


def test_no_jobs_yet(admin: Visitor) -> None:
    page = admin.get("/console/jobs")
    assert "No jobs yet" in page.text


def test_a_job_is_listed_and_shown_with_its_steps_and_its_reason(admin: Visitor, tenant: CheckedTenant) -> None:
    integration = tenant.hub_integration(name="Code")
    job_id = tenant.verification(integration["id"])
    tenant.finished(job_id)
    page = admin.get("/console/jobs")
    assert job_links(page.all("a")) == [job_id]
    assert "Verify GitHub" in page.text
    assert "Failed" in page.text
    shown = admin.get(f"/console/jobs/{job_id}")
    assert shown.status == 200
    assert "Ask GitHub whether it takes the credential" in shown.text
    assert "GitHub refuses the credential" in shown.text
    assert list(shown.all("a", href=f"/console/integrations/{integration['id']}"))


def test_jobs_are_filtered(admin: Visitor, tenant: CheckedTenant) -> None:
    first, second = tenant.hub_integration(), tenant.hub_integration()
    jobs = [tenant.verification(one["id"]) for one in (first, second)]
    for job in jobs:
        tenant.finished(job)
    assert set(job_links(admin.get("/console/jobs?kind=verify&state=error").all("a"))) == set(jobs)
    assert job_links(admin.get(f"/console/jobs?integration={first['id']}").all("a")) == jobs[:1]
    page = admin.get("/console/jobs?kind=sync")
    assert "No such jobs" in page.text
    assert list(page.all("a", href="/console/jobs"))
    nonsense = admin.get("/console/jobs?kind=nope&state=%00&integration=x&before=zz")
    assert nonsense.status == 200
    assert set(job_links(nonsense.all("a"))) == set(jobs)


def test_the_jobs_of_others_are_not_there(admin: Visitor, stranger: CheckedTenant) -> None:
    job_id = stranger.verification(stranger.hub_integration()["id"])
    assert job_links(admin.get("/console/jobs").all("a")) == []
    for reference in (job_id, "nonsense", "0" * 24):
        assert admin.get(f"/console/jobs/{reference}").status == 404


def events(answer: requests.Response) -> Iterator[tuple[str, object]]:
    name = ""
    for line in answer.iter_lines(decode_unicode=True):
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield name, json.loads(line.removeprefix("data: "))


def test_what_happens_is_told_while_a_page_is_open(
    admin: Visitor, tenant: CheckedTenant, stranger: CheckedTenant
) -> None:
    integration = tenant.hub_integration(name="Watched")
    url = f"{tenant.service.url}/console/live"
    with admin.session.get(url, params={"rows": "1"}, stream=True, timeout=30) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        stranger.verification(stranger.hub_integration(name="Unseen")["id"])
        job_id = tenant.verification(integration["id"])
        rows: list[str] = []
        for name, data in events(answer):
            if name == "job":
                rows.append(str(data))
            else:
                assert data == [integration["id"]]
            if "Failed" in rows[-1]:
                break
    assert all(f'id="job-{job_id}"' in row and "Unseen" not in row for row in rows)
    assert "GitHub refuses the credential" in rows[-1]


def test_who_is_not_signed_in_hears_nothing_and_is_told_not_to_come_again(tenant: CheckedTenant) -> None:
    assert Visitor(tenant.service).get("/console/live").status == 204
