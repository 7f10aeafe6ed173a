"""GitLab's errors as its REST API says them."""

from typing import Final

from jackfield.domain.provider import KnownError, Meaning
from support.vendor import Answer
from support.wire import Said

#: what stands in the member `error`
_NAMES: Final = {
    "invalid_token": 401,
    "dpop_error": 401,
    "insufficient_scope": 403,
    "restricted_language_server_client_error": 401,
}
#: sentences that come with such a name
_DESCRIPTIONS: Final = {"Token is expired", "Token was revoked", "impersonation was disabled"}
_PROJECT: Final = Answer.of({"id": 3, "archived": False, "issues_enabled": True})


def said(known: KnownError) -> Said:
    name = known.name
    if name in _NAMES:
        return Said("deliver_created", Answer.of({"error": name, "error_description": "No."}, _NAMES[name]))
    if name in _DESCRIPTIONS:
        told = {"error": "invalid_token", "error_description": f"Well, {name} indeed."}
        return Said("deliver_created", Answer.of(told, 401))
    if name.isdigit():
        return Said(
            "deliver_created", Answer.of({"message": f"{name} Told"} if name != "403" else {}, int(name)), 0, [_PROJECT]
        )
    if known.meaning is Meaning.ITEM:
        return Said("deliver_created", Answer.of({"message": {"error": f"Your issue: {name} now."}}, 400))
    if known.meaning is Meaning.LIMIT:
        return Said("deliver_created", Answer.of({"message": {"error": f"This was {name}."}}, 403))
    return Said("deliver_created", Answer.of({"message": f"403 Forbidden - Your {name}: see http://x."}, 403))
