"""Where a vendor's API is for one integration: its own base URL, else the operator's, else the vendor's."""

import re
from typing import Final

from jackfield.domain.copied import tidy_address
from jackfield.domain.provider import ConfigurationRejected, Connection
from jackfield.providers._http import Endpoints, origin_of

#: for manifests: an http(s) address without blanks, credentials, query or fragment
URL_PATTERN: Final = r"^https?://[^\s/?#@]+(/[^\s?#@]*)?$"
_URL: Final = re.compile(URL_PATTERN)
#: where the address of an installation ends and the paths of its API or pages begin, at any vendor that has its own
ENDS_OF_ADDRESSES: Final = (
    *("/api/v3", "/api/graphql", "/api/v4", "/-", "/users/sign_in", "/login", "/api/0", "/organizations"),
    *("/auth/login", "/rest/api", "/rest/agile", "/browse", "/secure", "/jira/software", "/jira/core"),
    *("/jira/servicedesk", "/jira/projects", "/jira/your-work", "/jira/dashboards", "/jira/people", "/wiki"),
    *("/api/rest", "/api/soap", "/my_view_page.php", "/view_all_bug_page.php", "/view.php", "/login_page.php"),
    *("/account_page.php", "/api_tokens_page.php", "/index.php", "/main_page.php"),
)


def own_base_url(connection: Connection) -> str | None:
    """The integration's own `base_url`, as it is meant and without a slash at its end; None when it has none.

    Raises ConfigurationRejected for what is not an address.
    """
    url = tidy_address(connection.configuration.get("base_url", ""), ENDS_OF_ADDRESSES)
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
