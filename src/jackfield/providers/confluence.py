"""Confluence Cloud, by API token or OAuth token.

REST API: https://developer.atlassian.com/cloud/confluence/rest/v2/ , of whose first version the current user is left.

A page has the marker of its item as the name of an anchor, which nobody sees, and which comes with the page in one
call. Titles are unique in a space, so an earlier try is found by its title, without a search index. In case that the
item was given another title in between, the pages are looked through that were created about the time of that try.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar, Final
from urllib.parse import parse_qs, quote, urlsplit

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
    KnownError,
    Manifest,
    Meaning,
    ObjectVanished,
    Place,
    ProviderError,
    SettingField,
    Source,
    VendorUnavailable,
    Verified,
)
from jackfield.providers import _atlassian, _atlassian_errors, _storage_format
from jackfield.providers._atlassian_errors import text_of
from jackfield.providers._chat_text import body_of, facts_of, link_of, own_facts_of, title_of
from jackfield.providers._errors import find, refusal
from jackfield.providers._http import Endpoints, HttpClient, Reply
from jackfield.providers._markdown import Document, fitted, read
from jackfield.providers._replies import Text, decode, unexpected, web_url
from jackfield.providers._units import cut_utf16, utf16_length

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
#: pages in one list without their bodies, and how many lists are looked through
_LISTED: Final = 250
_MOST_LISTS: Final = 8
#: pages read with their bodies, at a time and in all: those whose creation is nearest to the doubtful try
_READ_AT_ONCE: Final = 10
_MOST_READ: Final = 100
#: clocks differ
_CLOCK: Final = timedelta(minutes=15)

_PAGES_DOCUMENTED: Final = "https://developer.atlassian.com/cloud/confluence/rest/v2/api-group-page/"


def _known(
    meaning: Meaning, words: str, *names: str, field: str | None = None, right: str | None = None
) -> tuple[KnownError, ...]:
    return tuple(
        KnownError(
            name=name,
            meaning=meaning,
            words=f"Confluence {words}",
            field=field,
            right=right,
            source=_PAGES_DOCUMENTED,
        )
        for name in names
    )


_ERRORS: Final = (
    *_known(
        Meaning.CONFIGURATION, "cannot find this space, or the account has no access to it", "space", field="space_id"
    ),
    *_known(Meaning.CONFIGURATION, "has no such parent page in the space", "parent", field="parent_id"),
    *_known(Meaning.ITEM, "has another page with this title", "title"),
    *_known(Meaning.ITEM, "does not take the page", "400", "422"),
    *_known(Meaning.ITEM, "does not take a page of this size", "413"),
    *_known(Meaning.OBJECT_RIGHT, "does not let the account read or change this page", "403", right=_WRITE),
    *_known(Meaning.PASSING, "has the page changed by others at this moment", "409"),
    *_known(Meaning.OURS, "does not take the form of the call", "405", "406", "415"),
    *_atlassian_errors.errors("Confluence"),
)


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


class _Entry(msgspec.Struct, rename="camel"):
    id: Text
    created_at: str = ""


class _Next(msgspec.Struct):
    next: str | None = None


class _List(msgspec.Struct):
    results: list[_Entry]
    links: _Next = msgspec.field(name="_links", default_factory=_Next)


class _Listed(msgspec.Struct):
    results: list[Any]


class Confluence(_atlassian.AuthorizesAtSites):
    names_are_reused: ClassVar[bool] = False
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
                verified=False,
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
        errors=_ERRORS,
        sources=(
            Source(
                "the user of a token",
                "https://developer.atlassian.com/cloud/confluence/rest/v1/api-group-users/"
                "#api-wiki-rest-api-user-current-get",
                _CHECKED,
            ),
            Source(
                "pages",
                _PAGES_DOCUMENTED,
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
        self._site = _atlassian.Atlassian(http, endpoints, self.manifest)

    async def verify(self, connection: Connection) -> Verified:
        """Reads the current user, and, with a space, whether its pages can be listed, which takes no other scope.

        A site that is open to all answers for nobody, too. The parent page is not looked at: it may be a folder.
        """
        user = await self._user(connection)
        if connection.configuration.get("space_id", "").strip():
            await self._ensure_space(connection, _space_of(connection))
        name = user.display_name or user.public_name or user.account_id
        return Verified(account=Account(id=user.account_id, name=name))

    async def locate(self, connection: Connection) -> Place | None:
        """By the number of the space, which is its own for ever, and the site."""
        if not connection.configuration.get("space_id", "").strip():
            return None
        return Place(id=await self._site.place_id(connection, _space_of(connection)))

    async def _user(self, connection: Connection) -> _User:
        """The user that Confluence takes the credential for. To an expired token it answers as to nobody."""
        reply = await self._site.get(connection, "/wiki/rest/api/user/current", "read:confluence-user")
        if reply.status != 200:
            raise unexpected(reply, "Confluence")
        if decode(reply, _Kind, "Confluence").type == "anonymous":
            raise CredentialRefused("Confluence does not know the credential: check the token and the e-mail address")
        return decode(reply, _User, "Confluence")

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
            if reply.status == 404:
                await self._ensure_space(connection, space)
            if reply.status not in {400, 409}:
                raise _refused(reply, has_parent=bool(parent))
            namesake = await self._titled(connection, space, title)
            if namesake is None and not _is_title_taken(reply):
                await self._ensure_space(connection, space)
                raise _refused(reply, has_parent=bool(parent))
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
            reply = await self._site.call(connection, "PUT", path, _WRITE, json=wanted, of_one=True)
            if reply.status == 200:
                return self._delivered(connection, reply)
            await self._ensure_there(connection, reply)
            if reply.status not in {400, 409}:
                raise _refused(reply)
            before, page = page, await self._read(connection, path)
            if page.version.number == before.version.number:
                # nobody was faster, so it is the title, or Confluence does not take the page at all
                if title == numbered or not (reply.status == 409 or _is_title_taken(reply)):
                    raise _refused(reply)
                title = numbered
        raise VendorUnavailable("Confluence has the page changed by others at this moment")

    async def _read(self, connection: Connection, path: str) -> _Page:
        reply = await self._site.call(connection, "GET", path, _READ, of_one=True)
        await self._ensure_there(connection, reply)
        if reply.status == 403:
            raise _refused(reply)
        if reply.status != 200:
            raise unexpected(reply, "Confluence")
        page = decode(reply, _Page, "Confluence")
        if page.status in {"trashed", "deleted"}:
            raise _vanished()
        return page

    async def _find(self, connection: Connection, delivery: Delivery, space: str) -> str | None:
        """The ID of the page with the marker: by the titles that it can have, else by the time of its creation."""
        for title in _titles(delivery):
            page = await self._titled(connection, space, title)
            if page is not None and _is_ours(page, delivery):
                return page.id
        if delivery.since is None:
            return None
        candidates = await self._created_since(connection, space, delivery.since)
        for start in range(0, len(candidates), _READ_AT_ONCE):
            some = ",".join(candidates[start : start + _READ_AT_ONCE])
            query = {"id": some, "status": "current", "body-format": "storage", "limit": str(_READ_AT_ONCE)}
            reply = await self._site.call(connection, "GET", _PAGES, _READ, query=query)
            if reply.status != 200:
                raise unexpected(reply, "Confluence")
            for page in decode(reply, _Pages, "Confluence").results:
                if _is_ours(page, delivery):
                    return page.id
        return None

    async def _created_since(self, connection: Connection, space: str, since: datetime) -> list[str]:
        """The pages that were created since then, the one nearest to it first, as many as are read with their bodies.

        The list has them without their bodies, the newest first.
        """
        earliest = since - _CLOCK
        found: list[str] = []
        query = {"sort": "-created-date", "limit": str(_LISTED)}
        for _ in range(_MOST_LISTS):
            reply = await self._site.call(connection, "GET", f"{_SPACES}/{space}/pages", _READ, query=query)
            if reply.status != 200:
                raise unexpected(reply, "Confluence")
            listed = decode(reply, _List, "Confluence")
            later = [one.id for one in listed.results if _moment(one.created_at) >= earliest]
            found += [one for one in later if one.isascii() and one.isdigit()]
            cursor = _cursor(listed.links.next)
            if len(later) < len(listed.results) or cursor is None:
                break
            query["cursor"] = cursor
        return found[::-1][:_MOST_READ]

    async def _titled(self, connection: Connection, space: str, title: str) -> _Page | None:
        query = {"space-id": space, "title": title, "status": "current", "body-format": "storage"}
        reply = await self._site.call(connection, "GET", _PAGES, _READ, query=query)
        if reply.status == 404 and not _atlassian.from_product(reply):
            raise self._site.nowhere(connection)
        if reply.status in {400, 404}:
            await self._ensure_space(connection, space)
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

    async def _ensure_there(self, connection: Connection, reply: Reply) -> None:
        if reply.status in {404, 410}:
            if not _atlassian.from_product(reply):
                raise self._site.nowhere(connection)
            await self._user(connection)
            raise _vanished()


def _space_of(connection: Connection) -> str:
    return _atlassian.setting(connection, "space_id", "Confluence", _NUMBER_PATTERN, "the number of a space")


def _titles(delivery: Delivery) -> tuple[str, str]:
    """The item's, and one that no other page has."""
    title = title_of(delivery.item)
    number = f" ({delivery.marker[:8]})"
    return cut_utf16(title, _TITLE_LENGTH), cut_utf16(title, _TITLE_LENGTH - len(number)) + number


def _body_of(delivery: Delivery) -> dict[str, Any]:
    item = delivery.item
    text = fitted(read(body_of(item)), _BODY_LENGTH, lambda body: _text(item, body, delivery.marker), utf16_length)
    return {"representation": "storage", "value": text}


def _text(item: Item, body: Document, marker: str) -> str:
    facts = [*facts_of(item), *own_facts_of(item)]
    text = _storage_format.body(body.tree) + _storage_format.facts(facts[:_FACTS])
    url = link_of(item.url)
    if url is not None:
        words = f"{item.type.value.replace('_', ' ').capitalize()} {item.key}"
        text += _storage_format.link_paragraph(words if body.whole else f"Read on: {words}", url)
    return text + _storage_format.anchor(_anchor(marker))


def _anchor(marker: str) -> str:
    return f"jackfield-{marker}"


def _is_ours(page: _Page, delivery: Delivery) -> bool:
    return page.body.storage is not None and _anchor(delivery.marker) in page.body.storage.value


def _moment(text: str) -> datetime:
    """A date of Confluence; what is none was just now."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return datetime.now(UTC)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _cursor(link: str | None) -> str | None:
    """Where the next list begins, from the address of it; no other part of that address is followed."""
    found = parse_qs(urlsplit(link).query).get("cursor") if link else None
    return found[0] if found else None


def _is_title_taken(reply: Reply) -> bool:
    return "already exists" in text_of(reply).lower()


def _refused(reply: Reply, *, has_parent: bool = False) -> ProviderError:
    """For a page that Confluence does not take, while the space is there.

    Its words are no guide to the setting: it says "no space" of a title that is taken, and it repeats titles.
    """
    if _is_title_taken(reply):
        return refusal(Confluence.manifest, "title")
    if has_parent and (reply.status == 404 or "parent" in text_of(reply).lower()):
        return refusal(Confluence.manifest, "parent")
    if find(_ERRORS, reply.status) is None:
        return unexpected(reply, "Confluence")
    return refusal(Confluence.manifest, reply.status, reply=reply, reason=text_of(reply))


def _no_space() -> ConfigurationRejected:
    return ConfigurationRejected("Confluence cannot find this space, or the account has no access to it", "space_id")


def _vanished() -> ObjectVanished:
    return ObjectVanished("Confluence does not have the page any more, or hides it from the account")


PROVIDER: Final = Confluence
