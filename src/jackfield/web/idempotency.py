"""The Idempotency-Key header (draft-ietf-httpapi-idempotency-key-header): a call that is sent again is answered again.

The key is compared as it is written, quotes included where a client sends the draft's quoted string. A call is known
by its method, its address as it was sent, with the query, and the bytes of its body where it reads one.
"""

import re
from collections.abc import Awaitable, Callable
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from jackfield.domain.idempotency import KeptAnswer, MalformedIdempotencyKey
from jackfield.domain.principal import Principal
from jackfield.services.answered_calls import AnsweredCalls

HEADER: Final = "Idempotency-Key"
#: on an answer that was given before: `true`
REPLAYED: Final = "Idempotent-Replayed"

#: of the header, in a document
PARAMETER: Final[dict[str, Any]] = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "Unique to this call. For 24 hours the same call with the same key is performed once, and has the "
    f"same answer, then with `{REPLAYED}: true`.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}

_KEY: Final = re.compile(r"[!-~]{1,255}")


async def answer_once(
    request: Request,
    body: bytes,
    principal: Principal,
    calls: AnsweredCalls,
    perform: Callable[[], Awaitable[Response]],
) -> Response:
    """What `perform` answers, or what it did answer when this call came before.

    Answers of statuses below 500 are kept. Raises MalformedIdempotencyKey, ReusedIdempotencyKey or CallUnderWay.
    """
    call = calls.identify(principal, _key(request), _sent(request, body))
    answer = await calls.answer_once(call, perform, _to_kept)
    if isinstance(answer, KeptAnswer):
        # every body that there is, is JSON
        media_type = "application/json" if answer.body else None
        return Response(answer.body, answer.status, {REPLAYED: "true"}, media_type)
    return answer


def _key(request: Request) -> str:
    # two headers are one with a comma and a blank (RFC 9110, 5.3), which no key has
    key = ", ".join(request.headers.getlist(HEADER))
    if _KEY.fullmatch(key) is None:
        raise MalformedIdempotencyKey
    return key


def _sent(request: Request, body: bytes) -> bytes:
    # none of the parts before the body can hold a line break
    scope = request.scope
    return b"\n".join((scope["method"].encode(), scope["raw_path"], scope["query_string"], body))


def _to_kept(response: Response) -> KeptAnswer | None:
    return KeptAnswer(response.status_code, bytes(response.body)) if response.status_code < 500 else None
