"""What a place's id is made of, and where a reply says that a place has gone."""

import re
from typing import Final
from urllib.parse import urlsplit

from jackfield.providers._http import Reply

#: for a name under which something was before: https://www.rfc-editor.org/rfc/rfc9110#section-15.4
MOVED: Final = frozenset({301, 302, 307, 308})
_PLAIN_PORTS: Final = {"http": 80, "https": 443}


def place_id(own_address: str | None, number: object) -> str:
    """The number of a place, which is unique on one server, with the server if it is not the vendor's own.

    However the address is written, the id is the same: scheme, letter case and a slash at the end do not matter.
    """
    return f"{installation_of(own_address)}/{number}" if own_address else str(number)


def number_of(known: str | None, own_address: str | None) -> str | None:
    """The number in an id that `place_id` made for that server; None when there is none, or it is another server's."""
    if known is None:
        return None
    server, _, number = known.rpartition("/")
    expected = installation_of(own_address) if own_address else ""
    return number if server == expected and number else None


def installation_of(address: str) -> str:
    """Which server it is, in one spelling. The address has been checked to be one."""
    parts = urlsplit(address)
    port = "" if parts.port in {None, _PLAIN_PORTS.get(parts.scheme)} else f":{parts.port}"
    return f"{(parts.hostname or '').rstrip('.')}{port}{parts.path.rstrip('/')}"


def moved_to(reply: Reply, pattern: str) -> str | None:
    """The end of the address to which a reply redirects, when it has the form of the pattern.

    Only that part is ever used: a credential is not sent to a server that a reply names.
    """
    if reply.status not in MOVED:
        return None
    try:
        path = urlsplit(reply.headers.get("location", "")).path
    except ValueError:
        return None
    found = re.search(rf"({pattern})$", path)
    return found[1] if found is not None else None
