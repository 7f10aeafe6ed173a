"""What the document of version 1 says beyond its types."""

from collections.abc import Mapping
from typing import Final

from jackfield.web.contract import PathParameter
from jackfield.web.dialects.integrations import reference
from jackfield.web.dialects.integrations.schemas import TYPES

DESCRIPTION: Final = """\
Create, read, list, rename, switch and delete your organisation's integrations.

Every call carries an API key: `Authorization: Bearer <key>`. Times are in UTC. Members that you do not know can be
added to answers at any time: ignore them."""

TAGS: Final[Mapping[str, str]] = {
    **reference.TAGS,
    "Connections": "Which vendors a user is connected to.",
}

_ID: Final = (
    "^([0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}|[0-9A-Fa-f]{24}|[0-9]{1,19})$"
)

PATH_PARAMETERS: Final[Mapping[str, PathParameter]] = {
    "id": PathParameter(
        "The id of the integration, in any of its three spellings. Answers have the UUID.",
        {"type": "string", "pattern": _ID, "examples": ["00001f2e-4d3c-8a1b-a800-000000000000"]},
    ),
    "provider": PathParameter("The vendor.", {"type": "string", "enum": list(TYPES), "examples": [TYPES[0]]}),
    "user_id": PathParameter(
        "The user that the key belongs to.", {"type": "string", "minLength": 1, "examples": ["alice"]}
    ),
}
