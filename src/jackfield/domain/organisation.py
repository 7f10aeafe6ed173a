"""A tenant: `organisation`, `hub` and `handle` are three contracts' names for it."""

import re
import secrets
from datetime import datetime
from typing import Final

import msgspec

from jackfield.domain.errors import Conflict, Invalid
from jackfield.domain.text import words

NAME_LIMIT: Final = 255
_LABEL_LIMIT: Final = 63  # a DNS label, RFC 1035 §2.3.4: handles stand in host names
_LABEL: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
# control characters, and lone surrogates: what a command line makes of bytes that are not UTF-8
_UNFIT: Final = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")


class Organisation(msgspec.Struct, frozen=True):
    id: int
    handle: str
    name: str
    created_at: datetime
    deleted_at: datetime | None = None


class OrganisationSettings(msgspec.Struct, frozen=True):
    """What an organisation settles for itself. `return_urls`: see domain/return_url.py."""

    return_urls: tuple[str, ...]


class HandleTaken(Conflict):
    code = "handle-taken"

    def __init__(self, handle: str) -> None:
        super().__init__(
            f"The handle {handle!r} is taken, or was once; handles are unique for ever. Choose another one."
        )


def checked_name(name: str) -> str:
    """The name without surrounding blanks; raises Invalid when it is empty, too long or has control characters."""
    name = name.strip()
    if not 1 <= len(name) <= NAME_LIMIT or _UNFIT.search(name):
        raise Invalid(f"A name has 1 to {NAME_LIMIT} characters and no control characters")
    return name


def checked_handle(handle: str) -> str:
    """Return the handle as it was chosen. Raises Invalid for what is no lower-case DNS label, or a bare number."""
    if not _LABEL.fullmatch(handle) or handle.isdigit():
        raise Invalid(
            f"A handle has 1 to {_LABEL_LIMIT} lower-case Latin letters, digits and hyphens, starts and ends with a "
            "letter or digit, and is not a bare number. Example: acme-corp"
        )
    return handle


def handle_from(name: str) -> str | None:
    """Return a lower-case DNS label made from a name; None when it has no Latin letter or digit to make one of."""
    handle = "-".join(words(name))[:_LABEL_LIMIT].strip("-")
    if not handle:
        return None
    if handle.isdigit():
        # a bare number on a command line is an id
        return f"organisation-{handle}"[:_LABEL_LIMIT]
    return handle


def random_handle() -> str:
    """Return a handle for a name that none can be made from."""
    return f"organisation-{secrets.token_hex(4)}"
