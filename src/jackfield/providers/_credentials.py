"""Reads a member of the credential in a form that can be sent."""

import re
from typing import Final

from jackfield.domain.copied import tidy_text, tidy_token
from jackfield.domain.provider import Connection, CredentialRefused

#: what a header carries unharmed: visible ASCII. A token with a line break would be a header of its own.
_SENDABLE: Final = re.compile(r"[\x21-\x7e]+")


def member(connection: Connection, name: str) -> str | None:
    """The member without what comes along when it is copied; None when there is none."""
    value = connection.secrets.get(name)
    return tidy_text(value) or None if isinstance(value, str) else None


def token(connection: Connection, vendor: str, name: str = "access_token", title: str = "access token") -> str:
    """The member as it goes into a header. Raises CredentialRefused when it is missing or cannot be sent."""
    value = member(connection, name)
    if value is None:
        raise CredentialRefused(f"{vendor} needs the {title}, and there is none: enter it")
    value = tidy_token(value)
    if not _SENDABLE.fullmatch(value):
        raise CredentialRefused(f"{vendor} cannot have such a {title}: it has blanks or foreign characters in it")
    return value
