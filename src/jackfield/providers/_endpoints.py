"""Where a vendor's API is for one integration: its own base URL, else the operator's, else the vendor's."""

import re
from typing import Final

from jackfield.domain.provider import ConfigurationRejected, Connection
from jackfield.providers._http import Endpoints, origin_of

#: for manifests: an http(s) address without blanks, credentials, query or fragment
URL_PATTERN: Final = r"^https?://[^\s/?#@]+(/[^\s?#@]*)?$"
_URL: Final = re.compile(URL_PATTERN)


def own_base_url(connection: Connection) -> str | None:
    """The integration's own `base_url`, without a slash at its end; None when it has none.

    Raises ConfigurationRejected for what is not an address.
    """
    url = connection.configuration.get("base_url", "").strip()
    if not url:
        return None
    try:
        # the pattern takes ports that there are not
        origin_of(url)
    except ConfigurationRejected:
        url = ""
    if not _URL.fullmatch(url):
        raise ConfigurationRejected("base_url has to be an address such as https://vendor.example.com", "base_url")
    return url.rstrip("/")


def api_url(endpoints: Endpoints, vendors: str, below: str = "", own: str | None = None) -> str:
    """Where the API is: `below` the integration's own address, else the operator's API, else `below` the operator's
    address, else the vendor's API."""
    if own is not None:
        return own + below
    if endpoints.api_url is not None:
        return endpoints.api_url.rstrip("/")
    if endpoints.base_url is not None:
        return endpoints.base_url.rstrip("/") + below
    return vendors
