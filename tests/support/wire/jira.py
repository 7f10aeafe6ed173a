"""How Jira says its errors."""

from typing import Any

from jackfield.domain.provider import KnownError
from support.vendor import Answer
from support.wire import Said, atlassian

_GRANTED = {name: {"havePermission": True} for name in ("CREATE_ISSUES", "EDIT_ISSUES")}


def said(known: KnownError) -> Said:
    granted = Answer.of({"permissions": _GRANTED})
    shared = atlassian.answer(known)
    if shared is not None:
        return Said("deliver_created", shared)
    if known.name == "403":
        return Said("deliver_updated", _errors(403, messages=["Not this one."]), place=1, then=[granted])
    if known.name.isdigit():
        return Said("deliver_created", _errors(int(known.name), messages=["It cannot be."]))
    if known.name == "INVALID_INPUT":
        return Said("deliver_created", _errors(400, messages=["INVALID_INPUT"]))
    refused = _errors(400, errors={known.name: "This is not valid."})
    # the optional ones are left out at the second try
    then = [refused] if known.name in {"labels", "priority"} else []
    return Said("deliver_created", refused, then=then)


def _errors(status: int, *, messages: list[str] | None = None, errors: dict[str, Any] | None = None) -> Answer:
    return Answer.of({"errorMessages": messages or [], "errors": errors or {}}, status)
