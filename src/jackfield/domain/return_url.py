"""Where a customer may be sent back to after connecting: what an organisation has said beforehand, and nothing else.

An entry of the list allows what has its origin and, segment by segment, begins with its path: with
`https://app.example.com/settings` also `https://app.example.com/settings/done?x=1`, not `.../settings-old`.
"""

from collections.abc import Sequence
from typing import Final
from urllib.parse import unquote, urlsplit

from jackfield.domain.errors import Invalid
from jackfield.domain.web_address import complaint_of_url

#: of one organisation's list
LIST_LIMIT: Final = 50
_PORTS: Final = {"https": 443, "http": 80}


def checked_return_urls(urls: Sequence[str]) -> tuple[str, ...]:
    """The list without doubles. Raises Invalid, naming what cannot stand in it."""
    if len(urls) > LIST_LIMIT:
        raise Invalid(f"There can be at most {LIST_LIMIT} return URLs")
    for url in urls:
        complaint = complaint_of_return_url(url)
        if complaint is None and urlsplit(url).query:
            complaint = "An allowed return URL may not have a query: any query is allowed"
        if complaint is not None:
            raise Invalid(f"{url[:200]!r}: {complaint}")
    return tuple(dict.fromkeys(urls))


def complaint_of_return_url(url: str) -> str | None:
    """What is wrong with it wherever it leads, None for nothing."""
    complaint = complaint_of_url(url, allow_http=False)
    if complaint is not None:
        return complaint
    # browsers and servers take such segments, also when they are encoded, for steps upwards
    if {".", ".."}.intersection(unquote(urlsplit(url).path).split("/")):
        return "The URL may not have . or .. in its path"
    return None


def is_allowed(url: str, allowed: Sequence[str]) -> bool:
    """Whether an entry of the list allows the URL, which nothing else is wrong with."""
    return any(_is_below(url, entry) for entry in allowed)


def _is_below(url: str, entry: str) -> bool:
    if _origin(url) != _origin(entry):
        return False
    path, prefix = (urlsplit(one).path.rstrip("/").split("/") for one in (url, entry))
    return path[: len(prefix)] == prefix


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    return scheme, (parts.hostname or "").lower(), parts.port or _PORTS.get(scheme)
