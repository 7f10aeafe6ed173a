"""What the document of the hubs contract says beyond its types."""

from collections.abc import Mapping
from typing import Final

from jackfield.domain.item import KEY_LIMIT, ItemType
from jackfield.web.contract import PathParameter

DESCRIPTION: Final = """\
Connect your organisation to other vendors' products: see which vendors there are, create and verify integrations,
send items to them, and follow the jobs that do the work.

Every call carries an API key: `Authorization: Bearer <key>`. `current` in a path stands for the organisation that the
key belongs to; to be sure that it is the right one, send its id as `X-Hub-Id`.

A call that creates or starts something takes an `Idempotency-Key`, so that you can safely send it again. Times are in
UTC, and `0001-01-01T00:00:00Z` stands for a time that has not come. Members that you do not know can be added to
answers at any time: ignore them."""

ERRORS_TEXT: Final = """\
An error is an object with `error` and `data`, where `data` is null. Branch on `error.code`; show `error.detail` to
people. `error.source` says what is wrong: a JSON pointer into the body, or the name of a parameter or header. When
several things are wrong, `error.extra` has them all."""

TAGS: Final[Mapping[str, str]] = {
    "Catalogue": "The vendors that can be connected.",
    "Integrations": "Vendors connected for your organisation.",
    "Credentials": "Access tokens to call vendors with.",
    "Connect sessions": "Links by which your customers connect vendors themselves.",
    "Items": "Objects of your product that are sent to vendors.",
    "Deliveries": "Items on their way to vendors.",
    "Jobs": "Work that the service does in the background.",
}


def _id(of: str, example: str) -> PathParameter:
    return PathParameter(f"The id of the {of}.", {"type": "string", "pattern": "^[a-f0-9]{24}$", "examples": [example]})


PATH_PARAMETERS: Final[Mapping[str, PathParameter]] = {
    "integrationId": _id("integration", "697dd2a9000bf5ea0a0b3c4d"),
    "sessionId": _id("connect session", "697dd2a9000bf5ea0a0b3c4e"),
    "deliveryId": _id("delivery", "697dd2a9000bf5ea0a0b3c4f"),
    "jobId": PathParameter(
        "The id of the job, in hexadecimal or decimal.",
        {
            "type": "string",
            "pattern": "^([a-f0-9]{24}|[0-9]{1,19})$",
            "examples": ["697dd2a9000bf5ea0a0b3c50"],
        },
    ),
    "itemType": PathParameter(
        "The type of the item.",
        {"type": "string", "enum": [one.value for one in ItemType], "examples": ["work_item"]},
    ),
    "key": PathParameter(
        "Your product's own id of the item, unique within its type.",
        {"type": "string", "minLength": 1, "maxLength": KEY_LIMIT, "examples": ["WI-159"]},
    ),
}
