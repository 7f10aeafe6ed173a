"""Connect sessions as a product makes them, and customers who open them."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from support.client import PATIENCE
from support.tenant import Tenant
from support.visitor import Page, Visitor

SESSIONS = "/v1/hubs/current/connect-sessions"
CALLBACK = "/connect/callback"


@dataclass
class Link:
    """`path` is where a customer goes, `id` the session's."""

    id: str
    path: str


def make_link(tenant: Tenant, **wish: Any) -> Link:
    answer = tenant.call("POST", SESSIONS, json=wish)
    assert answer.status_code == 201, answer.text
    data = answer.json()["data"]
    return Link(data["id"], urlsplit(data["url"]).path)


def allow_return_urls(tenant: Tenant, *urls: str) -> None:
    """The organisation lets customers be sent back there."""
    sql = "update organisation set return_urls = $2 where id = $1 returning id"
    assert tenant.operator.fetch(sql, tenant.organisation.id, list(urls))


def status_of(tenant: Tenant, link: Link) -> Any:
    answer = tenant.session.get(f"{tenant.service.url}{link.path}/status", timeout=PATIENCE)
    assert answer.status_code == 200, answer.text
    return answer.json()


def go_to_vendor(visitor: Visitor, link: Link) -> dict[str, str]:
    """Opens the page and continues; returns what the vendor is told."""
    page = visitor.get(link.path)
    assert page.status == 200, page.text
    gone = send(visitor, page, link, by="oauth")
    return {name: value for name, [value] in parse_qs(urlsplit(gone.location).query).items()}


def send(visitor: Visitor, page: Page, link: Link, by: str, **values: str | None) -> Page:
    """Sends the one of the page's two forms that is of this way, filled in."""
    [form] = [one for one in page.forms if ("by", by) in one.fields]
    filled = form.filled({name.replace("__", "/"): value for name, value in values.items()})
    return visitor.call("POST", link.path, data=filled)


def connect(visitor: Visitor, link: Link, code: str) -> Page:
    """All the way, with the vendor's code; returns the page that is shown at the end."""
    told = go_to_vendor(visitor, link)
    back = visitor.get(CALLBACK, params={"state": told["state"], "code": code})
    return visitor.get(back.location)
