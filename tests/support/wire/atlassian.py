"""How sites and the gateway of Atlassian Cloud say why they refuse, the same for all products."""

from jackfield.domain.provider import KnownError, Meaning
from support.vendor import Answer

_STATUSES = {Meaning.CREDENTIAL: 401, Meaning.RIGHT: 403, Meaning.LIMIT: 429, Meaning.OURS: 410}


def answer(known: KnownError) -> Answer | None:  # noqa: PLR0911  one for each way to say it
    """The answer with that name in it: a status, a header, or a sentence; None for what a product says itself."""
    name = known.name
    if name in {"CAPTCHA_CHALLENGE"}:
        return Answer(403, {"X-Authentication-Denied-Reason": f"{name}; login-url=https://example.atlassian.net/login"})
    if name in {"AUTHENTICATION_DENIED", "AUTHENTICATED_FAILED", "AUTHORISATION_FAILED"}:
        # an expired token is answered as nobody's
        status = 200 if name == "AUTHENTICATED_FAILED" else 403
        return Answer.of({"issues": [], "results": []}, status, {"X-Seraph-LoginReason": name})
    if name == "FAILURE_CLIENT_SCOPE_CHECK":
        return Answer.of({"code": 401, "message": "Unauthorized"}, 401, {"X-Failure-Category": name})
    if name.startswith("jira-"):
        return Answer(429, {"RateLimit-Reason": name, "Retry-After": "7"})
    if name == "429" or (name.isdigit() and name.startswith("5")):
        return Answer(int(name))
    if " " in name or name == "insufficient_scope":
        said = f"Sorry, {name.capitalize()}."
        return Answer.of({"errorMessages": [said], "errors": {}}, _STATUSES.get(known.meaning, 403))
    return None
