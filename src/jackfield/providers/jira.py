"""Jira Cloud, by API token or OAuth token.

REST API, version 3: https://developer.atlassian.com/cloud/jira/platform/rest/v3/

An issue has the marker of its item as a property, which nobody sees. Searching reads an index that lags behind by
seconds or minutes, and does not know properties; so after a lost answer all issues are looked through that the account
has created since the first doubtful try, and then, by the keys that come next, those that are too new for the index.
"""

import contextlib
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, ClassVar, Final, NamedTuple
from urllib.parse import quote

import msgspec

from jackfield.domain.item import Item, ItemStatus
from jackfield.domain.provider import (
    Account,
    Category,
    Check,
    ConfigurationRejected,
    Connection,
    Delivered,
    Delivery,
    Facts,
    KnownError,
    Manifest,
    Meaning,
    ObjectVanished,
    Place,
    ProviderError,
    RightMissing,
    SettingField,
    Source,
    VendorState,
    VendorUnavailable,
    Verified,
)
from jackfield.providers import _adf, _atlassian, _atlassian_errors
from jackfield.providers._chat_text import STATUS_WORDS, body_of, facts_of, link_of, own_facts_of, title_of
from jackfield.providers._errors import find, fit_to_show, refusal
from jackfield.providers._http import Endpoints, HttpClient, Reply
from jackfield.providers._markdown import Document, fitted, read
from jackfield.providers._replies import Text, decode, unexpected, web_url
from jackfield.providers._units import cut_utf16, first_utf16, utf16_length

_CHECKED: Final = date(2026, 11, 21)
_READ: Final = "read:jira-work"
_WRITE: Final = "write:jira-work"
_SCOPE_WORDS: Final = {
    "read:jira-user": "See the names, e-mail addresses and pictures of users",
    "read:jira-work": "Read and search projects and issues, with attachments and worklogs",
    "write:jira-work": "Create, edit and delete issues, comment on them, and log work",
    "manage:jira-project": "Change the settings of projects, and create versions and components",
    "manage:jira-configuration": "Administer Jira, such as create projects and custom fields",
    "manage:jira-webhook": "Register, renew and delete webhooks",
}
_CREATE: Final = "CREATE_ISSUES"
_EDIT: Final = "EDIT_ISSUES"
#: as the addresses of the project or of one of its issues, and as an issue's key
_COPIED_KEYS: Final = (
    r"https?://[^/\s]+/\S{0,200}?(?:projects|browse)/([A-Za-z][A-Za-z0-9_]{0,254})(?:-[0-9]+)?(?:[/?]\S*)?",
    r"([A-Za-z][A-Za-z0-9_]{0,254})-[0-9]{1,10}",
)
_KEY_PATTERN: Final = r"^[A-Za-z][A-Za-z0-9_]{0,254}$"
_PROPERTY: Final = "jackfield"
_SUMMARY_LENGTH: Final = 255
_LABEL_LENGTH: Final = 255
#: of a description. Whether Jira counts its text or the JSON that says how it looks is nowhere told, so: the JSON
_DESCRIPTION_LENGTH: Final = 32_767
_FACTS: Final = 40
#: issues in one call, and calls in which a marker is looked for: in the index, and among what is newer than it
_BULK: Final = 100
_MOST_PAGES: Final = 50
_MOST_NOT_YET_INDEXED: Final = 10
#: clocks differ, and deliveries are tried for three and a half days
_CLOCK_MINUTES: Final = 15
_LONGEST_MINUTES: Final = 7 * 24 * 60
#: of the ways to a status that a workflow offers, so many are tried
_MOST_TRANSITIONS: Final = 3
#: fields that a project may not have, and that an issue can do without
_OPTIONAL: Final = ("labels", "priority")
_CATEGORIES: Final = {
    "new": ItemStatus.OPEN,
    "undefined": ItemStatus.OPEN,
    "indeterminate": ItemStatus.IN_PROGRESS,
    "done": ItemStatus.CLOSED,
}


_ISSUES: Final = "https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/"
#: fields of new issues and of those that are there, which we do not fill in
_OF_NEW: Final = "new"
_OF_OLD: Final = "old"
#: names of fields under which Jira complains of a setting, and of the item's own content
_SETTINGS: Final = ("project", "pid", "issuetype", "parent", "parentId")
_OURS: Final = ("summary", "description", "labels", "priority", "properties")
#: each screen has a summary, so this is what Jira says of it to an account that may not create issues
_NOT_ON_SCREEN: Final = "not on the appropriate screen"
#: what Jira says of a description whose form is not its own
_NOT_OUR_FORM: Final = "INVALID_INPUT"


def _known(meaning: Meaning, words: str, *names: str, field: str | None = None) -> tuple[KnownError, ...]:
    return tuple(
        KnownError(name=name, meaning=meaning, words=f"Jira {words}", field=field, source=_ISSUES) for name in names
    )


_ERRORS: Final = (
    *_known(
        Meaning.CONFIGURATION,
        "cannot find this project, or the account has no access to it",
        "project",
        "pid",
        field="project_key",
    ),
    *_known(Meaning.CONFIGURATION, "does not have this type of issue in the project", "issuetype", field="issue_type"),
    *_known(
        Meaning.CONFIGURATION,
        "creates issues of this type below others only: choose another type of issue",
        "parent",
        "parentId",
        field="issue_type",
    ),
    *_known(Meaning.ITEM, "does not take the title", "summary"),
    *_known(Meaning.ITEM, "does not take the description", "description"),
    *_known(Meaning.ITEM, "does not take the labels", "labels"),
    *_known(Meaning.ITEM, "does not take the priority", "priority"),
    *_known(Meaning.OURS, "does not take the property that Jackfield sets", "properties"),
    *_known(Meaning.OURS, "does not take the form of the description", _NOT_OUR_FORM),
    *_known(Meaning.ITEM, "does not take the issue", "400"),
    *_known(Meaning.ITEM, "takes no more of this, as the issue is too large", "413"),
    *_known(Meaning.OBJECT_RIGHT, "does not let the account change this issue", "403"),
    *_known(Meaning.PASSING, "has the issue changed by others at this moment", "409"),
    *_known(
        Meaning.CONFIGURATION,
        "cannot create issues in the project because of how the project is set up",
        "422",
        field="project_key",
    ),
    *_known(Meaning.OURS, "does not take the form of the call", "405", "406", "415"),
    *_atlassian_errors.errors("Jira"),
)


class _User(msgspec.Struct, rename="camel"):
    account_id: Text
    display_name: Text


class _Project(msgspec.Struct):
    id: Text
    key: Text
    name: str | None = None


class _Category(msgspec.Struct):
    key: str


class _Status(msgspec.Struct, rename="camel"):
    status_category: _Category
    name: str = ""


class _Assignee(msgspec.Struct, rename="camel"):
    display_name: Text | None = None


class _Fields(msgspec.Struct):
    status: _Status | None = None
    assignee: _Assignee | None = None


class _Issue(msgspec.Struct):
    id: Text
    key: Text
    fields: _Fields = msgspec.field(default_factory=_Fields)
    properties: dict[str, Any] = {}


class _Issues(msgspec.Struct, rename="camel"):
    issues: list[_Issue]
    issue_errors: list[Any] = []
    next_page_token: str | None = None


class _Transition(msgspec.Struct, rename="camel"):
    id: Text
    to: _Status
    has_screen: bool = False


class _Transitions(msgspec.Struct):
    transitions: list[_Transition]


class _Errors(msgspec.Struct, rename="camel"):
    errors: dict[str, str] = {}
    error_messages: list[str] = []


class _Permission(msgspec.Struct, rename="camel"):
    have_permission: bool


class _Granted(msgspec.Struct):
    permissions: dict[str, _Permission]


class _Moved(NamedTuple):
    """What came of a change of status: the one that the issue has now, and why it is not the one that was wanted."""

    status: ItemStatus | None = None
    why: str | None = None


class _Server(msgspec.Struct, rename="camel"):
    base_url: str


class Jira(_atlassian.AuthorizesAtSites):
    names_are_reused: ClassVar[bool] = False
    manifest: ClassVar[Manifest] = Manifest(
        slug="jira",
        name="Jira",
        category=Category.ISSUE_TRACKING,
        url="https://www.atlassian.com/software/jira",
        description="Issues of a project on Jira Cloud.",
        # of the gateway; sites have addresses of their own
        api_url=_atlassian.GATEWAY,
        auth_methods=_atlassian.AUTH_METHODS,
        secrets=_atlassian.SECRETS,
        configuration=(
            SettingField(
                name="project_key",
                title="Project",
                help="The key of the project, which its issues start with, such as ENG.",
                needed_to_deliver=True,
                pattern=_KEY_PATTERN,
                example="ENG",
                copied=_COPIED_KEYS,
            ),
            SettingField(
                name="issue_type",
                verified=False,
                title="Issue type",
                help="The type of new issues, by its name in the project.",
                pattern=r"^\S.{0,254}$",
                example="Task",
                default="Task",
            ),
            *_atlassian.PLACE,
        ),
        features=("issues", "labels", "priority", "status", "read-back"),
        facts=Facts(
            steps=_atlassian.STEPS,
            rights=(
                "Browse projects, Create issues, Edit issues and Transition issues in the project",
                "With OAuth: read:jira-user, read:jira-work and write:jira-work",
            ),
            lifetime=_atlassian.LIFETIME,
            refresh=_atlassian.REFRESH,
            webhook_signature="Administrators' webhooks: HMAC-SHA256 of the body, in X-Hub-Signature; "
            "those of OAuth apps: a JWT of HS256 with the app's client secret.",
            limits=_atlassian.LIMITS,
        ),
        oauth=_atlassian.oauth("read:jira-user", _READ, _WRITE, words=_SCOPE_WORDS),
        tracks=True,
        checks=(Check.DESCRIPTION,),
        errors=_ERRORS,
        sources=(
            Source(
                "scopes",
                "https://developer.atlassian.com/cloud/jira/platform/scopes-for-connect-and-oauth-2-3LO-apps/",
                _CHECKED,
            ),
            Source(
                "the user of a token",
                "https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-myself/",
                _CHECKED,
            ),
            Source(
                "what the account may do in a project",
                "https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-permissions/",
                _CHECKED,
            ),
            Source(
                "webhooks and their signatures",
                "https://developer.atlassian.com/cloud/jira/platform/webhooks/",
                _CHECKED,
            ),
            Source(
                "issues, their transitions, and reading many at once",
                _ISSUES,
                _CHECKED,
            ),
            Source(
                "what searching knows, and when",
                "https://developer.atlassian.com/cloud/jira/platform/search-and-reconcile",
                _CHECKED,
            ),
            Source(
                "the format of descriptions",
                "https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/",
                _CHECKED,
            ),
            *_atlassian.SOURCES,
        ),
    )

    def __init__(self, http: HttpClient, endpoints: Endpoints) -> None:
        self._http = http
        self._endpoints = endpoints
        self._site = _atlassian.Atlassian(http, endpoints, self.manifest)
        #: the addresses of sites that are known by their cloud IDs only
        self._addresses: dict[str, str] = {}

    async def verify(self, connection: Connection) -> Verified:
        """Reads the account that the token belongs to, and, with a project, whether it may create issues there.

        The type of issues is not looked at, which would be one call more.
        """
        reply = await self._site.get(connection, "/rest/api/3/myself", "read:jira-user")
        if reply.status != 200:
            raise unexpected(reply, "Jira")
        user = decode(reply, _User, "Jira")
        if connection.configuration.get("project_key", "").strip():
            await self._ensure_rights(connection, _key_of(connection))
        return Verified(account=Account(id=user.account_id, name=user.display_name))

    async def locate(self, connection: Connection) -> Place | None:
        """Reads the project, which Jira finds by its former keys as well; None for who may not look at it."""
        if not connection.configuration.get("project_key", "").strip():
            return None
        key = _key_of(connection)
        known = (connection.place_id or "").rpartition("/")[2]
        for name in filter(None, (key, known)):
            reply = await self._site.call(connection, "GET", f"/rest/api/3/project/{quote(name, safe='')}", _READ)
            if reply.status == 200:
                found = decode(reply, _Project, "Jira")
                is_renamed = re.fullmatch(_KEY_PATTERN, found.key) is not None and found.key.upper() != key
                return Place(
                    id=await self._site.place_id(connection, found.id),
                    name=found.name or found.key,
                    settings={"project_key": found.key} if is_renamed else {},
                )
        return None

    async def _ensure_rights(self, connection: Connection, key: str) -> None:
        """That the account may create and edit issues in the project."""
        query = {"projectKey": key, "permissions": f"{_CREATE},{_EDIT}"}
        reply = await self._site.call(connection, "GET", "/rest/api/3/mypermissions", _READ, query=query)
        if reply.status == 404 and not _atlassian.from_product(reply):
            raise self._site.nowhere(connection)
        if reply.status == 404:
            raise _no_project()
        if reply.status != 200:
            raise unexpected(reply, "Jira")
        granted = decode(reply, _Granted, "Jira").permissions
        if _CREATE not in granted:
            raise VendorUnavailable("Jira does not tell what the account may do in the project")
        if not granted[_CREATE].have_permission:
            raise _may_not("create", _CREATE)
        if _EDIT in granted and not granted[_EDIT].have_permission:
            raise _may_not("edit", _EDIT)

    async def deliver(self, connection: Connection, delivery: Delivery) -> Delivered:
        """As an issue of the project. A priority or label that the project does not have is left out."""
        if delivery.vendor_id is not None:
            return await self._update(connection, delivery, delivery.vendor_id)
        key = _key_of(connection)
        if delivery.retried and (found := await self._find(connection, key, delivery)):
            return await self._update(connection, delivery, found)
        return await self._create(connection, delivery, key)

    async def read_back(self, connection: Connection, vendor_ids: Sequence[str]) -> Mapping[str, VendorState]:
        """With a call for every hundred."""
        states: dict[str, VendorState] = {}
        for start in range(0, len(vendor_ids), _BULK):
            wanted = list(vendor_ids[start : start + _BULK])
            found = await self._bulk(connection, {"issueIdsOrKeys": wanted, "fields": ["status", "assignee"]})
            if found.issue_errors:
                raise VendorUnavailable("Jira could not read all of the issues")
            if wanted and not found.issues:
                await self._ensure_known(connection)
            for issue in found.issues:
                if issue.id in wanted and issue.fields.status is not None:
                    states[issue.id] = VendorState(
                        status=_status_of(issue.fields.status),
                        assignee=issue.fields.assignee.display_name if issue.fields.assignee else None,
                        url=await self._address(connection, issue.key),
                    )
        return states

    async def _create(self, connection: Connection, delivery: Delivery, key: str) -> Delivered:
        item = delivery.item
        kind = connection.configuration.get("issue_type", "").strip() or "Task"
        known = (connection.place_id or "").rpartition("/")[2]
        # by its number it is found whatever its key is
        project = {"id": known} if known else {"key": key}
        fields = {"project": project, "issuetype": {"name": kind}, **_fields_of(item), "labels": _labels_of(item)}
        reply = await self._write(connection, "POST", "/rest/api/3/issue", _body(fields, delivery.marker))
        if reply.status == 404:
            raise self._site.nowhere(connection)
        if reply.status != 201:
            if _NOT_ON_SCREEN in _errors_of(reply).errors.get("summary", ""):
                await self._ensure_rights(connection, key)
            raise _refused(reply, _OF_NEW)
        issue = decode(reply, _Issue, "Jira")
        moved = _Moved()
        if item.status is not ItemStatus.OPEN:
            moved = await self._move(connection, issue.id, item.status)
        return await self._delivered(connection, issue, moved)

    async def _update(self, connection: Connection, delivery: Delivery, vendor_id: str) -> Delivered:
        item = delivery.item
        path = _path_of(vendor_id)
        issue = await self._read(connection, vendor_id)
        body = _body(_fields_of(item), delivery.marker)
        if labels := _labels_of(item):
            # people at Jira have labels of their own, which stay
            body["update"] = {"labels": [{"add": label} for label in labels]}
        reply = await self._write(connection, "PUT", path, body, of_one=True)
        await self._ensure_there(connection, reply)
        if reply.status == 403:
            raise await self._denied(connection, issue, reply)
        if reply.status not in {200, 204}:
            raise _refused(reply, _OF_OLD)
        moved = _Moved()
        if issue.fields.status is not None and _status_of(issue.fields.status) is not item.status:
            moved = await self._move(connection, issue.id, item.status, _status_of(issue.fields.status))
        return await self._delivered(connection, issue, moved)

    async def _read(self, connection: Connection, vendor_id: str) -> _Issue:
        query = {"fields": "status"}
        reply = await self._site.call(connection, "GET", _path_of(vendor_id), _READ, query=query, of_one=True)
        await self._ensure_there(connection, reply)
        if reply.status == 403:
            raise refusal(Jira.manifest, 403, reason=_said(reply))
        if reply.status != 200:
            raise unexpected(reply, "Jira")
        return decode(reply, _Issue, "Jira")

    async def _delivered(self, connection: Connection, issue: _Issue, moved: _Moved) -> Delivered:
        return Delivered(
            vendor_id=issue.id,
            url=await self._address(connection, issue.key),
            not_done=moved.why,
            status=moved.status,
        )

    async def _denied(self, connection: Connection, issue: _Issue, reply: Reply) -> ProviderError:
        """Whether the account lacks a right everywhere, or for this one issue: moved elsewhere, secured, or locked."""
        key = _key_of(connection)
        if issue.key.rpartition("-")[0].upper() == key:
            try:
                await self._ensure_rights(connection, key)
            except ProviderError as lacking:
                return lacking
        return refusal(Jira.manifest, 403, reason=_said(reply))

    async def _write(
        self, connection: Connection, method: str, path: str, body: dict[str, Any], *, of_one: bool = False
    ) -> Reply:
        """Without the optional fields when Jira takes offence at them alone."""
        reply = await self._site.call(connection, method, path, _WRITE, json=body, of_one=of_one)
        offending = _errors_of(reply).errors if reply.status == 400 else {}
        if not offending or not set(offending) <= set(_OPTIONAL):
            return reply
        without = {
            name: {field: value for field, value in part.items() if field not in offending}
            if name in {"fields", "update"}
            else part
            for name, part in body.items()
        }
        return await self._site.call(connection, method, path, _WRITE, json=without, of_one=of_one)

    async def _move(
        self, connection: Connection, vendor_id: str, wanted: ItemStatus, before: ItemStatus | None = None
    ) -> _Moved:
        """To a status of the category, if the workflow leads there; else what the issue has now, and why."""
        status, why = before, ""
        try:
            for transition in await self._ways_to(connection, vendor_id, wanted):
                body = {"transition": {"id": transition.id}}
                path = f"{_path_of(vendor_id)}/transitions"
                reply = await self._site.call(connection, "POST", path, _WRITE, json=body, of_one=True)
                if not 200 <= reply.status < 300:
                    why = why or _said(reply)
                    continue
                # a workflow may lead elsewhere than its transition says
                there = (await self._read(connection, vendor_id)).fields.status
                if there is None or _status_of(there) is wanted:
                    return _Moved()
                status, why = _status_of(there), f"its workflow led to {fit_to_show(there.name) or 'another status'}"
                break
            else:
                why = why or "its workflow has no transition to such a status from here for this account"
        except RightMissing as error:
            why = f"the account lacks the right {error.right or 'to do so'}"
        if status is None:
            status = await self._status(connection, vendor_id)
        return _Moved(status, f"Jira did not change the status to {STATUS_WORDS[wanted]}: {why}")

    async def _status(self, connection: Connection, vendor_id: str) -> ItemStatus:
        """What a new issue has; the issue is there, so nothing else may go wrong because of it."""
        with contextlib.suppress(ProviderError):
            there = (await self._read(connection, vendor_id)).fields.status
            return ItemStatus.OPEN if there is None else _status_of(there)
        return ItemStatus.OPEN

    async def _ways_to(self, connection: Connection, vendor_id: str, wanted: ItemStatus) -> list[_Transition]:
        path = f"{_path_of(vendor_id)}/transitions"
        reply = await self._site.call(connection, "GET", path, _READ, of_one=True)
        if reply.status != 200:
            return []
        offered = [one for one in decode(reply, _Transitions, "Jira").transitions if _status_of(one.to) is wanted]
        # one with a screen may ask for fields that we do not know
        return sorted(offered, key=lambda one: one.has_screen)[:_MOST_TRANSITIONS]

    async def _find(self, connection: Connection, key: str, delivery: Delivery) -> str | None:
        """The ID of the issue with the marker, as far back as it can have been created."""
        since = _minutes_since(delivery.since)
        wanted = f'project = "{key}" AND creator = currentUser() AND created >= "-{since}m" ORDER BY created ASC'
        page_token = None
        for _ in range(_MOST_PAGES):
            found = await self._search(connection, wanted, page_token)
            if (issue := _marked(found.issues, delivery.marker)) is not None:
                return issue
            page_token = found.next_page_token
            if not page_token:
                break
        newest = await self._search(connection, f'project = "{key}" ORDER BY key DESC', None, most=1)
        return await self._find_newer(connection, key, max(_numbers(newest.issues, key), default=0), delivery.marker)

    async def _find_newer(self, connection: Connection, key: str, newest: int, marker: str) -> str | None:
        """Among the issues that the index does not have yet, whose keys come next."""
        for start in range(newest + 1, newest + 1 + _MOST_NOT_YET_INDEXED * _BULK, _BULK):
            following = [f"{key}-{number}" for number in range(start, start + _BULK)]
            wanted = {"issueIdsOrKeys": following, "fields": ["status"], "properties": [_PROPERTY]}
            found = (await self._bulk(connection, wanted)).issues
            if (issue := _marked(found, marker)) is not None:
                return issue
            if not found:
                break
        return None

    async def _search(self, connection: Connection, jql: str, page_token: str | None, *, most: int = _BULK) -> _Issues:
        search = {"jql": jql, "fields": ["status"], "properties": [_PROPERTY], "maxResults": most}
        if page_token is not None:
            search["nextPageToken"] = page_token
        reply = await self._site.call(connection, "POST", "/rest/api/3/search/jql", _READ, json=search)
        if reply.status == 400:
            raise _no_project()
        if reply.status == 404:
            raise self._site.nowhere(connection)
        if reply.status != 200:
            raise unexpected(reply, "Jira")
        return decode(reply, _Issues, "Jira")

    async def _bulk(self, connection: Connection, wanted: dict[str, Any]) -> _Issues:
        reply = await self._site.call(connection, "POST", "/rest/api/3/issue/bulkfetch", _READ, json=wanted)
        if reply.status == 404:
            raise self._site.nowhere(connection)
        if reply.status != 200:
            raise unexpected(reply, "Jira")
        return decode(reply, _Issues, "Jira")

    async def _ensure_there(self, connection: Connection, reply: Reply) -> None:
        if reply.status in {404, 410}:
            if not _atlassian.from_product(reply):
                raise self._site.nowhere(connection)
            await self._ensure_known(connection)
            raise ObjectVanished("Jira does not have the issue any more, or hides it from the account")

    async def _ensure_known(self, connection: Connection) -> None:
        """That Jira hides nothing because it takes the account for nobody: an expired token is no error to it."""
        reply = await self._site.get(connection, "/rest/api/3/myself", "read:jira-user")
        if reply.status != 200:
            raise unexpected(reply, "Jira")

    async def _address(self, connection: Connection, key: str) -> str | None:
        """Where people find an issue. The gateway does not tell the site's address but when asked."""
        site = self._site.site(connection)
        cloud_id = connection.configuration.get("cloud_id", "").strip()
        if site is None:
            site = self._addresses.get(cloud_id)
        if site is None:
            # the issue is there, and its address can wait
            with contextlib.suppress(ProviderError):
                reply = await self._site.get(connection, "/rest/api/3/serverInfo", _READ)
                site = self._addresses[cloud_id] = decode(reply, _Server, "Jira").base_url.rstrip("/")
        return web_url(f"{site}/browse/{key}") if site is not None else None


def _path_of(vendor_id: str) -> str:
    return f"/rest/api/3/issue/{quote(vendor_id, safe='')}"


def _minutes_since(moment: datetime | None) -> int:
    """How far back to look. JQL counts back from now, since its dates are in the time zone of the account."""
    if moment is None:
        return _LONGEST_MINUTES
    passed = (datetime.now(UTC) - moment).total_seconds() / 60
    return min(max(0, int(passed)) + _CLOCK_MINUTES, _LONGEST_MINUTES)


def _key_of(connection: Connection) -> str:
    return _atlassian.setting(connection, "project_key", "Jira", _KEY_PATTERN, "the key of a project").upper()


def _body(fields: dict[str, Any], marker: str) -> dict[str, Any]:
    return {"fields": fields, "properties": [{"key": _PROPERTY, "value": {"marker": marker}}]}


def _fields_of(item: Item) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "summary": cut_utf16(title_of(item), _SUMMARY_LENGTH),
        "description": fitted(read(body_of(item)), _DESCRIPTION_LENGTH, lambda body: _description(item, body), _size),
    }
    if item.priority and item.priority.strip():
        fields["priority"] = {"name": item.priority.strip()}
    return fields


def _description(item: Item, body: Document) -> dict[str, Any]:
    # status and labels are the issue's own
    facts = [*facts_of(msgspec.structs.replace(item, labels=()))[1:], *own_facts_of(item)]
    parts = [_adf.blocks(body.tree), _adf.facts(facts[:_FACTS])]
    url = link_of(item.url)
    if url is not None:
        words = f"{item.type.value.replace('_', ' ').capitalize()} {item.key}"
        parts.append(_adf.link_paragraph(words if body.whole else f"Read on: {words}", url))
    return _adf.document(*parts)


def _size(description: dict[str, Any]) -> int:
    return utf16_length(msgspec.json.encode(description).decode())


def _labels_of(item: Item) -> list[str]:
    """Labels have no blanks in them."""
    joined = (first_utf16("-".join(label.split()), _LABEL_LENGTH) for label in item.labels)
    return list(dict.fromkeys(label for label in joined if label))


def _status_of(status: _Status) -> ItemStatus:
    return _CATEGORIES.get(status.status_category.key, ItemStatus.OPEN)


def _marked(issues: Sequence[_Issue], marker: str) -> str | None:
    """The oldest, since a copy of an issue may have its properties."""
    found = [issue.id for issue in issues if issue.properties.get(_PROPERTY) == {"marker": marker}]
    return min(found, key=lambda one: (len(one), one), default=None)


def _numbers(issues: Sequence[_Issue], project: str) -> Iterator[int]:
    for issue in issues:
        key, _, number = issue.key.rpartition("-")
        if key == project and number.isascii() and number.isdigit() and len(number) < 12:
            yield int(number)


def _errors_of(reply: Reply) -> _Errors:
    """What Jira says of single fields, and of the whole."""
    with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return msgspec.json.decode(reply.body, type=_Errors)
    return _Errors()


def _said(reply: Reply) -> str:
    """Jira's own words for why it does not do something, and else its status."""
    errors = _errors_of(reply)
    words = [*errors.error_messages[:3], *(f"{name}: {words}" for name, words in list(errors.errors.items())[:3])]
    return fit_to_show(" ".join(words)) or f"HTTP {reply.status}"


def _refused(reply: Reply, of_others: str) -> ProviderError:
    """For an issue that Jira does not take.

    `of_others` tells what fields mean that we do not fill in: the project asks for them in new issues; later it is
    about this one issue.
    """
    if reply.status == 400:
        return _refused_for(reply, _errors_of(reply), of_others)
    if find(_ERRORS, reply.status) is None:
        return unexpected(reply, "Jira")
    return refusal(Jira.manifest, reply.status, reply=reply, reason=_said(reply))


def _refused_for(reply: Reply, errors: _Errors, of_others: str) -> ProviderError:
    """By the fields that Jira complains of: a setting comes first, then what the item itself has."""
    if "permission" in errors.errors.get("project", "").lower():
        return _may_not("create", _CREATE)
    name = next((name for name in (*_SETTINGS, *_OURS) if name in errors.errors), None)
    if name is not None:
        return refusal(Jira.manifest, name, reason=errors.errors[name])
    if any(_NOT_OUR_FORM in words for words in errors.error_messages):
        return refusal(Jira.manifest, _NOT_OUR_FORM, reason=_said(reply))
    if errors.errors and of_others == _OF_NEW:
        named = ", ".join(fit_to_show(name) for name in list(errors.errors)[:3])
        return ConfigurationRejected(
            f"Jira asks for fields that Jackfield does not fill in: {named}. Choose another type of issue, or make "
            "them optional in the project",
            "issue_type",
        )
    return refusal(Jira.manifest, 400, reason=_said(reply))


def _may_not(act: str, right: str) -> RightMissing:
    return RightMissing(f"Jira does not let the account {act} issues in the project", right)


def _no_project() -> ConfigurationRejected:
    return ConfigurationRejected("Jira cannot find this project, or the account has no access to it", "project_key")


PROVIDER: Final = Jira
