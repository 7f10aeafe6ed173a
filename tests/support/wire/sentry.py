"""Sentry's errors as its web API says them."""

from typing import Final

from jackfield.domain.provider import KnownError, Meaning
from support.recorded import case
from support.vendor import Answer
from support.wire import Said

#: sentences that come under another status than 401
_STATUSES: Final = {
    "do not have permission to perform this action": 403,
    "doesn't have permission to create Note": 403,
    "too frequently": 400,
}


def said(known: KnownError) -> Said:
    name = known.name
    if known.meaning is Meaning.CONFIGURATION:
        return Said("verified", Answer.of({"detail": "The requested resource does not exist"}, int(name)))
    if known.meaning is Meaning.RIGHT:
        answer = Answer.of({"detail": name if name != "403" else ""}, 403)
        # what the token may do in the organisation
        return Said("deliver_right_missing", answer, 0, case("sentry", "deliver_right_missing").answers()[1:])
    if name == "already posted that comment":
        return Said("deliver_created", Answer.of({"detail": f"You have {name}."}, 400), 1, [Answer.of([])])
    if name.isdigit():
        return Said("deliver_created", Answer.of({"detail": ""}, int(name)))
    if name.endswith(("-required", "-limit", "-secrecy")):
        status = 401 if name in {"sso-required", "2fa-required", "sudo-required"} else 403
        return Said("deliver_created", Answer.of({"detail": {"code": name, "message": "No", "extra": {}}}, status))
    return Said("deliver_created", Answer.of({"detail": f"Well: {name}."}, _STATUSES.get(name, 401)))
