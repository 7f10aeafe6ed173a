"""What the documents of both versions say beyond their types."""

from collections.abc import Mapping, Sequence
from typing import Final

from jackfield.web.contract import Fault

ERRORS_TEXT: Final = """\
How an error looks depends on its status. 401, 403, 404, 405 and 413: `{"detail": "..."}`. 409 and 500:
`{"success": false, "data": null, "error": "..."}`. 422: `{"detail": [...]}` with everything that is wrong, each with
`loc`, `msg` and `type`; the codes of 422 below are the values of `type`. For the others, the status is the code."""

TAGS: Final[Mapping[str, str]] = {"Integrations": "Vendors connected for your organisation."}

_RETRY: Final = "Retry later. If it persists, report the `X-Request-Id`."

#: what both versions can answer
FAULTS: Final[Sequence[Fault]] = (
    Fault(401, "401", "The API key is missing, wrong, revoked or expired", "Send a valid key."),
    Fault(403, "403", "The key lacks a capability", "Use a key that has the capability that `detail` names."),
    Fault(404, "404", "Nothing was found at this address", "Check the address and the id in it."),
    Fault(405, "405", "The path does not support this method", "Use one of the methods in the `Allow` header."),
    Fault(
        409,
        "409",
        "Another integration has this `unique_identifier`",
        "Use another one, or save with version 2 to replace the integration.",
    ),
    Fault(413, "413", "The body is too large", "Send less at once."),
    Fault(422, "value_error.missing", "A required member is missing", "Send it."),
    Fault(422, "value_error.jsondecode", "The body is not valid JSON", "Send valid JSON in UTF-8."),
    Fault(422, "value_error.datetime", "A time is not valid", "Send it as in `2026-01-31T10:00:00Z`."),
    Fault(422, "value_error.any_str.min_length", "A text is too short", "Send at least `ctx.limit_value` characters."),
    Fault(422, "value_error.any_str.max_length", "A text is too long", "Send at most `ctx.limit_value` characters."),
    Fault(422, "value_error.number.not_ge", "A number is too small", "Send at least `ctx.limit_value`."),
    Fault(422, "value_error.number.not_le", "A number is too large", "Send at most `ctx.limit_value`."),
    Fault(422, "value_error", "A value cannot be used", "Correct it, as `msg` says."),
    Fault(
        422, "type_error.none.not_allowed", "A value is null that may not be", "Send a value, or leave the member out."
    ),
    Fault(422, "type_error.str", "A value is not text", "Send a string."),
    Fault(422, "type_error.bool", "A value is neither true nor false", "Send `true` or `false`."),
    Fault(422, "type_error.integer", "A value is not a whole number", "Send a whole number."),
    Fault(422, "type_error.dict", "A value is not an object", "Send an object."),
    Fault(422, "type_error.list", "A value is not a list", "Send a list."),
    Fault(422, "type_error.enum", "A value is none of those allowed", "Send one of the values in this reference."),
    Fault(500, "500", "Internal error, or the service cannot answer right now", _RETRY),
)
