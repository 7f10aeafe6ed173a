"""How Confluence says its errors."""

from jackfield.domain.provider import KnownError
from support.recorded import case
from support.vendor import Answer
from support.wire import Said, atlassian


def said(known: KnownError) -> Said:  # noqa: PLR0911  one for each
    shared = atlassian.answer(known)
    if shared is not None:
        return Said("deliver_created", shared)
    there = Answer.of({"results": [], "_links": {}})
    match known.name:
        case "space":
            return Said("deliver_created", _error(404, "Space not found"), then=[_error(404, "Not found")])
        case "parent":
            return Said("deliver_no_such_parent", _error(404, "Parent page not found"), then=[there])
        case "400":
            return Said("deliver_created", _error(400, "Content body cannot be parsed"), then=[there, there])
        case "403":
            return Said("deliver_updated", _error(403, "Forbidden"), place=1)
        case "title":
            return _title_taken_twice()
        case _:
            return Said("deliver_created", _error(int(known.name), "It cannot be"), then=[there, there])


def _title_taken_twice() -> Said:
    """An update under its own title and under the other one, both of which other pages have."""
    page = case("confluence", "deliver_updated").answers()[0]
    taken = _error(400, "A page with this title already exists: A page already exists with this title in this space")
    return Said("deliver_updated", taken, place=1, then=[page, taken, page])


def _error(status: int, title: str) -> Answer:
    entry = {"status": status, "code": "INVALID_REQUEST_PARAMETER", "title": title, "detail": None}
    return Answer.of({"errors": [entry]}, status)
