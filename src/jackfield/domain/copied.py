"""Values as people copy them: what is clearly meant is taken, without what came along.

A token arrives with the line break of its file, quotes, or the word `Bearer`; an address with a slash at its end, the
path of the API, or another letter case in its host; a repository as the address of its page. Each function returns the
value that is meant, or the text as it is where that is not clear. None raises. Callers bound the length of the text.
"""

import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import SplitResult, urlsplit

#: characters that nobody sees: soft hyphen, zero-width ones, direction marks, byte order mark
_INVISIBLE: Final = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_QUOTES: Final = {'"': '"', "'": "'", "`": "`", "“": "”", "‘": "’", "„": "“", "«": "»", "<": ">"}  # noqa: RUF001
_SCHEME_OF_TOKEN: Final = re.compile(r"(?:authorization:[ \t]*)?(?:bearer|token)[ \t]+(?=\S)", re.IGNORECASE)
#: pairs of quotes around one value
_MOST_QUOTES: Final = 3
#: an address without `https://`: a host with a dot
_BARE_ADDRESS: Final = re.compile(r"[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,10}(?::[0-9]{1,5})?(?:/\S*)?")
_DEFAULT_PORTS: Final = {"https": 443, "http": 80}


def tidy_text(text: str) -> str:
    """Return the text without blanks and quotes around it, and without characters that nobody sees."""
    text = _INVISIBLE.sub("", text).strip()
    for _ in range(_MOST_QUOTES):
        if len(text) < 2 or _QUOTES.get(text[0]) != text[-1]:
            break
        text = text[1:-1].strip()
    return text


def tidy_token(text: str) -> str:
    """Return the token alone: also without `Bearer` before it, and without the line breaks of a wrapped one."""
    text = tidy_text(text)
    scheme = _SCHEME_OF_TOKEN.match(text)
    return _on_one_line(tidy_text(text[scheme.end() :]) if scheme else text)


def tidy_address(text: str, ends_before: Sequence[str] = (), *, keeps_query: bool = False) -> str:
    """Return the http(s) address: lower-case host, no default port, no slash at the end, no query or fragment.

    Args:
        text: what was entered.
        ends_before: paths of the API or of pages (`/api/v3`); the address ends before the first that is in it.
        keeps_query: whether the query belongs to the address, as in a webhook's.
    """
    text = _on_one_line(tidy_text(text))
    if _BARE_ADDRESS.fullmatch(text):
        text = f"https://{text}"
    parts = _split(text)
    if parts is None:
        return text
    path = _before(parts.path, ends_before).rstrip("/")
    query = f"?{parts.query}" if keeps_query and parts.query else ""
    return f"{parts.scheme.lower()}://{_host(parts)}{path}{query}"


def tidy_reference(text: str, copied: Sequence[str]) -> str:
    """Return what one of the patterns finds in the text (its group), or the text without blanks and quotes.

    Args:
        text: what was entered, such as `https://vendor.example.com/acme/shop/issues`.
        copied: patterns of the whole text, each with one group: the value.
    """
    text = tidy_text(text)
    found = (re.fullmatch(pattern, text) for pattern in copied)
    return next((match.group(1) for match in found if match), text)


def _on_one_line(text: str) -> str:
    return "".join(line.strip() for line in text.splitlines())


def _split(text: str) -> SplitResult | None:
    """The parts of an http(s) address with a host and without credentials; None for any other text."""
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return None
    if parts.scheme.lower() not in _DEFAULT_PORTS or not parts.hostname or "@" in parts.netloc:
        return None
    return None if any(one.isspace() for one in text) else parts


def _host(parts: SplitResult) -> str:
    """Host and port as the address has them, in lower case, without the scheme's own port."""
    host = parts.netloc.lower()
    return host.removesuffix(f":{parts.port}") if parts.port == _DEFAULT_PORTS[parts.scheme.lower()] else host


def _before(path: str, ends: Sequence[str]) -> str:
    """The path before the first of the ends that stands in it, each a whole step or several."""
    lower = f"{path.lower()}/"
    found = [lower.find(f"{end.rstrip('/')}/") for end in ends]
    return path[: min((at for at in found if at >= 0), default=len(path))]
