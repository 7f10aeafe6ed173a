"""Sentry, by auth token: sentry.io, or a Sentry of one's own by its base URL.

Web API, version 0: https://docs.sentry.io/api/
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

import msgspec

from jackfield.domain.item import Item, ItemStatus
from jackfield.domain.provider import (
    Account,
    AuthMethod,
    Category,
    Check,
    ConfigurationRejected,
    Connection,
    Delivered,
    Delivery,
    Facts,
    ItemRejected,
    Manifest,
    OAuth,
    ObjectRightMissing,
    ObjectVanished,
    Place,
    RightMissing,
    SecretField,
    SettingField,
    Source,
    TokenSet,
    VendorState,
    Verified,
)
from jackfield.providers._clock import is_before
from jackfield.providers._credentials import token
from jackfield.providers._endpoints import ENDS_OF_ADDRESSES, URL_PATTERN, api_url, own_base_url
from jackfield.providers._errors import find, fit_to_show
from jackfield.providers._gfm import MENTIONS, Dialect, body_of, escape, title_of
from jackfield.providers._http import Endpoints, HttpClient, Reply
from jackfield.providers._oauth2 import AuthorizesByCode, Flow
from jackfield.providers._places import MOVED, number_of, place_id
from jackfield.providers._replies import Text, decode, note_budget, raise_for_status, unexpected, web_url
from jackfield.providers._sentry_errors import ERRORS, REPEATED, SOURCES, WRITE, limit_of, refusal_of, words_of
from jackfield.providers._waits import seconds_until

_CHECKED: Final = date(2026, 11, 21)
_SCOPE_WORDS: Final = {
    "org:read": "See the organisation",
    "org:write": "Change the organisation",
    "org:admin": "Delete the organisation",
    "project:read": "See projects",
    "project:write": "Create and change projects",
    "project:admin": "Delete projects",
    "team:read": "See teams",
    "team:write": "Create and change teams",
    "team:admin": "Delete teams",
    "member:read": "See members",
    "member:write": "Add and change members",
    "member:admin": "Remove members",
    "project:releases": "See, create, change and delete releases",
    "event:read": "Read issues and events",
    "event:write": "Change issues",
    "event:admin": "Delete issues",
}
#: as the addresses of their pages
_COPIED_ORGANISATIONS: Final = (
    r"https?://[^/\s]+/(?:organizations|settings)/([A-Za-z0-9_-]{1,100})(?:/\S*)?",
    r"https?://([A-Za-z0-9-]{1,100})\.sentry\.io(?:/\S*)?",
)
_COPIED_PROJECTS: Final = (r"https?://[^/\s]+/\S{0,300}/projects/([A-Za-z0-9_-]{1,100})(?:/\S*)?",)
_SLUG_PATTERN: Final = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$"
_SLUG: Final = re.compile(_SLUG_PATTERN)
#: of several organisations, the account is named after so many
_NAMES: Final = 3
#: the member of an item that names the issue at Sentry
_ISSUE_FIELD: Final = "sentry_issue_id"
#: the number of an issue, or its short ID, such as BACKEND-1A
_ISSUE_ID: Final = re.compile(r"[0-9]{1,19}|[A-Za-z0-9][A-Za-z0-9_-]{0,99}-[A-Za-z0-9]{1,20}")
_ISSUE_PATH: Final = re.compile(r"/issues/([0-9]{1,19})(?:/|$)")
#: an issue and our comment on it
_VENDOR_ID: Final = re.compile(r"([0-9]{1,19})/([0-9]{1,19})")
#: Sentry does not say how long a comment may be; nobody reads more
_COMMENT_CHARACTERS: Final = 16_384
_TITLE_CHARACTERS: Final = 255
#: issues that are listed at once
_BATCH: Final = 100
#: what a listed issue is told without: counts by the hour and the like, which are most of it
_WITHOUT: Final = "collapse=stats&collapse=lifetime&collapse=filtered&collapse=unhandled"
#: a retried comment is looked for on so many pages of the issue's comments, each of 100
_MOST_PAGES: Final = 50
#: the address of the next page: https://docs.sentry.io/api/pagination/
_NEXT: Final = re.compile(r'<[^<>]*[?&]cursor=([0-9A-Za-z:_%-]{1,100})[^<>]*>; rel="next"; results="true"')
_DIALECT: Final = Dialect(references=MENTIONS)


class _Links(msgspec.Struct, rename="camel"):
    organization_url: str | None = None


class _Organization(msgspec.Struct):
    id: Text
    name: Text
    slug: Text | None = None
    links: _Links | None = None
    #: what the token may do there; only in the answer about one
    access: list[Text] | None = None


class _Project(msgspec.Struct):
    id: Text


class _Assignee(msgspec.Struct):
    name: str | None = None


class _Issue(msgspec.Struct):
    id: Text
    status: str
    permalink: str | None = None
    assigned_to: _Assignee | None = msgspec.field(default=None, name="assignedTo")


class _CommentData(msgspec.Struct):
    text: str = ""


class _Comment(msgspec.Struct):
    id: Text
    data: _CommentData | None = None
    date_created: datetime | None = msgspec.field(default=None, name="dateCreated")


class Sentry(AuthorizesByCode):
    names_are_reused: ClassVar[bool] = False
    flow: ClassVar[Flow] = Flow(authorize_at="{site}/oauth/authorize/", tokens_at="{site}/oauth/token/")
    manifest: ClassVar[Manifest] = Manifest(
        slug="sentry",
        name="Sentry",
        category=Category.ERROR_MONITORING,
        url="https://sentry.io",
        description="Comments on issues of an organisation on Sentry, and whether they are resolved.",
        base_url="https://sentry.io",
        api_url="https://sentry.io/api/0",
        auth_methods=(AuthMethod(name="token", title="Auth token", secrets=("access_token",)),),
        secrets=(
            SecretField(
                name="access_token",
                auth_key="api_key",
                title="Auth token",
                help="Of an internal integration with the rights org:read and event:write: "
                "Sentry, Settings, Custom Integrations. A personal token does as well.",
                required=True,
                pattern=r"^\S{1,1000}$",
                example="sntrys_AbCdEf0123456789",
            ),
        ),
        configuration=(
            SettingField(
                name="org_slug",
                title="Organisation",
                help="Its name in Sentry's addresses: Settings, General Settings, Organization Slug.",
                needed_to_deliver=True,
                pattern=_SLUG_PATTERN,
                example="acme",
                copied=_COPIED_ORGANISATIONS,
            ),
            SettingField(
                name="project_slug",
                title="Project",
                help="Its name in Sentry's addresses: the project's Settings, General, Slug.",
                pattern=_SLUG_PATTERN,
                example="web-shop",
                copied=_COPIED_PROJECTS,
            ),
            SettingField(
                name="base_url",
                title="Address",
                help="Only for a Sentry of your own or a region: its address, such as https://sentry.example.com.",
                destination=True,
                pattern=URL_PATTERN,
                example="https://sentry.example.com",
                ends_before=ENDS_OF_ADDRESSES,
            ),
            SettingField(
                name="installation_id",
                verified=False,
                title="Installation ID",
                help="Of a public integration: the ID that Sentry gave to its installation.",
            ),
            SettingField(
                name="project_id", verified=False, title="Project ID", help="The number of the project, if it is known."
            ),
        ),
        features=("comments", "status", "read-back"),
        facts=Facts(
            steps=(
                "Open Sentry, Settings, Developer Settings, New Internal Integration.",
                "Give Issue & Event: Read & Write and Organization: Read.",
                "Save, and copy the token from the integration's page.",
            ),
            rights=(
                "org:read",
                "event:read",
                "event:write",
            ),
            lifetime="An internal integration's token until it is removed; OAuth tokens 8 hours.",
            refresh="OAuth refresh tokens are used once.",
            webhook_signature="Sentry-Hook-Signature: HMAC-SHA256 in hex of the body.",
            limits="A number of calls in a window for each endpoint, told in X-Sentry-Rate-Limit-Remaining.",
        ),
        tracks=True,
        oauth=OAuth(
            registration="Sentry, Settings, Account, API, Applications",
            scopes=("org:read", "project:read", "event:read", "event:write"),
            scope_words=_SCOPE_WORDS,
            pkce=True,
            refreshes=True,
            rotates=True,
            token_sets=(TokenSet(lifetime_seconds=8 * 3600.0),),
        ),
        tells_progress=False,
        checks=(Check.DESCRIPTION,),
        errors=ERRORS,
        sources=(
            *SOURCES,
            Source("authentication", "https://docs.sentry.io/api/auth/", _CHECKED),
            Source("OAuth", "https://docs.sentry.io/product/partnership-platform/oauth-integration/", _CHECKED),
            Source("PKCE", "https://sentry.io/.well-known/oauth-authorization-server", _CHECKED),
            Source("one organisation", "https://docs.sentry.io/api/organizations/retrieve-an-organization/", _CHECKED),
            Source("all organisations", "https://docs.sentry.io/api/organizations/list-your-organizations/", _CHECKED),
            Source("one project", "https://docs.sentry.io/api/projects/retrieve-a-project/", _CHECKED),
            Source("rights", "https://docs.sentry.io/api/permissions/", _CHECKED),
            Source("limits", "https://docs.sentry.io/api/ratelimits/", _CHECKED),
            Source("resolving issues", "https://docs.sentry.io/api/events/update-an-issue/", _CHECKED),
            Source("many issues", "https://docs.sentry.io/api/events/list-an-organizations-issues/", _CHECKED),
            Source(
                "comments",
                "https://github.com/getsentry/sentry/blob/master/src/sentry/issues/endpoints/group_notes.py",
                _CHECKED,
            ),
        ),
    )

    def __init__(self, http: HttpClient, endpoints: Endpoints) -> None:
        self._http = http
        self._endpoints = endpoints

    async def verify(self, connection: Connection) -> Verified:
        """By reading the organisation that is set, else the organisations that the token sees. Of the one that is set
        Sentry tells what the token may do there; a project that is set is looked up in it."""
        slug = connection.configuration.get("org_slug", "").strip()
        if not slug:
            return await self._verify_any(connection)
        if not _SLUG.fullmatch(slug):
            raise ConfigurationRejected("Sentry has no organisation of such a name: check org_slug", "org_slug")
        reply = await self._get(connection, _organisation_path(slug))
        if reply.status == 404:
            raise _no_organisation()
        if reply.status != 200:
            raise _rejected(reply)
        found = decode(reply, _Organization, "Sentry")
        await self._check_project(connection, slug)
        if found.access and not {WRITE, "event:admin"} & set(found.access):
            raise RightMissing(f"Sentry takes the token, but it lacks the right {WRITE}", WRITE)
        return Verified(account=_account([found]), scopes=None if found.access is None else tuple(found.access))

    async def locate(self, connection: Connection) -> Place | None:
        """Reads the organisation, by its name, and else by the number that it had when it was looked up last."""
        if not connection.configuration.get("org_slug", "").strip():
            return None
        slug = _organisation(connection)
        for name in filter(None, (slug, number_of(connection.place_id, own_base_url(connection)))):
            reply = await self._send(connection, "GET", _organisation_path(name))
            if reply.status == 200:
                found = decode(reply, _Organization, "Sentry")
                is_renamed = found.slug is not None and _SLUG.fullmatch(found.slug) and found.slug != slug.lower()
                return Place(
                    id=place_id(own_base_url(connection), found.id),
                    name=found.name,
                    settings={"org_slug": found.slug} if found.slug is not None and is_renamed else {},
                )
            if reply.status not in {*MOVED, 403, 404}:
                raise_for_status(reply, "Sentry", "org:read")
        return None

    async def _check_project(self, connection: Connection, organisation: str) -> None:
        """Raises ConfigurationRejected when the project that is set is not there. A token that may not read projects
        does not need to: comments go to issues of the organisation."""
        slug = connection.configuration.get("project_slug", "").strip()
        if not slug:
            return
        if not _SLUG.fullmatch(slug):
            raise ConfigurationRejected("Sentry has no project of such a name: check project_slug", "project_slug")
        reply = await self._send(connection, "GET", f"/projects/{organisation}/{slug}/")
        if reply.status == 403:
            return
        if reply.status == 404:
            raise ConfigurationRejected(
                "Sentry cannot find this project, or the token has no access to it: check project_slug",
                "project_slug",
            )
        if reply.status in {301, 302, 307, 308}:
            raise ConfigurationRejected("Sentry has renamed this project: enter its new name", "project_slug")
        if reply.status != 200:
            self._raise_for_status(reply, "project:read")
            raise _rejected(reply)
        # an answer that is no project proves none
        decode(reply, _Project, "Sentry")

    async def _verify_any(self, connection: Connection) -> Verified:
        reply = await self._get(connection, "/organizations/")
        if reply.status == 404 and own_base_url(connection) is not None:
            raise ConfigurationRejected("Sentry is not at this address: check base_url", "base_url")
        if reply.status != 200:
            raise unexpected(reply, "Sentry") if reply.status == 404 else _rejected(reply)
        found = decode(reply, list[_Organization], "Sentry")
        if not found:
            raise RightMissing("Sentry takes the token, but shows it no organisation: give it org:read", "org:read")
        return Verified(account=_account(found))

    async def deliver(self, connection: Connection, delivery: Delivery) -> Delivered:
        """Resolves or reopens the issue that the item names, and says in one comment on it what the item is.

        Issues come from events alone, so that an item cannot make one. A retried delivery looks for its comment among
        the issue's first.
        """
        organisation = _organisation(connection)
        own = _VENDOR_ID.fullmatch(delivery.vendor_id or "")
        if delivery.vendor_id is not None and own is None:
            raise ObjectVanished("Sentry has no such comment: its ID is none")
        name = own[1] if own is not None else self._issue_of(connection, delivery.item)
        path = f"/organizations/{organisation}/issues/{name}/"
        status = "resolved" if delivery.item.status is ItemStatus.CLOSED else "unresolved"
        reply = await self._change(connection, path, organisation, {"status": status})
        if reply.status == 404:
            await self._check_organisation(connection, organisation)
            if own is not None:
                raise ObjectVanished("Sentry does not have the issue any more: it was deleted or merged")
            raise ItemRejected(
                f"Sentry does not know the issue that the item's {_ISSUE_FIELD} names, or does not show it to the token"
            )
        if reply.status != 200:
            raise _rejected(reply)
        issue = decode(reply, _Issue, "Sentry")
        comment = await self._comment(connection, path, delivery, own[2] if own is not None else None)
        return _delivered(issue, comment, delivery.item)

    async def _change(self, connection: Connection, issue: str, organisation: str, json: dict[str, Any]) -> Reply:
        """A change of one issue. Sentry says the same of an issue whose project the token's account is not in as of a
        right that the token lacks everywhere."""
        try:
            return await self._call(connection, "PUT", issue, WRITE, json)
        except RightMissing:
            reply = await self._send(connection, "GET", _organisation_path(organisation))
            rights = set(decode(reply, _Organization, "Sentry").access or ()) if reply.status == 200 else set()
            if not {WRITE, "event:admin"} & rights:
                raise
            raise ObjectRightMissing(
                "Sentry does not let the token's account change this issue: add it to a team of the issue's project",
                WRITE,
            ) from None

    async def read_back(self, connection: Connection, vendor_ids: Sequence[str]) -> Mapping[str, VendorState]:
        """One call for each hundred issues."""
        organisation = _organisation(connection)
        issues = {one: found[1] for one in vendor_ids if (found := _VENDOR_ID.fullmatch(one))}
        numbers = list(dict.fromkeys(issues.values()))
        states: dict[str, VendorState] = {}
        for start in range(0, len(numbers), _BATCH):
            wanted = "&".join(f"group={number}" for number in numbers[start : start + _BATCH])
            # -1: of every project that the token sees
            path = f"/organizations/{organisation}/issues/?project=-1&query=&limit={_BATCH}&{_WITHOUT}&{wanted}"
            reply = await self._call(connection, "GET", path, "event:read")
            if reply.status == 404:
                raise _no_organisation()
            if reply.status != 200:
                raise _rejected(reply)
            states |= {issue.id: _state_of(issue) for issue in decode(reply, list[_Issue], "Sentry")}
        return {one: states[number] for one, number in issues.items() if number in states}

    async def _comment(self, connection: Connection, issue: str, delivery: Delivery, number: str | None) -> _Comment:
        comments = f"{issue}comments/"
        if number is None and delivery.retried:
            number = await self._find(connection, comments, delivery.marker, delivery.since)
        json = {"text": _text(delivery)}
        if number is None:
            reply = await self._call(connection, "POST", comments, WRITE, json)
            if reply.status == 400 and REPEATED in words_of(reply):
                # an earlier try did reach Sentry
                number = await self._find(connection, comments, delivery.marker, delivery.since)
                if number is not None:
                    return _Comment(id=number)
        else:
            reply = await self._call(connection, "PUT", f"{comments}{number}/", WRITE, json)
            if reply.status == 404:
                raise ObjectVanished("Sentry does not have our comment any more: it was deleted")
        if reply.status not in {200, 201}:
            raise _rejected(reply)
        return decode(reply, _Comment, "Sentry")

    async def _find(self, connection: Connection, comments: str, marker: str, since: datetime | None) -> str | None:
        """The number of the comment with the marker, the newest first, as far back as it can have been written."""
        query = ""
        for _ in range(_MOST_PAGES):
            reply = await self._call(connection, "GET", comments + query, "event:read")
            if reply.status != 200:
                raise _rejected(reply)
            found = decode(reply, list[_Comment], "Sentry")
            for one in found:
                if one.data is not None and _hidden(marker) in one.data.text:
                    return one.id
            more = _NEXT.search(reply.headers.get("link", ""))
            if more is None or not found or is_before(found[-1].date_created, since, reply):
                break
            query = f"?cursor={more[1]}"
        return None

    async def _check_organisation(self, connection: Connection, organisation: str) -> None:
        """Raises ConfigurationRejected when it is the organisation that is not there."""
        reply = await self._call(connection, "GET", _organisation_path(organisation), "org:read")
        if reply.status == 404:
            raise _no_organisation()

    def _issue_of(self, connection: Connection, item: Item) -> str:
        """The issue that the item names, by a field of its own or by the address that it leads to."""
        name = item.fields.get(_ISSUE_FIELD, "").strip()
        if name and _ISSUE_ID.fullmatch(name):
            return name
        host, path = _parts("" if name else item.url or "")
        found = _ISSUE_PATH.search(path)
        if found is not None and self._is_ours(connection, host):
            return found[1]
        raise ItemRejected(
            f"Sentry makes issues from events alone: the item has to name one in its field {_ISSUE_FIELD}"
        )

    def _is_ours(self, connection: Connection, host: str) -> bool:
        """Whether a page there is one of this Sentry; sentry.io gives each organisation a host below its own."""
        base = own_base_url(connection) or self._endpoints.base_url or "https://sentry.io"
        own, _ = _parts(base)
        return host == own or (own.endswith("sentry.io") and host.endswith(".sentry.io"))

    async def _get(self, connection: Connection, path: str) -> Reply:
        return await self._call(connection, "GET", path, "org:read")

    async def _call(
        self, connection: Connection, method: str, path: str, right: str, json: dict[str, Any] | None = None
    ) -> Reply:
        reply = await self._send(connection, method, path, json)
        self._raise_for_status(reply, right)
        return reply

    def _raise_for_status(self, reply: Reply, right: str) -> None:
        """Raise what is about the token, its account or Sentry itself; what is about a place is left."""
        if reply.status in {401, 403, 408, 409} or (reply.status >= 500 and find(ERRORS, reply.status) is not None):
            raise refusal_of(self.manifest, reply, right)
        raise_for_status(reply, "Sentry", right)

    async def _send(self, connection: Connection, method: str, path: str, json: dict[str, Any] | None = None) -> Reply:
        """A call of which a limit alone is raised."""
        own = own_base_url(connection)
        reply = await self._http.request(
            "sentry",
            method,
            api_url(self._endpoints, "https://sentry.io/api/0", "/api/0", own) + path,
            headers={"Authorization": f"Bearer {token(connection, 'Sentry', title='auth token')}"},
            json=json,
            placed=own is None,
        )
        reset = seconds_until(reply, "x-sentry-rate-limit-reset")
        note_budget(connection.budget, reply, "x-sentry-rate-limit-remaining", reset)
        limited = limit_of(self.manifest, reply)
        if limited is not None:
            raise limited
        return reply


def _parts(url: str) -> tuple[str, str]:
    """The host and the path of an address; nothing of what is none."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "", ""
    return parts.hostname or "", parts.path


def _organisation(connection: Connection) -> str:
    slug = connection.configuration.get("org_slug", "").strip()
    if not slug:
        raise ConfigurationRejected("Sentry needs the organisation of its issues: enter its name", "org_slug")
    if not _SLUG.fullmatch(slug):
        raise ConfigurationRejected("Sentry has no organisation of such a name: check org_slug", "org_slug")
    return slug


def _organisation_path(slug: str) -> str:
    """The organisation without its projects and teams, which can be many megabytes."""
    return f"/organizations/{slug}/?detailed=0"


def _no_organisation() -> ConfigurationRejected:
    return ConfigurationRejected(
        "Sentry cannot find this organisation, or the token has no access to it: check org_slug", "org_slug"
    )


def _hidden(marker: str) -> str:
    """What nobody sees, and a retried delivery finds."""
    return f"<!-- jackfield:{marker} -->"


def _text(delivery: Delivery) -> str:
    """The comment: the item's title and what it says. The issue has title and labels of its own."""
    item = delivery.item
    title = f"**{escape(title_of(item, _TITLE_CHARACTERS), _DIALECT)}**"
    fields = {name: value for name, value in item.fields.items() if name != _ISSUE_FIELD}
    told = msgspec.structs.replace(item, fields={"Labels": ", ".join(item.labels), **fields})
    room = _COMMENT_CHARACTERS - len(title) - 2
    return f"{title}\n\n{body_of(told, room, _DIALECT, with_status=True, ending=_hidden(delivery.marker))}"


def _state_of(issue: _Issue) -> VendorState:
    """Archived ones, `ignored` in the API, are nobody's work."""
    assignee = issue.assigned_to
    return VendorState(
        status=ItemStatus.CLOSED if issue.status in {"resolved", "ignored", "muted"} else ItemStatus.OPEN,
        assignee=assignee.name if assignee is not None else None,
        url=web_url(issue.permalink),
    )


def _rejected(reply: Reply) -> Exception:
    return refusal_of(Sentry.manifest, reply)


def _delivered(issue: _Issue, comment: _Comment, item: Item) -> Delivered:
    """What was brought out, and that the issue is in another state than it was to be, if it is."""
    status = _state_of(issue).status
    in_line = (status is ItemStatus.CLOSED) == (item.status is ItemStatus.CLOSED)
    return Delivered(
        vendor_id=f"{issue.id}/{comment.id}",
        url=web_url(issue.permalink),
        not_done=None if in_line else f"Sentry left the issue {fit_to_show(issue.status)}, and does not say why",
        status=None if in_line else status,
    )


def _account(found: list[_Organization]) -> Account:
    """Of several organisations the oldest is the account: it stays the same when others come."""
    found = sorted(found, key=lambda one: (len(one.id), one.id))
    more = f" and {len(found) - _NAMES} more" if len(found) > _NAMES else ""
    links = found[0].links
    return Account(
        id=found[0].id,
        name=", ".join(one.name for one in found[:_NAMES]) + more,
        url=web_url(links.organization_url) if links is not None else None,
    )


PROVIDER: Final = Sentry
