"""Addresses that strangers name, and that browsers or this service are sent to."""

import ipaddress
import re
from typing import Final
from urllib.parse import SplitResult, urlsplit

_LIMIT: Final = 2048
# RFC 3986 writes addresses in visible ASCII; browsers take a backslash for a slash, so that one address has two hosts
_FORM: Final = re.compile(r"https?://[!-\[\]-~]+", re.IGNORECASE)
_NAME: Final = re.compile(r"[a-z0-9_]([a-z0-9._-]*[a-z0-9_])?\.?", re.IGNORECASE)
_EMAIL: Final = re.compile(r"[^@\s<>\":,;]{1,64}@[^@\s<>\":,;/?#]{1,255}")


def complaint_of_url(value: str, *, allow_http: bool) -> str | None:
    """What is wrong with an absolute http(s) URL, None for nothing.

    `allow_http` False: plain http may lead to this machine alone.
    """
    parts = _split(value)
    if parts is None:
        return f"This has to be an absolute http or https URL of at most {_LIMIT} characters"
    if "@" in parts.netloc:
        return "The URL may not have credentials in it"
    if "#" in value:
        return "The URL may not have a fragment"
    if parts.scheme.lower() == "http" and not allow_http and not _is_loopback(parts.hostname or ""):
        return "The URL has to be https, since it does not lead to this machine"
    return None


def complaint_of_contact(value: str) -> str | None:
    """What is wrong with an http(s) URL or e-mail address for people, None for nothing."""
    if _EMAIL.fullmatch(value) and len(value) <= 254:  # RFC 5321 §4.5.3.1.3
        return None
    parts = _split(value)
    if parts is None or "@" in parts.netloc:
        return "This has to be an absolute http or https URL, or an e-mail address"
    return None


def is_web_address(text: str) -> bool:
    """Whether it can be shown as a link of the web; nobody of ours goes there."""
    if any(one.isspace() or ord(one) < 32 for one in text):
        return False
    try:
        parts = urlsplit(text)
        return parts.scheme in {"https", "http"} and bool(parts.hostname)
    except ValueError:
        return False


def origin_of(url: str) -> str:
    """Scheme, host and port of a URL that has no complaint, as policies of browsers write them."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    named = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{named}" + ("" if parts.port is None else f":{parts.port}")


def with_query(url: str, name: str, value: str) -> str:
    """The URL with one more parameter behind those that it has. The value has nothing that needs escaping."""
    parts = urlsplit(url)
    query = f"{parts.query}&{name}={value}" if parts.query else f"{name}={value}"
    return parts._replace(query=query, fragment="").geturl()


def _split(value: str) -> SplitResult | None:
    if len(value) > _LIMIT or not _FORM.fullmatch(value):
        return None
    try:
        parts = urlsplit(value)
        valid = parts.port is None or parts.port > 0
    except ValueError:
        return None
    return parts if valid and _is_host(parts.hostname or "", bracketed="[" in parts.netloc) else None


def _is_host(host: str, *, bracketed: bool) -> bool:
    if not bracketed:
        return _NAME.fullmatch(host) is not None
    try:
        ipaddress.IPv6Address(host)
    except ValueError:
        return False
    return True


def _is_loopback(host: str) -> bool:
    host = host.rstrip(".").lower()
    if host == "localhost" or host.endswith(".localhost"):  # RFC 6761 §6.3
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
