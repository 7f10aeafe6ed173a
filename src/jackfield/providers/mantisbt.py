"""MantisBT, by API token, always on a server of one's own.

REST API: https://mantisbt.org/docs/master/en-US/Developers_Guide/html/restapi.html
It answers 403, not 401, to a token that it does not know, as to a lack of rights; who the token's user is tells which.

An issue has the marker of its item in "Additional Information": there is no field that nobody sees and that the API
tells again. After a lost answer it is looked for in the list of what the token's user reported, newest changes first,
which is read from the database itself.
"""

import contextlib
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Any, ClassVar, Final
from urllib.parse import quote

import msgspec

from jackfield.domain.item import Item, ItemStatus
from jackfield.domain.provider import (
    Account,
    AuthMethod,
    Category,
    ConfigurationRejected,
    Connection,
    CredentialRefused,
    Delivered,
    Delivery,
    Facts,
    Manifest,
    ObjectVanished,
    ProviderError,
    RightMissing,
    SecretField,
    SettingField,
    Source,
    VendorState,
    Verified,
)
from jackfield.providers._credentials import token
from jackfield.providers._endpoints import ENDS_OF_ADDRESSES, URL_PATTERN, api_url, own_base_url
from jackfield.providers._http import Endpoints, HttpClient, Reply
from jackfield.providers._mantis_text import description_of, summary_of
from jackfield.providers._replies import Text, decode, raise_for_status, unexpected, web_url

_CHECKED: Final = date(2026, 11, 21)
#: the second is for web servers that do not rewrite addresses
_BELOW: Final = ("", "/index.php")
#: of a list, and how many of them are looked through
_PAGE: Final = 50
_PAGES: Final = 4
#: so many issues are read one by one
_FEW: Final = 3
_PRIORITIES: Final = ("none", "low", "normal", "high", "urgent", "immediate")
#: the names of a new server, the ones that we set first
_STATUSES: Final = {
    ItemStatus.OPEN: ("new", "feedback", "acknowledged", "confirmed"),
    ItemStatus.IN_PROGRESS: ("assigned",),
    ItemStatus.CLOSED: ("resolved", "closed"),
}
#: names of one's own stand between these numbers
_ASSIGNED: Final = 50
_RESOLVED: Final = 80
_RESOLUTIONS: Final = {ItemStatus.OPEN: "reopened", ItemStatus.CLOSED: "fixed"}
_ENUMERATIONS: Final = "/config?option%5B%5D=status_enum_string&option%5B%5D=resolution_enum_string"
_UPDATE: Final = "to update issues (update_bug_threshold)"
_UPDATE_RESOLVED: Final = "to update resolved issues (update_readonly_bug_threshold)"
_REPORT: Final = "to report issues (report_bug_threshold)"
_VIEW: Final = "to view the issue"


class _User(msgspec.Struct):
    id: int
    name: Text


class _Named(msgspec.Struct):
    id: int
    name: Text


class _Handler(msgspec.Struct):
    name: Text | None = None
    #: often empty
    real_name: Annotated[str, msgspec.Meta(max_length=1000, pattern=r"^[^\x00]*$")] | None = None


class _Issue(msgspec.Struct):
    id: int
    status: _Named | None = None
    handler: _Handler | None = None
    additional_information: str | None = None


class _Issues(msgspec.Struct):
    issues: list[_Issue]


class _Created(msgspec.Struct):
    issue: _Issue


class _Projects(msgspec.Struct):
    projects: list[_Named]


class _Options(msgspec.Struct):
    configs: Any


class _Error(msgspec.Struct):
    message: str = ""


class MantisBT:
    manifest: ClassVar[Manifest] = Manifest(
        slug="mantisbt",
        name="MantisBT",
        category=Category.ISSUE_TRACKING,
        url="https://mantisbt.org",
        description="Issues of a project on a MantisBT of your own.",
        auth_methods=(
            AuthMethod(name="token", title="API token", secrets=("access_token",), configuration=("base_url",)),
        ),
        secrets=(
            SecretField(
                name="access_token",
                auth_key="api_key",
                title="API token",
                help="MantisBT, My Account, API Tokens, Create API Token.",
                required=True,
                pattern=r"^\S{1,1000}$",
                example="AbCdEf0123456789AbCdEf0123456789",
            ),
        ),
        configuration=(
            SettingField(
                name="base_url",
                title="Address",
                help="Of your MantisBT, such as https://mantis.example.com or https://example.com/mantis.",
                required=True,
                needed_to_deliver=True,
                destination=True,
                pattern=URL_PATTERN,
                example="https://mantis.example.com",
                ends_before=ENDS_OF_ADDRESSES,
            ),
            SettingField(
                name="project",
                title="Project",
                help="The project of new issues: its name or number, as under Manage, Projects.",
                needed_to_deliver=True,
                pattern=r"^\S.{0,127}$",
                example="Web shop",
            ),
            SettingField(
                name="category",
                verified=False,
                title="Category",
                help="The category of new issues in the project, if the project asks for one.",
                pattern=r"^\S.{0,127}$",
                example="General",
            ),
            SettingField(name="project_id", title="Project ID", help="The number of the project, if it is known."),
        ),
        features=("issues", "priority", "status", "read-back"),
        facts=Facts(
            steps=(
                "Log in to your MantisBT as the user that is to report the issues.",
                "Open My Account, API Tokens, and create one with a name.",
                "Copy the token: it is shown once.",
            ),
            rights=(
                "To report and update issues in the project, as reporters and updaters may",
                "To change issues that are resolved, as managers may: without it they stay as they are",
            ),
            lifetime="Until it is revoked under My Account, API Tokens, or its user is deleted or disabled.",
            limits="None of its own; a web server before it may answer 429 with Retry-After.",
        ),
        tracks=True,
        sources=(
            Source(
                "authentication",
                "https://mantisbt.org/docs/master/en-US/Developers_Guide/html/restapi.html",
                _CHECKED,
            ),
            Source(
                "the user of a token",
                "https://documenter.getpostman.com/view/29959/mantis-bug-tracker-rest-api/7Lt6zkP",
                _CHECKED,
            ),
            Source(
                "its refusals",
                "https://github.com/mantisbt/mantisbt/blob/master/api/rest/restcore/AuthMiddleware.php",
                _CHECKED,
            ),
            Source(
                "projects",
                "https://github.com/mantisbt/mantisbt/blob/master/api/rest/restcore/projects_rest.php",
                _CHECKED,
            ),
            Source(
                "issues",
                "https://github.com/mantisbt/mantisbt/blob/master/api/rest/restcore/issues_rest.php",
                _CHECKED,
            ),
            Source(
                "what it takes as an issue",
                "https://github.com/mantisbt/mantisbt/blob/master/core/commands/IssueAddCommand.php",
                _CHECKED,
            ),
            Source(
                "its statuses and thresholds",
                "https://mantisbt.org/docs/master/en-US/Admin_Guide/html-desktop/",
                _CHECKED,
            ),
        ),
    )

    def __init__(self, http: HttpClient, endpoints: Endpoints) -> None:
        self._http = http
        self._endpoints = endpoints

    async def verify(self, connection: Connection) -> Verified:
        """Reads the user of the token, and, with a project, whether it is among those that the user sees.

        MantisBT does not tell what the user may do there.
        """
        user = await self._user(connection)
        settings = connection.configuration
        if settings.get("project", "").strip() or settings.get("project_id", "").strip():
            await self._ensure_project(connection, _project_of(connection))
        return Verified(account=Account(id=str(user.id), name=user.name))

    async def _user(self, connection: Connection) -> _User:
        reply = await self._call(connection, "GET", "/users/me")
        if reply.status == 404:
            raise ConfigurationRejected("MantisBT has no REST API at this address: check base_url", "base_url")
        if reply.status in {401, 403}:
            raise CredentialRefused("MantisBT refuses the token: it is wrong or revoked, or its user is disabled")
        raise_for_status(reply, "MantisBT", "to use this API")
        if reply.status != 200:
            raise unexpected(reply, "MantisBT")
        if reply.headers.get("x-mantis-loginmethod") == "anonymous":
            raise ConfigurationRejected(
                "MantisBT does not see the token: its web server has to pass the header Authorization on"
            )
        return decode(reply, _User, "MantisBT")

    async def _ensure_project(self, connection: Connection, project: dict[str, Any]) -> None:
        """By its number; a name is looked for in the list of all, where subprojects stand beside the others."""
        path = f"/projects/{project['id']}" if "id" in project else "/projects"
        reply = await self._call(connection, "GET", path)
        self._check(reply)
        if reply.status == 404:
            raise _no_project()
        if reply.status != 200:
            raise unexpected(reply, "MantisBT")
        found = decode(reply, _Projects, "MantisBT").projects
        # databases compare names without their case
        name = str(project.get("name", "")).casefold()
        if not any(one.id == project["id"] if "id" in project else one.name.casefold() == name for one in found):
            raise _no_project()

    async def deliver(self, connection: Connection, delivery: Delivery) -> Delivered:
        """As an issue of the project."""
        if delivery.vendor_id is not None:
            return await self._update(connection, delivery, delivery.vendor_id)
        project = _project_of(connection)
        if delivery.retried and (found := await self._find(connection, project, delivery.marker)):
            return await self._update(connection, delivery, found)
        return await self._create(connection, delivery, project)

    async def read_back(self, connection: Connection, vendor_ids: Sequence[str]) -> Mapping[str, VendorState]:
        """From the list of issues as long as it has wanted ones in it, the rest one by one."""
        left = list(dict.fromkeys(vendor_ids))
        states: dict[str, VendorState] = {}
        for page in range(1, _PAGES + 1):
            if len(left) <= _FEW:
                break
            issues = await self._list(connection, page, "id,status,handler", **_in_project(connection))
            found = {str(issue.id): issue for issue in issues if str(issue.id) in left}
            states |= {vendor_id: self._state(connection, issue) for vendor_id, issue in found.items()}
            left = [vendor_id for vendor_id in left if vendor_id not in found]
            if not found or len(issues) < _PAGE:
                break
        for vendor_id in left:
            # what the token's user must not see is as good as gone
            with contextlib.suppress(ObjectVanished, RightMissing):
                issue = await self._read(connection, vendor_id, "id,status,handler")
                states[vendor_id] = self._state(connection, issue)
        return states

    async def _create(self, connection: Connection, delivery: Delivery, project: dict[str, Any]) -> Delivered:
        issue: dict[str, Any] = {
            **_fields_of(delivery.item),
            "project": project,
            "additional_information": _additional(delivery.marker),
        }
        category = connection.configuration.get("category", "").strip()
        if category:
            issue["category"] = {"name": category}
        if delivery.item.status is not ItemStatus.OPEN:
            issue |= await self._status_fields(connection, delivery.item.status)
        reply = await self._call(connection, "POST", "/issues", json=issue)
        if reply.status == 403:
            raise await self._denied(connection, _REPORT)
        self._check(reply)
        if reply.status != 201:
            raise _refused(reply)
        return self._delivered(connection, decode(reply, _Created, "MantisBT").issue.id)

    async def _update(self, connection: Connection, delivery: Delivery, vendor_id: str) -> Delivered:
        item = delivery.item
        there = await self._read(connection, vendor_id, "id,status")
        patch = _fields_of(item)
        status = _status_of(there)
        if status is not item.status:
            patch |= await self._status_fields(connection, item.status)
        reply = await self._call(connection, "PATCH", f"/issues/{there.id}", json=patch)
        if reply.status == 403 and status is ItemStatus.CLOSED:
            # resolved issues are for reading only, but for managers
            if item.status is ItemStatus.CLOSED:
                return self._delivered(connection, there.id)
            raise _right_missing(_UPDATE_RESOLVED)
        if reply.status == 403:
            raise _right_missing(_UPDATE)
        self._check(reply)
        if reply.status == 404:
            raise _vanished()
        if reply.status != 200:
            raise _refused(reply)
        return self._delivered(connection, there.id)

    async def _status_fields(self, connection: Connection, status: ItemStatus) -> dict[str, Any]:
        """By the names that the server has; nothing when it does not tell them, or has none that fits."""
        reply = await self._call(connection, "GET", _ENUMERATIONS)
        if reply.status in {400, 403, 404}:
            return {}
        self._check(reply)
        if reply.status != 200:
            raise unexpected(reply, "MantisBT")
        offered = decode(reply, _Options, "MantisBT").configs
        statuses = _names(offered, "status_enum_string")
        name = next((name for name in _STATUSES[status] if name in statuses), None)
        if name is None:
            return {}
        fields: dict[str, Any] = {"status": {"name": name}}
        resolution = _RESOLUTIONS.get(status)
        if resolution in _names(offered, "resolution_enum_string"):
            fields["resolution"] = {"name": resolution}
        return fields

    async def _find(self, connection: Connection, project: dict[str, Any], marker: str) -> str | None:
        """The ID of the issue with the marker, if it is among what the token's user has reported of late."""
        for page in range(1, _PAGES + 1):
            where = {"project_id": str(project["id"])} if "id" in project else {}
            issues = await self._list(connection, page, "id,additional_information", filter_id="reported", **where)
            for issue in issues:
                if _additional(marker) in (issue.additional_information or ""):
                    return str(issue.id)
            if len(issues) < _PAGE:
                break
        return None

    async def _list(self, connection: Connection, page: int, select: str, **where: str) -> list[_Issue]:
        query = {"page_size": str(_PAGE), "page": str(page), "select": select, **where}
        reply = await self._call(connection, "GET", "/issues", query=query)
        if reply.status == 403:
            raise await self._denied(connection, _VIEW)
        self._check(reply)
        if reply.status == 404 and "project_id" in where:
            raise _no_project()
        if reply.status != 200:
            raise unexpected(reply, "MantisBT")
        return decode(reply, _Issues, "MantisBT").issues

    async def _read(self, connection: Connection, vendor_id: str, select: str) -> _Issue:
        path = f"/issues/{quote(vendor_id, safe='')}"
        reply = await self._call(connection, "GET", path, query={"select": select})
        if reply.status == 403:
            raise await self._denied(connection, _VIEW)
        self._check(reply)
        if reply.status in {404, 410}:
            raise _vanished()
        if reply.status != 200:
            raise unexpected(reply, "MantisBT")
        issues = decode(reply, _Issues, "MantisBT").issues
        if not issues:
            raise _vanished()
        return issues[0]

    async def _denied(self, connection: Connection, right: str) -> ProviderError:
        """What a 403 means: the user of the token is known, or the token is not."""
        try:
            await self._user(connection)
        except ProviderError as error:
            return error
        return _right_missing(right)

    def _check(self, reply: Reply) -> None:
        """Raises what a status means that is not about the issue."""
        if reply.status == 404 and not _from_mantis(reply):
            raise ConfigurationRejected("MantisBT has no REST API at this address: check base_url", "base_url")
        raise_for_status(reply, "MantisBT", "to use this API")

    async def _call(
        self,
        connection: Connection,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        json: Any = None,
    ) -> Reply:
        """The first answer of MantisBT itself, else the last."""
        own = own_base_url(connection)
        if own is None and self._endpoints == Endpoints():
            raise ConfigurationRejected("MantisBT needs the address of your server", "base_url")
        base = api_url(self._endpoints, "", "/api/rest", own)
        headers = {"Authorization": token(connection, "MantisBT", title="API token")}
        for below in _BELOW:
            reply = await self._http.request(
                "mantisbt", method, base + below + path, headers=headers, query=query, json=json
            )
            if reply.status != 404 or _from_mantis(reply):
                break
        return reply

    def _delivered(self, connection: Connection, number: int) -> Delivered:
        return Delivered(vendor_id=str(number), url=self._address(connection, number))

    def _state(self, connection: Connection, issue: _Issue) -> VendorState:
        handler = issue.handler
        return VendorState(
            status=_status_of(issue),
            assignee=(handler.real_name or handler.name) if handler is not None else None,
            url=self._address(connection, issue.id),
        )

    def _address(self, connection: Connection, number: int) -> str | None:
        base = own_base_url(connection) or self._endpoints.base_url
        return web_url(f"{base.rstrip('/')}/view.php?id={number}") if base else None


def _project_of(connection: Connection) -> dict[str, Any]:
    """By its number or its name."""
    settings = connection.configuration
    project = settings.get("project", "").strip() or settings.get("project_id", "").strip()
    if not project:
        raise ConfigurationRejected("MantisBT needs the project of new issues", "project")
    return {"id": int(project)} if project.isascii() and project.isdigit() else {"name": project}


def _in_project(connection: Connection) -> dict[str, str]:
    """To list the issues of the project only, when its number is known."""
    settings = connection.configuration
    for name in ("project", "project_id"):
        number = settings.get(name, "").strip()
        if number.isascii() and number.isdigit():
            return {"project_id": number}
    return {}


def _fields_of(item: Item) -> dict[str, Any]:
    fields: dict[str, Any] = {"summary": summary_of(item), "description": description_of(item)}
    priority = (item.priority or "").strip().lower()
    if priority in _PRIORITIES:
        fields["priority"] = {"name": priority}
    return fields


def _additional(marker: str) -> str:
    return f"jackfield-{marker}"


def _status_of(issue: _Issue) -> ItemStatus:
    if issue.status is None:
        return ItemStatus.OPEN
    for status, names in _STATUSES.items():
        if issue.status.name in names:
            return status
    if issue.status.id >= _RESOLVED:
        return ItemStatus.CLOSED
    return ItemStatus.IN_PROGRESS if issue.status.id >= _ASSIGNED else ItemStatus.OPEN


def _names(configs: Any, option: str) -> list[str]:
    """The names of an enumeration, in each of the forms that versions of MantisBT have for it."""
    if isinstance(configs, list):
        configs = {one.get("option"): one.get("value") for one in configs if _is_option(one)}
    value = configs.get(option) if isinstance(configs, dict) else None
    if isinstance(value, str):
        return [part.partition(":")[2] for part in value.split(",")]
    members = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [str(one.get("name")) for one in members if isinstance(one, dict)]


def _is_option(one: Any) -> bool:
    return isinstance(one, dict) and isinstance(one.get("option"), str)


def _from_mantis(reply: Reply) -> bool:
    """Whether MantisBT itself answers, and not the web server before it."""
    if any(name.startswith("x-mantis-") for name in reply.headers):
        return True
    try:
        return isinstance(msgspec.json.decode(reply.body), dict)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False


def _refused(reply: Reply) -> ProviderError:
    """For an issue that MantisBT does not take."""
    if reply.status not in {400, 404, 422}:
        return unexpected(reply, "MantisBT")
    try:
        words = msgspec.json.decode(reply.body, type=_Error).message.lower()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        words = ""
    if "category" in words:
        return ConfigurationRejected("MantisBT wants a category that the project has", "category")
    if "project" in words:
        return _no_project()
    if "custom field" in words:
        return ConfigurationRejected(
            "MantisBT asks for custom fields in new issues of the project: make them optional", "project"
        )
    return ConfigurationRejected("MantisBT does not take the issue: check the project and the category", "project")


def _no_project() -> ConfigurationRejected:
    return ConfigurationRejected("MantisBT has no such project, or hides it from the token's user", "project")


def _right_missing(right: str) -> RightMissing:
    return RightMissing(f"MantisBT takes the token, but its user lacks the right {right}", right)


def _vanished() -> ObjectVanished:
    return ObjectVanished("MantisBT does not have the issue any more")


PROVIDER: Final = MantisBT
