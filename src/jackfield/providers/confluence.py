"""Confluence Cloud, by API token or OAuth token.

REST API: https://developer.atlassian.com/cloud/confluence/rest/v2/ , of whose first version the current user is left.

A page has the marker of its item as the name of an anchor, which nobody sees, and which comes with the page in one
call. Titles are unique in a space, so an earlier try is found by its title, without a search index. It is not found
when the item was given another title in between.
"""

from datetime import date
from typing import Any, ClassVar, Final
from urllib.parse import quote

import msgspec

from jackfield.domain.item import Item
from jackfield.domain.provider import (
    Account,
    Category,
    ConfigurationRejected,
    Connection,
    CredentialRefused,
    Delivered,
    Delivery,
    Facts,
    ItemRejected,
    Manifest,
    ObjectVanished,
    ProviderError,
    SettingField,
    Source,
    VendorUnavailable,
    Verified,
)
from jackfield.providers import _atlassian, _storage_format
from jackfield.providers._chat_text import body_of, facts_of, link_of, own_facts_of, shorten, title_of
from jackfield.providers._http import Endpoints, HttpClient, Reply
from jackfield.providers._markdown import cut, parse
from jackfield.providers._replies import Text, decode, unexpected, web_url

_CHECKED: Final = date(2026, 11, 21)
_READ: Final = "read:page:confluence"
_WRITE: Final = "write:page:confluence"
_SCOPE_WORDS: Final = {
    "read:confluence-user": "See the names, e-mail addresses and pictures of users",
    "read:page:confluence": "Read pages",
    "write:page:confluence": "Create and change pages",
    "delete:page:confluence": "Delete pages",
    "read:space:confluence": "See the details of spaces",
    "read:comment:confluence": "Read comments on pages and blog posts",
    "read:attachment:confluence": "See and download attachments",
    "read:user:confluence": "See the details of users",
    "read:confluence-content.all": "Read all content",
    "read:confluence-content.summary": "Read summaries of content",
    "write:confluence-content": "Create pages, blog posts, comments and questions",
    "read:confluence-space.summary": "Read summaries of spaces",
    "write:confluence-space": "Create, change and delete the details of spaces",
    "write:confluence-file": "Upload attachments",
    "read:confluence-groups": "See the groups of users",
    "manage:confluence-configuration": "Manage the settings of Confluence",
}
_PAGES: Final = "/wiki/api/v2/pages"
_SPACES: Final = "/wiki/api/v2/spaces"
_NUMBER_PATTERN: Final = r"^[0-9]{1,20}$"
_TITLE_LENGTH: Final = 255
#: Confluence names no limit; longer pages are slow to open
_BODY_LENGTH: Final = 100_000
_FACTS: Final = 50


class _Kind(msgspec.Struct):
    type: str | None = None


class _User(msgspec.Struct, rename="camel"):
    account_id: Text
    #: empty for whom the account hides its name from
    display_name: str | None = None
    public_name: str | None = None


class _Version(msgspec.Struct):
    number: int


class _Links(msgspec.Struct):
    base: str | None = None
    webui: str = ""


class _Storage(msgspec.Struct):
    value: str = ""


class _Body(msgspec.Struct):
    storage: _Storage | None = None


class _Page(msgspec.Struct):
    id: Text
    title: Text
    status: str
    version: _Version
    body: _Body = msgspec.field(default_factory=_Body)
    links: _Links = msgspec.field(name="_links", default_factory=_Links)


class _Pages(msgspec.Struct):
    results: list[_Page]


class _Listed(msgspec.Struct):
    results: list[Any]


class _Error(msgspec.Struct):
    title: str | None = None


class _Errors(msgspec.Struct):
    errors: list[_Error] = []


class Confluence(_atlassian.AuthorizesAtSites):
    manifest: ClassVar[Manifest] = Manifest(
        slug="confluence",
        name="Confluence",
        category=Category.KNOWLEDGE,
        url="https://www.atlassian.com/software/confluence",
        description="Pages of a space on Confluence Cloud.",
        # of the gateway; sites have addresses of their own
        api_url=_atlassian.GATEWAY,
        auth_methods=_atlassian.AUTH_METHODS,
        secrets=_atlassian.SECRETS,
        configuration=(
            SettingField(
                name="space_id",
                title="Space",
                help="The number of the space that new pages go to; the page /wiki/api/v2/spaces of the site lists it.",
                needed_to_deliver=True,
                pattern=_NUMBER_PATTERN,
                example="98306",
            ),
            SettingField(
                name="parent_id",
                title="Parent page",
                help="The number of the page that new pages go below; it stands in the page's address.",
                pattern=_NUMBER_PATTERN,
                example="1277953",
                copied=(r"https?://[^/\s]+/\S{0,300}/pages/([0-9]{1,20})(?:[/?]\S*)?",),
            ),
            *_atlassian.PLACE,
        ),
        features=("pages", "updates"),
        facts=Facts(
            steps=_atlassian.STEPS,
            rights=(
                "View, and add pages, in the space",
                "With OAuth: read:confluence-user, read:page:confluence and write:page:confluence",
            ),
            lifetime=_atlassian.LIFETIME,
            refresh=_atlassian.REFRESH,
            webhook_signature="Of Connect apps only: a JWT of HS256 with the secret shared at the installation.",
            limits=_atlassian.LIMITS,
        ),
        oauth=_atlassian.oauth("read:confluence-user", _READ, _WRITE, words=_SCOPE_WORDS),
        sources=(
            Source(
                "the user of a token",
                "https://developer.atlassian.com/cloud/confluence/rest/v1/api-group-users/"
                "#api-wiki-rest-api-user-current-get",
                _CHECKED,
            ),
            Source(
                "pages",
                "https://developer.atlassian.com/cloud/confluence/rest/v2/api-group-page/",
                _CHECKED,
            ),
            Source("webhooks", "https://developer.atlassian.com/cloud/confluence/modules/webhook", _CHECKED),
            Source(
                "the format of pages",
                "https://confluence.atlassian.com/doc/confluence-storage-format-790796544.html",
                _CHECKED,
            ),
            *_atlassian.SOURCES,
        ),
    )

    def __init__(self, http: HttpClient, endpoints: Endpoints) -> None:
        self._http = http
        self._endpoints = endpoints
        self._site = _atlassian.Atlassian(http, endpoints, "confluence", "Confluence")

    async def verify(self, connection: Connection) -> Verified:
        """Reads the current user, and, with a space, whether its pages can be listed, which takes no other scope.

        A site that is open to all answers for nobody, too. The parent page is not looked at: it may be a folder.
        """
        reply = await self._site.get(connection, "/wiki/rest/api/user/current", "read:confluence-user")
        if reply.status != 200:
            raise unexpected(reply, "Confluence")
        if decode(reply, _Kind, "Confluence").type == "anonymous":
            raise CredentialRefused("Confluence does not know the credential: check the token and the e-mail address")
        user = decode(reply, _User, "Confluence")
        if connection.configuration.get("space_id", "").strip():
            await self._ensure_space(connection, _space_of(connection))
        name = user.display_name or user.public_name or user.account_id
        return Verified(account=Account(id=user.account_id, name=name))

    async def _ensure_space(self, connection: Connection, space: str) -> None:
        reply = await self._site.call(connection, "GET", f"{_SPACES}/{space}/pages", _READ, query={"limit": "1"})
        if reply.status == 404 and not _atlassian.from_product(reply):
            raise self._site.nowhere(connection)
        # 400 for numbers that no space can have
        if reply.status in {400, 404}:
            raise _no_space()
        if reply.status != 200:
            raise unexpected(reply, "Confluence")
        decode(reply, _Listed, "Confluence")

    async def deliver(self, connection: Connection, delivery: Delivery) -> Delivered:
        """As a page of the space. A title that another page has already gets a few digits of the marker."""
        if delivery.vendor_id is not None:
            return await self._update(connection, delivery, delivery.vendor_id)
        space = _space_of(connection)
        if delivery.retried and (found := await self._find(connection, delivery, space)):
            return await self._update(connection, delivery, found)
        return await self._create(connection, delivery, space)

    async def _create(self, connection: Connection, delivery: Delivery, space: str) -> Delivered:
        for title in _titles(delivery):
            wanted = {"spaceId": space, "status": "current", "title": title, "body": _body_of(delivery)}
            parent = connection.configuration.get("parent_id", "").strip()
            if parent:
                wanted["parentId"] = parent
            reply = await self._site.call(connection, "POST", _PAGES, _WRITE, json=wanted)
            if reply.status == 200:
                return self._delivered(connection, reply)
            if reply.status == 404 and not _atlassian.from_product(reply):
                raise self._site.nowhere(connection)
            if reply.status not in {400, 409}:
                raise _refused(reply)
            namesake = await self._titled(connection, space, title)
            if namesake is None and not _is_title_taken(reply):
                raise _refused(reply)
            if namesake is not None and _is_ours(namesake, delivery):
                return await self._update(connection, delivery, namesake.id)
        raise ItemRejected("Confluence has other pages with the titles that this one could have")

    async def _update(self, connection: Connection, delivery: Delivery, vendor_id: str) -> Delivered:
        """As the next version; once more when somebody was faster, or the title is taken."""
        plain, numbered = _titles(delivery)
        path = f"{_PAGES}/{quote(vendor_id, safe='')}"
        page = await self._read(connection, path)
        title = numbered if page.title == numbered else plain
        for _ in range(2):
            wanted = {
                "id": vendor_id,
                "status": "current",
                "title": title,
                "body": _body_of(delivery),
                "version": {"number": page.version.number + 1},
            }
            reply = await self._site.call(connection, "PUT", path, _WRITE, json=wanted)
            if reply.status == 200:
                return self._delivered(connection, reply)
            self._ensure_there(connection, reply)
            if reply.status not in {400, 409}:
                raise unexpected(reply, "Confluence")
            before, page = page, await self._read(connection, path)
            if page.version.number == before.version.number:
                # nobody was faster, so it is the title, or Confluence does not take the page at all
                if title == numbered or not (reply.status == 409 or _is_title_taken(reply)):
                    raise _refused(reply)
                title = numbered
        raise VendorUnavailable("Confluence has the page changed by others at this moment")

    async def _read(self, connection: Connection, path: str) -> _Page:
        reply = await self._site.call(connection, "GET", path, _READ)
        self._ensure_there(connection, reply)
        if reply.status != 200:
            raise unexpected(reply, "Confluence")
        page = decode(reply, _Page, "Confluence")
        if page.status in {"trashed", "deleted"}:
            raise _vanished()
        return page

    async def _find(self, connection: Connection, delivery: Delivery, space: str) -> str | None:
        """The ID of the page with the marker, by the titles that it can have."""
        for title in _titles(delivery):
            page = await self._titled(connection, space, title)
            if page is not None and _is_ours(page, delivery):
                return page.id
        return None

    async def _titled(self, connection: Connection, space: str, title: str) -> _Page | None:
        query = {"space-id": space, "title": title, "status": "current", "body-format": "storage"}
        reply = await self._site.call(connection, "GET", _PAGES, _READ, query=query)
        if reply.status == 404 and not _atlassian.from_product(reply):
            raise self._site.nowhere(connection)
        if reply.status != 200:
            raise _refused(reply)
        pages = decode(reply, _Pages, "Confluence").results
        return pages[0] if pages else None

    def _delivered(self, connection: Connection, reply: Reply) -> Delivered:
        page = decode(reply, _Page, "Confluence")
        base, site = page.links.base, self._site.site(connection)
        if base is None and site is not None:
            base = f"{site}/wiki"
        return Delivered(vendor_id=page.id, url=web_url(f"{base}{page.links.webui}") if base else None)

    def _ensure_there(self, connection: Connection, reply: Reply) -> None:
        if reply.status in {404, 410}:
            if not _atlassian.from_product(reply):
                raise self._site.nowhere(connection)
            raise _vanished()


def _space_of(connection: Connection) -> str:
    return _atlassian.setting(connection, "space_id", "Confluence", _NUMBER_PATTERN, "the number of a space")


def _titles(delivery: Delivery) -> tuple[str, str]:
    """The item's, and one that no other page has."""
    title = title_of(delivery.item)
    number = f" ({delivery.marker[:8]})"
    return cut(title, _TITLE_LENGTH), cut(title, _TITLE_LENGTH - len(number)) + number


def _body_of(delivery: Delivery) -> dict[str, Any]:
    item = delivery.item
    body = shorten(body_of(item), _BODY_LENGTH, lambda body: len(_text(item, body, delivery.marker)))
    return {"representation": "storage", "value": _text(item, body, delivery.marker)}


def _text(item: Item, body: str, marker: str) -> str:
    facts = [*facts_of(item), *own_facts_of(item)]
    text = _storage_format.body(parse(body)) + _storage_format.facts(facts[:_FACTS])
    url = link_of(item.url)
    if url is not None:
        words = f"{item.type.value.replace('_', ' ').capitalize()} {item.key}"
        text += _storage_format.link_paragraph(words if body == body_of(item) else f"Read on: {words}", url)
    return text + _storage_format.anchor(_anchor(marker))


def _anchor(marker: str) -> str:
    return f"jackfield-{marker}"


def _is_ours(page: _Page, delivery: Delivery) -> bool:
    return page.body.storage is not None and _anchor(delivery.marker) in page.body.storage.value


def _words_of(reply: Reply) -> str:
    try:
        errors = msgspec.json.decode(reply.body, type=_Errors).errors
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    return " ".join(error.title or "" for error in errors).lower()


def _is_title_taken(reply: Reply) -> bool:
    return "already exists" in _words_of(reply)


def _refused(reply: Reply) -> ProviderError:
    """For a page that Confluence does not take."""
    if reply.status not in {400, 404, 409, 413}:
        return unexpected(reply, "Confluence")
    words = _words_of(reply)
    if "parent" in words:
        return ConfigurationRejected("Confluence has no such parent page in the space", "parent_id")
    if reply.status == 404 or "space" in words:
        return _no_space()
    return ItemRejected("Confluence does not take the page: check the space and the parent page")


def _no_space() -> ConfigurationRejected:
    return ConfigurationRejected("Confluence has no such space, or hides it from the account", "space_id")


def _vanished() -> ObjectVanished:
    return ObjectVanished("Confluence does not have the page any more, or hides it from the account")


PROVIDER: Final = Confluence
