"""Jira Cloud, by API token or OAuth token.

REST API, version 3: https://developer.atlassian.com/cloud/jira/platform/rest/v3/

An issue has the marker of its item as a property, which nobody sees. Searching reads an index that lags behind by
seconds or minutes, and does not know properties; so after a lost answer the newest issues of the index are looked
through, and then, by the keys that come next, those that are too new for it, which are read as they are.
"""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, ClassVar, Final
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
    ItemRejected,
    Manifest,
    ObjectVanished,
    ProviderError,
    RightMissing,
    SettingField,
    Source,
    VendorState,
    VendorUnavailable,
    Verified,
)
from jackfield.providers import _adf, _atlassian
from jackfield.providers._chat_text import body_of, facts_of, link_of, own_facts_of, shorten, title_of
from jackfield.providers._http import Endpoints, HttpClient, Reply
from jackfield.providers._markdown import cut, parse
from jackfield.providers._replies import Text, decode, unexpected, web_url

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
#: how many issues are looked through for a marker: of the index, and newer than it
_INDEXED: Final = 100
_NOT_YET_INDEXED: Final = 50
#: issues in one call
_BULK: Final = 100
#: fields that a project may not have, and that an issue can do without
_OPTIONAL: Final = ("labels", "priority")
_CATEGORIES: Final = {
    "new": ItemStatus.OPEN,
    "undefined": ItemStatus.OPEN,
    "indeterminate": ItemStatus.IN_PROGRESS,
    "done": ItemStatus.CLOSED,
}


class _User(msgspec.Struct, rename="camel"):
    account_id: Text
    display_name: Text


class _Category(msgspec.Struct):
    key: str


class _Status(msgspec.Struct, rename="camel"):
    status_category: _Category


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


class _Transition(msgspec.Struct, rename="camel"):
    id: Text
    to: _Status
    has_screen: bool = False


class _Transitions(msgspec.Struct):
    transitions: list[_Transition]


class _Errors(msgspec.Struct):
    errors: dict[str, str] = {}


class _Permission(msgspec.Struct, rename="camel"):
    have_permission: bool


class _Permissions(msgspec.Struct):
    create: _Permission = msgspec.field(name=_CREATE)


class _Granted(msgspec.Struct):
    permissions: _Permissions


class _Server(msgspec.Struct, rename="camel"):
    base_url: str


class Jira(_atlassian.AuthorizesAtSites):
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
                "https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/",
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
        self._site = _atlassian.Atlassian(http, endpoints, "jira", "Jira")
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
            await self._ensure_may_create(connection, _key_of(connection))
        return Verified(account=Account(id=user.account_id, name=user.display_name))

    async def _ensure_may_create(self, connection: Connection, key: str) -> None:
        query = {"projectKey": key, "permissions": _CREATE}
        reply = await self._site.call(connection, "GET", "/rest/api/3/mypermissions", _READ, query=query)
        if reply.status == 404 and not _atlassian.from_product(reply):
            raise self._site.nowhere(connection)
        if reply.status == 404:
            raise _no_project()
        if reply.status != 200:
            raise unexpected(reply, "Jira")
        if not decode(reply, _Granted, "Jira").permissions.create.have_permission:
            raise _may_not_create()

    async def deliver(self, connection: Connection, delivery: Delivery) -> Delivered:
        """As an issue of the project. A priority or label that the project does not have is left out."""
        if delivery.vendor_id is not None:
            return await self._update(connection, delivery, delivery.vendor_id)
        key = _key_of(connection)
        if delivery.retried and (found := await self._find(connection, key, delivery.marker)):
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
        fields = {"project": {"key": key}, "issuetype": {"name": kind}, **_fields_of(item), "labels": _labels_of(item)}
        reply = await self._write(connection, "POST", "/rest/api/3/issue", _body(fields, delivery.marker))
        if reply.status == 404:
            raise self._site.nowhere(connection)
        if reply.status != 201:
            raise _refused(reply)
        issue = decode(reply, _Issue, "Jira")
        if item.status is not ItemStatus.OPEN:
            await self._move(connection, issue.id, item.status)
        return Delivered(vendor_id=issue.id, url=await self._address(connection, issue.key))

    async def _update(self, connection: Connection, delivery: Delivery, vendor_id: str) -> Delivered:
        item = delivery.item
        path = f"/rest/api/3/issue/{quote(vendor_id, safe='')}"
        reply = await self._site.call(connection, "GET", path, _READ, query={"fields": "status"})
        self._ensure_there(connection, reply)
        if reply.status != 200:
            raise unexpected(reply, "Jira")
        issue = decode(reply, _Issue, "Jira")
        body = _body(_fields_of(item), delivery.marker)
        if labels := _labels_of(item):
            # people at Jira have labels of their own, which stay
            body["update"] = {"labels": [{"add": label} for label in labels]}
        reply = await self._write(connection, "PUT", path, body)
        self._ensure_there(connection, reply)
        if reply.status not in {200, 204}:
            raise _refused(reply)
        if issue.fields.status is not None and _status_of(issue.fields.status) is not item.status:
            await self._move(connection, issue.id, item.status)
        return Delivered(vendor_id=issue.id, url=await self._address(connection, issue.key))

    async def _write(self, connection: Connection, method: str, path: str, body: dict[str, Any]) -> Reply:
        """Without the optional fields when Jira takes offence at them alone."""
        reply = await self._site.call(connection, method, path, _WRITE, json=body)
        offending = _errors_of(reply) if reply.status == 400 else {}
        if not offending or not set(offending) <= set(_OPTIONAL):
            return reply
        without = {
            name: {field: value for field, value in part.items() if field not in offending}
            if name in {"fields", "update"}
            else part
            for name, part in body.items()
        }
        return await self._site.call(connection, method, path, _WRITE, json=without)

    async def _move(self, connection: Connection, vendor_id: str, status: ItemStatus) -> None:
        """To a status of the category, if the workflow offers one to this account; else it stays where it is."""
        path = f"/rest/api/3/issue/{quote(vendor_id, safe='')}/transitions"
        with contextlib.suppress(RightMissing):
            reply = await self._site.call(connection, "GET", path, _READ)
            if reply.status != 200:
                return
            offered = [one for one in decode(reply, _Transitions, "Jira").transitions if _status_of(one.to) is status]
            # one with a screen may ask for fields that we do not know
            for transition in sorted(offered, key=lambda one: one.has_screen)[:1]:
                body = {"transition": {"id": transition.id}}
                await self._site.call(connection, "POST", path, _WRITE, json=body)

    async def _find(self, connection: Connection, key: str, marker: str) -> str | None:
        """The ID of the issue with the marker, if there is one among the newest."""
        search = {
            "jql": f'project = "{key}" ORDER BY created DESC',
            "fields": ["status"],
            "properties": [_PROPERTY],
            "maxResults": _INDEXED,
        }
        reply = await self._site.call(connection, "POST", "/rest/api/3/search/jql", _READ, json=search)
        if reply.status == 400:
            raise _no_project()
        if reply.status == 404:
            raise self._site.nowhere(connection)
        if reply.status != 200:
            raise unexpected(reply, "Jira")
        indexed = decode(reply, _Issues, "Jira").issues
        if (found := _marked(indexed, marker)) is not None:
            return found
        newest = max(_numbers(indexed, key), default=0)
        following = [f"{key}-{newest + step}" for step in range(1, _NOT_YET_INDEXED + 1)]
        wanted = {"issueIdsOrKeys": following, "fields": ["status"], "properties": [_PROPERTY]}
        return _marked((await self._bulk(connection, wanted)).issues, marker)

    async def _bulk(self, connection: Connection, wanted: dict[str, Any]) -> _Issues:
        reply = await self._site.call(connection, "POST", "/rest/api/3/issue/bulkfetch", _READ, json=wanted)
        if reply.status == 404:
            raise self._site.nowhere(connection)
        if reply.status != 200:
            raise unexpected(reply, "Jira")
        return decode(reply, _Issues, "Jira")

    def _ensure_there(self, connection: Connection, reply: Reply) -> None:
        if reply.status in {404, 410}:
            if not _atlassian.from_product(reply):
                raise self._site.nowhere(connection)
            raise ObjectVanished("Jira does not have the issue any more, or hides it from the account")

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


def _key_of(connection: Connection) -> str:
    return _atlassian.setting(connection, "project_key", "Jira", _KEY_PATTERN, "the key of a project").upper()


def _body(fields: dict[str, Any], marker: str) -> dict[str, Any]:
    return {"fields": fields, "properties": [{"key": _PROPERTY, "value": {"marker": marker}}]}


def _fields_of(item: Item) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "summary": cut(title_of(item), _SUMMARY_LENGTH),
        "description": _description(item, shorten(body_of(item), _DESCRIPTION_LENGTH, lambda body: _size(item, body))),
    }
    if item.priority and item.priority.strip():
        fields["priority"] = {"name": item.priority.strip()}
    return fields


def _description(item: Item, body: str) -> dict[str, Any]:
    # status and labels are the issue's own
    facts = [*facts_of(msgspec.structs.replace(item, labels=()))[1:], *own_facts_of(item)]
    parts = [_adf.blocks(parse(body)), _adf.facts(facts[:_FACTS])]
    url = link_of(item.url)
    if url is not None:
        words = f"{item.type.value.replace('_', ' ').capitalize()} {item.key}"
        parts.append(_adf.link_paragraph(words if body == body_of(item) else f"Read on: {words}", url))
    return _adf.document(*parts)


def _size(item: Item, body: str) -> int:
    # by characters, not bytes
    return len(msgspec.json.encode(_description(item, body)).decode())


def _labels_of(item: Item) -> list[str]:
    """Labels have no blanks in them."""
    joined = ("-".join(label.split())[:_LABEL_LENGTH] for label in item.labels)
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


def _errors_of(reply: Reply) -> Mapping[str, str]:
    """What Jira says of single fields."""
    with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return msgspec.json.decode(reply.body, type=_Errors).errors
    return {}


def _refused(reply: Reply) -> ProviderError:
    """For an issue that Jira does not take."""
    errors = _errors_of(reply)
    if reply.status != 400:
        return unexpected(reply, "Jira")
    if "permission" in errors.get("project", "").lower():
        return _may_not_create()
    if "project" in errors:
        return _no_project()
    if "issuetype" in errors:
        return ConfigurationRejected("Jira does not have this type of issues in the project", "issue_type")
    named = ", ".join(name for name in list(errors)[:3] if name.isidentifier() and len(name) < 40)
    if named:
        return ConfigurationRejected(
            f"Jira does not take the issue because of its fields {named}: choose another type, or make them optional",
            "issue_type",
        )
    return ItemRejected("Jira does not take the issue: check the project and the type of issues")


def _may_not_create() -> RightMissing:
    return RightMissing("Jira does not let the account create issues in the project", _CREATE)


def _no_project() -> ConfigurationRejected:
    return ConfigurationRejected("Jira has no such project, or hides it from the account", "project_key")


PROVIDER: Final = Jira
