"""What the document of the organisations contract says beyond its types."""

from collections.abc import Mapping, Sequence
from typing import Final

from jackfield.web.contract import Fault, PathParameter

DESCRIPTION: Final = """\
An organisation's integrations: which items they send, their configuration, and their synchronisation.

Every call carries an API key of the organisation: `Authorization: Bearer <key>`. Members that you do not know can be
added to answers at any time: ignore them."""

ERRORS_TEXT: Final = """\
An error is an object with `code`, the HTTP status, and `message`, a sentence for people. Anything that is wrong with a
request is 400."""

TAGS: Final[Mapping[str, str]] = {
    "Integrations": "Vendors connected for an organisation.",
    "Synchronisation": "Bringing vendors into line with an organisation's items.",
}

FAULTS: Final[Sequence[Fault]] = (
    Fault(
        400,
        "400",
        "The organisation does not exist, the integration is being deleted, or a value is not valid",
        "Correct what `message` names.",
    ),
    Fault(401, "401", "The API key is missing, wrong, revoked or expired", "Send a valid key."),
    Fault(
        403,
        "403",
        "The key lacks `MANAGE_ORGANISATION` in the organisation that the call is about",
        "Use a key of that organisation that has it.",
    ),
    Fault(404, "404", "Integration not found, or there is no such path", "Check the id and the address."),
    Fault(405, "405", "The path does not support this method", "Use one of the methods in the `Allow` header."),
    Fault(413, "413", "The body is too large", "Send less at once."),
    Fault(500, "500", "Internal error", "Retry later. If it persists, report the `X-Request-Id`."),
    Fault(
        503,
        "503",
        "The service cannot answer right now",
        "Wait as long as `Retry-After` says, then retry.",
    ),
)

_ID: Final = {"type": "string", "pattern": "^[0-9]{1,19}$", "examples": ["252201579132747776"]}

PATH_PARAMETERS: Final[Mapping[str, PathParameter]] = {
    "organisation_id": PathParameter("The id of the organisation.", _ID),
    "integration_id": PathParameter("The id of the integration.", _ID),
}
