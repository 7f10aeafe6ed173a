"""How MantisBT says its errors: by a number, by a sentence without one, or by the status alone."""

from jackfield.domain.provider import KnownError, Meaning
from support.vendor import Answer
from support.wire import Said

_SENTENCES = {
    "category": (400, "Category field must be supplied."),
    "custom field": (400, "Mandatory custom field 'Depot' was not supplied"),
    "project": (404, "Project 'Depot' does not exist."),
    "readonly": (403, "Issue '42' is readonly"),
    "not enough rights to update issues": (
        403,
        "Access denied for user ada. Reason: Not enough rights to update issues.",
    ),
}
_STATUSES = {
    Meaning.CREDENTIAL: 403,
    Meaning.RIGHT: 403,
    Meaning.OBJECT_RIGHT: 403,
    Meaning.LIMIT: 429,
    Meaning.PASSING: 500,
    Meaning.CONFIGURATION: 404,
    Meaning.GONE: 404,
}
_USER = Answer.of({"id": 7, "name": "ada", "projects": [{"id": 3, "name": "Depot"}]})
_PROJECT = Answer.of({"projects": [{"id": 3, "name": "Depot", "access_level": {"id": 90}}]})
_OPTIONS = Answer.of({"configs": {"allow_no_category": 1, "report_bug_threshold": 25, "update_bug_threshold": 40}})


def said(known: KnownError) -> Said:
    # who the token's user is, and what he may do in the project, is asked after a 403
    asked = [_USER, _PROJECT, _OPTIONS]
    of_old = known.meaning in {Meaning.OBJECT_RIGHT, Meaning.GONE}
    case, place = ("deliver_updated", 1) if of_old else ("deliver_created", 0)
    if known.name in _SENTENCES:
        status, words = _SENTENCES[known.name]
        return Said(case, Answer.of({"message": words}, status), place, asked)
    if known.name.isdigit():
        return Said(case, Answer.of({"message": "It cannot be"}, int(known.name)), place)
    number = int(known.name.rpartition("#")[2])
    body = {"message": "It cannot be", "code": number, "localized": "Das geht nicht"}
    return Said(case, Answer.of(body, _STATUSES.get(known.meaning, 400)), place, asked)
