"""What each vendor would be sent of an item, without sending it."""

from collections.abc import Callable
from typing import Any, Final

from jackfield.domain.item import Item
from jackfield.domain.provider import Delivery
from jackfield.providers import confluence, discord, github, gitlab, jira, linear, sentry, slack, teams
from jackfield.providers._gfm import body_of
from jackfield.providers._mantis_text import description_of
from support.chat import MARKER, item

_ENDING: Final = f"<!-- jackfield:{MARKER} -->"


def _delivery(of: Item) -> Delivery:
    return Delivery(item=of, marker=MARKER)


def _slack(of: Item) -> Any:
    return slack._message(_delivery(of), in_full=True)


#: the vendors that take Markdown themselves
MARKDOWN: Final[dict[str, Callable[[Item], str]]] = {
    "github": lambda of: body_of(of, github._BODY_CHARACTERS, github._DIALECT, with_status=True, ending=_ENDING),
    "gitlab": lambda of: body_of(of, gitlab._DESCRIPTION_CHARACTERS, gitlab._DIALECT, with_status=True, ending=_ENDING),
    "linear": lambda of: body_of(of, linear._DESCRIPTION_CHARACTERS, linear._DIALECT, with_status=False),
    "sentry": lambda of: sentry._text(_delivery(of)),
}
ALL: Final[dict[str, Callable[[Item], Any]]] = {
    **MARKDOWN,
    "slack": _slack,
    "discord": discord._message,
    "jira": lambda of: jira._fields_of(of)["description"],
    "confluence": lambda of: confluence._body_of(_delivery(of)),
    "teams": teams._message,
    "mantisbt": description_of,
}


def rendered(vendor: str, body: str) -> Any:
    """What the vendor is sent for an item with this body."""
    return ALL[vendor](item(body=body))
