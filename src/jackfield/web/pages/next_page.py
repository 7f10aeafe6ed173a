"""Where somebody goes on to who has signed in: a page of ours, and nothing that a browser could take for another."""

import re
from typing import Final
from urllib.parse import quote

#: in a query, what a form of ours makes of its values: everything else it writes with a %
_QUERY: Final = r"[A-Za-z0-9_.~*%+=&-]{0,600}"
_OWN_PAGE: Final = re.compile(
    rf"(?P<path>/console(/[A-Za-z0-9_./-]*)?)(\?{_QUERY})?"
    r"|(?P<other>/(platform|tenants)/[A-Za-z0-9_./-]*)(\?(error_code|state)=[A-Za-z0-9_.~%+-]{0,1600})?"
)


def own_page(address: str) -> str:
    """The address if it is a page of ours, else nothing."""
    found = _OWN_PAGE.fullmatch(address)
    if found is None or ".." in (found["path"] or found["other"]):
        return ""
    return quote(address, safe="/?=&%~*+")
