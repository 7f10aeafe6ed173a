"""Jobs: what goes on now, and what went on before."""

from typing import Final

from starlette.responses import Response

from jackfield.domain import ids
from jackfield.domain.job import JobFilter, JobKind, JobNotFound, JobState
from jackfield.web.console import queries, words
from jackfield.web.console.view import done, view
from jackfield.web.pages.browser import Browser
from jackfield.web.pages.form import read_form
from jackfield.web.pages.routing import page_route

PATH: Final = "/console/jobs"
_PAGE: Final = 25
_STATES: Final = (
    ("", "Any"),
    *((state.value, words.job_badge(state).label) for state in JobState if state is not JobState.NEW),
)
_KINDS: Final = (("", "Any"), *((kind.value, words.JOB_KINDS[kind]) for kind in JobKind))


async def show_list(browser: Browser) -> Response:
    query = browser.request.query_params
    state, kind = queries.choice(query, "state", JobState), queries.choice(query, "kind", JobKind)
    integration, before = queries.identity(query, "integration"), queries.identity(query, "before")
    wanted = JobFilter(
        states=(state,) if state else (),
        kinds=(kind,) if kind else (),
        integration_id=integration,
        before=before,
        limit=_PAGE + 1,
    )
    found = await browser.services.jobs.list(browser.caller, wanted)
    asked = {"state": state, "kind": kind, "integration": ids.to_hex(integration) if integration else None}
    jobs = found[:_PAGE]
    following = queries.address(PATH, **asked, before=ids.to_hex(jobs[-1].id)) if len(found) > _PAGE else ""
    return view(
        browser,
        "jobs.html",
        jobs=jobs,
        is_first=before is None,
        is_filtered=any(asked.values()),
        first=queries.address(PATH, **asked),
        following=following,
        kinds=_KINDS,
        kind=kind or "",
        states=_STATES,
        state=state or "",
        integration=asked["integration"] or "",
    )


async def show_one(browser: Browser) -> Response:
    reference: str = browser.request.path_params["id"]
    return view(browser, "job.html", job=await browser.services.jobs.get(browser.caller, _job_id(browser), reference))


async def retry(browser: Browser) -> Response:
    form = await read_form(browser.request)
    browser.check_form(form)
    job = await browser.services.jobs.retry(browser.caller, _job_id(browser), browser.request.path_params["id"])
    return done(f"{PATH}/{ids.to_hex(job.id)}", "job-retried")


def _job_id(browser: Browser) -> int:
    """Raises JobNotFound for what is no id of ours."""
    reference: str = browser.request.path_params["id"]
    try:
        return ids.parse_hex(reference)
    except ids.MalformedId:
        raise JobNotFound(reference) from None


ROUTES: Final = [
    page_route(PATH, {"GET": show_list}),
    page_route(f"{PATH}/{{id}}", {"GET": show_one}),
    page_route(f"{PATH}/{{id}}/retry", {"POST": retry}),
]
