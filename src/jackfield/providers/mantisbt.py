"""MantisBT, by API token, always on a server of one's own.

REST API: https://mantisbt.org/docs/master/en-US/Developers_Guide/html/restapi.html
It answers 403, not 401, to a token that it does not know, as to a lack of rights; who the token's user is tells which.
An error has a number, the same in every language: core/constant_inc.php, and api/soap/mc_api.php for those without one.

An issue has the marker of its item in "Additional Information": there is no field that nobody sees and that the API
tells again. After a lost answer it is looked for in the list of what the token's user reported, newest changes first,
which is read from the database itself, as far back as the first doubtful try.
"""

import contextlib
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
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
    KnownError,
    Manifest,
    Meaning,
    ObjectRightMissing,
    ObjectVanished,
    Place,
    ProviderError,
    RightMissing,
    SecretField,
    SettingField,
    Source,
    VendorState,
    Verified,
)
from jackfield.providers._chat_text import STATUS_WORDS
from jackfield.providers._credentials import token
from jackfield.providers._endpoints import ENDS_OF_ADDRESSES, URL_PATTERN, api_url, own_base_url
from jackfield.providers._errors import error_of, find, fit_to_show, refusal
from jackfield.providers._http import AnswerTooLong, Endpoints, HttpClient, Reply
from jackfield.providers._mantis_text import beyond_of, description_of, summary_of, within_basic_plane
from jackfield.providers._places import number_of, place_id
from jackfield.providers._replies import Text, decode, raise_for_status, unexpected, web_url

_CHECKED: Final = date(2026, 11, 21)
_READ_AT: Final = date(2026, 11, 30)
#: the second is for web servers that do not rewrite addresses
_BELOW: Final = ("", "/index.php")
#: of a list, and how many of them are looked through at least, and at most for a marker
_PAGE: Final = 50
_PAGES: Final = 4
_MOST_PAGES: Final = 100
#: clocks differ
_CLOCK: Final = timedelta(minutes=15)
#: what a server does not allow in so short a time; it does not tell how long that is, and an hour is its default
_SPAM_SECONDS: Final = 900.0
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
#: what is asked of a project before items go there
_OPTIONS: Final = ("allow_no_category", "report_bug_threshold", "update_bug_threshold")
_UPDATE: Final = "to update issues (update_bug_threshold)"
_UPDATE_RESOLVED: Final = "to update resolved issues (update_readonly_bug_threshold)"
_REPORT: Final = "to report issues (report_bug_threshold)"
_VIEW: Final = "to view the issue"

_CONSTANTS: Final = "https://github.com/mantisbt/mantisbt/blob/master/core/constant_inc.php"
_FAULTS: Final = "https://github.com/mantisbt/mantisbt/blob/master/core/classes/ApiObjectFactory.class.php"
_UPDATING: Final = "https://github.com/mantisbt/mantisbt/blob/master/api/soap/mc_issue_api.php"
#: how a server shows the number of an error to people
_NUMBERED: Final = "APPLICATION ERROR #"
_READ_ONLY: Final = 1103
#: what a server may tell for an option that is off
_OFF: Final = (0, False, "0", "OFF")
_NO_STATUS: Final = "it does not tell its statuses, or has none of this kind"


def _known(
    meaning: Meaning,
    words: str,
    *names: str | int,
    field: str | None = None,
    right: str | None = None,
    source: str = _CONSTANTS,
) -> tuple[KnownError, ...]:
    return tuple(
        KnownError(
            name=f"{_NUMBERED}{name}" if isinstance(name, int) else name,
            meaning=meaning,
            words=f"MantisBT {words}",
            field=field,
            right=right,
            source=source,
        )
        for name in names
    )


_ERRORS: Final = (
    # by their numbers
    *_known(Meaning.ITEM, "asks for a field that is empty", 11),
    *_known(Meaning.RIGHT, f"takes the token, but its user lacks the right {_REPORT}", 13, right=_REPORT),
    *_known(Meaning.ITEM, "does not take the value of a field", 20, 21, 24, 26, 29),
    *_known(Meaning.LIMIT, "suspects spam, as the token's user made many changes in a short time", 27),
    *_known(Meaning.ITEM, "does not take a text of this length", 28),
    *_known(Meaning.OURS, "does not know what it is asked for", 19, 100, 102, 103, 200, 201, 202, 203, 2000, 2800),
    *_known(Meaning.PASSING, "has trouble with its own configuration", 101),
    *_known(Meaning.PASSING, "has trouble with its database", 400, 401, 402, 403),
    *_known(
        Meaning.CONFIGURATION, "cannot find this project, or the token's user has no access to it", 700, field="project"
    ),
    *_known(Meaning.CREDENTIAL, "does not know the token or its user any more", 801, 811, 900, 2300, 2702),
    *_known(Meaning.GONE, "does not have the issue any more", 1100),
    *_known(
        Meaning.OBJECT_RIGHT, "keeps resolved issues as they are for the token's user", 1103, right=_UPDATE_RESOLVED
    ),
    *_known(Meaning.ITEM, "keeps the issue open as long as issues that it depends on are open", 1104),
    *_known(Meaning.PASSING, "has the issue changed by others at this moment", 1105),
    *_known(
        Meaning.CONFIGURATION,
        "asks for custom fields in new issues of the project: make them optional",
        1300,
        1303,
        1305,
        field="project",
    ),
    *_known(Meaning.CREDENTIAL, "cannot find the token's user in its directory", 1400, 1403),
    *_known(Meaning.PASSING, "has trouble with its directory", 1401, 1404),
    *_known(Meaning.CONFIGURATION, "wants a category that the project has", 1502, 1503, field="category"),
    # by its sentences, which have no number
    *_known(
        Meaning.CONFIGURATION, "wants a category that the project has", "category", field="category", source=_FAULTS
    ),
    *_known(
        Meaning.CONFIGURATION,
        "asks for custom fields in new issues of the project: make them optional",
        "custom field",
        field="project",
        source=_FAULTS,
    ),
    *_known(
        Meaning.CONFIGURATION,
        "cannot find this project, or the token's user has no access to it",
        "project",
        field="project",
        source=_FAULTS,
    ),
    *_known(
        Meaning.OBJECT_RIGHT,
        "keeps resolved issues as they are for the token's user",
        "readonly",
        right=_UPDATE_RESOLVED,
        source=_UPDATING,
    ),
    *_known(
        Meaning.OBJECT_RIGHT,
        "does not let the token's user change this issue",
        "not enough rights to update issues",
        right=_UPDATE,
        source=_UPDATING,
    ),
    # by their status
    *_known(Meaning.ITEM, "does not take the issue", "400", "422", source=_FAULTS),
    *_known(Meaning.ITEM, "does not take an issue of this size", "413", source=_FAULTS),
    *_known(Meaning.PASSING, "has the issue changed by others at this moment", "409", source=_FAULTS),
    *_known(Meaning.LIMIT, "limits our calls", "429", source=_FAULTS),
)


#: what an error with such a meaning is about is no one item, so it is found out first
_NOT_ITEMS: Final = frozenset({Meaning.CREDENTIAL, Meaning.LIMIT, Meaning.PASSING})


class _Project(msgspec.Struct):
    id: int
    name: Text
    #: what the token's user may do there
    access_level: Any = None
    categories: Any = None


#: of a project
_NAME_LENGTH: Final = 128


class _User(msgspec.Struct):
    id: int
    name: Text
    #: those that are not below others
    projects: Any = None


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
    summary: str | None = None
    description: str | None = None
    updated_at: str | None = None


class _Issues(msgspec.Struct):
    issues: list[_Issue]


class _Created(msgspec.Struct):
    issue: _Issue


class _Projects(msgspec.Struct):
    projects: list[_Project]


class _Options(msgspec.Struct):
    configs: Any


class _Error(msgspec.Struct):
    message: str = ""
    code: int | None = None


class MantisBT:
    names_are_reused: ClassVar[bool] = False
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
        errors=_ERRORS,
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
            Source("the numbers of its errors", _CONSTANTS, _READ_AT),
            Source("the status of each error", _FAULTS, _READ_AT),
            Source("who may change an issue", _UPDATING, _READ_AT),
            Source(
                "which options it tells",
                "https://github.com/mantisbt/mantisbt/blob/master/api/rest/restcore/config_rest.php",
                _READ_AT,
            ),
        ),
    )

    def __init__(self, http: HttpClient, endpoints: Endpoints) -> None:
        self._http = http
        self._endpoints = endpoints

    async def verify(self, connection: Connection) -> Verified:
        """Reads the user of the token, and, with a project, whether items can go there.

        That is: the user sees the project, may report and update issues in it, and there is a category if it asks for
        one. What the server keeps to itself is not looked at.
        """
        user = await self._user(connection)
        settings = connection.configuration
        if settings.get("project", "").strip() or settings.get("project_id", "").strip():
            project = await self._project(connection, _project_of(connection), user)
            await self._ensure_takes_issues(connection, project)
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

    async def locate(self, connection: Connection) -> Place | None:
        """By the project's number; a name is looked up, and a name that is none any more by the number that it had."""
        settings = connection.configuration
        if not (settings.get("project", "").strip() or settings.get("project_id", "").strip()):
            return None
        own = own_base_url(connection) or self._endpoints.base_url
        project, known = _project_of(connection), number_of(connection.place_id, own)
        if "id" in project:
            return Place(id=place_id(own, project["id"]))
        try:
            found = await self._project(connection, project, await self._user(connection))
        except ConfigurationRejected:
            if known is None:
                raise
            found = await self._project(connection, {"id": int(known)}, await self._user(connection))
        is_renamed = not _same(found.name, project["name"]) and len(found.name) <= _NAME_LENGTH
        return Place(
            id=place_id(own, found.id), name=found.name, settings={"project": found.name} if is_renamed else {}
        )

    async def _project(self, connection: Connection, project: dict[str, Any], user: _User) -> _Project:
        """By its number; a name is looked for among what the user's own entry lists.

        Projects below others are not listed there, and older servers list none: then the list of all is read, which has
        everything about each of them.
        """
        number = project["id"] if "id" in project else _number_of(project["name"], user.projects)
        found = await self._projects(connection, "/projects" if number is None else f"/projects/{number}")
        for one in found:
            if _same(one.name, project["name"]) if number is None else one.id == number:
                return one
        raise _no_project()

    async def _projects(self, connection: Connection, path: str) -> list[_Project]:
        try:
            reply = await self._call(connection, "GET", path)
        except AnswerTooLong:
            raise ConfigurationRejected(
                "MantisBT has too many projects to look for one by its name: enter its number", "project"
            ) from None
        self._check(reply)
        if reply.status == 404:
            raise _no_project()
        if reply.status != 200:
            raise unexpected(reply, "MantisBT")
        return decode(reply, _Projects, "MantisBT").projects

    async def _ensure_takes_issues(self, connection: Connection, project: _Project) -> None:
        options = await self._options(connection, project.id)
        level = project.access_level.get("id") if isinstance(project.access_level, dict) else None
        for option, right in (("report_bug_threshold", _REPORT), ("update_bug_threshold", _UPDATE)):
            if not _reaches(level, options.get(option)):
                raise _right_missing(right)
        offered = _names_in(project.categories)
        category = connection.configuration.get("category", "").strip()
        if category and offered and not any(_same(category, name) for name in offered):
            raise ConfigurationRejected(f"MantisBT has no such category in the project: {_some(offered)}", "category")
        if not category and options.get("allow_no_category", True) in _OFF:
            raise ConfigurationRejected(
                f"MantisBT wants a category for each new issue of the project: {_some(offered)}", "category"
            )

    async def _options(self, connection: Connection, number: int) -> Mapping[str, Any]:
        """Those of the project that the server tells; servers may keep any of them to themselves."""
        query = "&".join(f"option%5B%5D={option}" for option in _OPTIONS)
        reply = await self._call(connection, "GET", f"/config?{query}&project_id={number}")
        if 400 <= reply.status < 500 and reply.status != 429:
            return {}
        self._check(reply)
        if reply.status != 200:
            raise unexpected(reply, "MantisBT")
        configs = decode(reply, _Options, "MantisBT").configs
        if isinstance(configs, list):
            return {one["option"]: one.get("value") for one in configs if _is_option(one)}
        return configs if isinstance(configs, dict) else {}

    async def deliver(self, connection: Connection, delivery: Delivery) -> Delivered:
        """As an issue of the project."""
        if delivery.vendor_id is not None:
            return await self._update(connection, delivery, delivery.vendor_id)
        known = number_of(connection.place_id, own_base_url(connection) or self._endpoints.base_url)
        # by its number it is found whatever its name is
        project = _project_of(connection) if known is None else {"id": int(known)}
        if delivery.retried and (found := await self._find(connection, project, delivery)):
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
            with contextlib.suppress(ObjectVanished, ObjectRightMissing):
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
        status = delivery.item.status
        wanted = await self._status_fields(connection, status) if status is not ItemStatus.OPEN else {}
        reply, why = await self._write(connection, "POST", "/issues", issue, wanted)
        if reply.status == 403:
            raise await self._denied(connection, _REPORT, reply)
        self._check(reply)
        if reply.status != 201:
            raise _refused(reply)
        created = decode(reply, _Created, "MantisBT").issue
        if (written := await self._rewritten(connection, created, issue)) is not None:
            created = written
        if status is not ItemStatus.OPEN and not wanted:
            why = _NO_STATUS
        return self._delivered(connection, created, status, why)

    async def _update(self, connection: Connection, delivery: Delivery, vendor_id: str) -> Delivered:
        item = delivery.item
        there = await self._read(connection, vendor_id, "id,status")
        patch = _fields_of(item)
        before = _status_of(there)
        wanted = await self._status_fields(connection, item.status) if before is not item.status else {}
        path = f"/issues/{there.id}"
        reply, why = await self._write(connection, "PATCH", path, patch, wanted)
        if reply.status == 403:
            raise await self._update_denied(connection, there, reply)
        self._check(reply)
        if reply.status == 404:
            raise _vanished()
        if reply.status != 200:
            raise _refused(reply)
        updated = await self._rewritten(connection, _only(reply, there), patch) or _only(reply, there)
        if before is not item.status and not wanted:
            why = _NO_STATUS
        return self._delivered(connection, updated, item.status, why)

    async def _write(
        self, connection: Connection, method: str, path: str, fields: dict[str, Any], status: dict[str, Any]
    ) -> tuple[Reply, str]:
        """With the status, else without it, and why without it; text that the database cannot keep is replaced."""
        reply = await self._call(connection, method, path, json={**fields, **status})
        if reply.status >= 500 and _is_beyond(fields):
            fields = _within(fields)
            reply = await self._call(connection, method, path, json={**fields, **status})
        if not status or reply.status not in {400, 403, 409, 422} or _is_read_only(reply):
            return reply, ""
        without = await self._call(connection, method, path, json=fields)
        return without, _said(reply) if 200 <= without.status < 300 else ""

    async def _rewritten(self, connection: Connection, issue: _Issue, fields: dict[str, Any]) -> _Issue | None:
        """Writes texts again that the database has cut off at the first character that it cannot keep."""
        kept = (issue.summary, issue.description)
        lost = any(
            text is not None and beyond_of(sent) and beyond_of(text) != beyond_of(sent)
            for text, sent in zip(kept, (fields["summary"], fields["description"]), strict=True)
        )
        if not lost:
            return None
        replaced = {name: within_basic_plane(fields[name]) for name in ("summary", "description")}
        reply = await self._call(connection, "PATCH", f"/issues/{issue.id}", json=replaced)
        return _only(reply, issue) if reply.status == 200 else None

    async def _update_denied(self, connection: Connection, issue: _Issue, reply: Reply) -> ProviderError:
        """What a 403 to a change means: the issue is resolved, or the user may not change it, or any of the project."""
        if _is_read_only(reply) or _status_of(issue) is ItemStatus.CLOSED:
            return refusal(MantisBT.manifest, "readonly")
        try:
            user = await self._user(connection)
            await self._ensure_takes_issues(connection, await self._project(connection, _project_of(connection), user))
        except RightMissing as lacking:
            return lacking
        except CredentialRefused as refused:
            return refused
        except ProviderError:
            pass
        return refusal(MantisBT.manifest, "not enough rights to update issues")

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

    async def _find(self, connection: Connection, project: dict[str, Any], delivery: Delivery) -> str | None:
        """The ID of the issue with the marker, if the token's user has reported it since the first doubtful try."""
        where = {"project_id": str(project["id"])} if "id" in project else {}
        select = "id,additional_information,updated_at"
        for page in range(1, _MOST_PAGES + 1):
            issues = await self._list(connection, page, select, filter_id="reported", **where)
            for issue in issues:
                if _additional(delivery.marker) in (issue.additional_information or ""):
                    return str(issue.id)
            # sticky issues come first, however old they are
            if len(issues) < _PAGE or (page >= _PAGES and _is_before(issues[-1], delivery.since)):
                break
        return None

    async def _list(self, connection: Connection, page: int, select: str, **where: str) -> list[_Issue]:
        query = {"page_size": str(_PAGE), "page": str(page), "select": select, **where}
        reply = await self._call(connection, "GET", "/issues", query=query)
        if reply.status == 403:
            raise await self._denied(connection, _VIEW, reply)
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
            denied = await self._denied(connection, _VIEW, reply)
            # the others are not hidden
            raise ObjectRightMissing(str(denied), _VIEW) if isinstance(denied, RightMissing) else denied
        self._check(reply)
        if reply.status in {404, 410}:
            raise _vanished()
        if reply.status != 200:
            raise unexpected(reply, "MantisBT")
        issues = decode(reply, _Issues, "MantisBT").issues
        if not issues:
            raise _vanished()
        return issues[0]

    async def _denied(self, connection: Connection, right: str, reply: Reply) -> ProviderError:
        """What a 403 means: the user of the token is known, or the token is not."""
        if (told := _of_all(reply)) is not None:
            return told
        try:
            await self._user(connection)
        except ProviderError as error:
            return error
        return _right_missing(right)

    def _check(self, reply: Reply) -> None:
        """Raises what a status means that is not about the issue."""
        if (error := _of_all(reply)) is not None:
            raise error
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
                "mantisbt",
                method,
                base + below + path,
                headers=headers,
                query=query,
                json=json,
                placed=own is None,
            )
            if reply.status != 404 or _from_mantis(reply):
                break
        return reply

    def _delivered(self, connection: Connection, issue: _Issue, wanted: ItemStatus, why: str) -> Delivered:
        """What the server tells of the issue now is what counts: a workflow may lead elsewhere."""
        status = _status_of(issue) if issue.status is not None else wanted
        missed = status is not wanted
        if missed and not why and issue.status is not None:
            why = f"it is {fit_to_show(issue.status.name)} now"
        return Delivered(
            vendor_id=str(issue.id),
            url=self._address(connection, issue.id),
            not_done=f"MantisBT did not change the status to {STATUS_WORDS[wanted]}: {why}" if missed or why else None,
            status=status if missed else None,
        )

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


def _error_in(reply: Reply) -> _Error:
    with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return msgspec.json.decode(reply.body, type=_Error)
    return _Error()


def _number_in(reply: Reply) -> str | None:
    """The number of an error, as servers show it to people."""
    code = _error_in(reply).code
    return None if code is None or reply.status < 400 else f"{_NUMBERED}{code}"


def _said(reply: Reply) -> str:
    """The server's own words for why it does not do something, and else its status."""
    return fit_to_show(_error_in(reply).message) or f"HTTP {reply.status}"


def _of_all(reply: Reply) -> ProviderError | None:
    """An error that is about no one item, by its number."""
    number = _number_in(reply)
    known = find(_ERRORS, number) if number is not None else None
    if known is None or known.meaning not in _NOT_ITEMS:
        return None
    return error_of(known, reply=reply, seconds=_SPAM_SECONDS if known.meaning is Meaning.LIMIT else None)


def _is_read_only(reply: Reply) -> bool:
    error = _error_in(reply)
    words = error.message.lower()
    return reply.status == 403 and (error.code == _READ_ONLY or "readonly" in words or "read-only" in words)


def _refused(reply: Reply) -> ProviderError:
    """For an issue that MantisBT does not take. Of an empty or wrong field only the words tell which one it is."""
    if reply.status not in {400, 404, 409, 413, 422} and _number_in(reply) is None:
        return unexpected(reply, "MantisBT")
    words = _error_in(reply).message.lower()
    named = [name for name in ("category", "custom field") if name in words]
    # a text may have the word in it, so it has to be what the sentence is about
    named += ["project"] if words.startswith("project") else []
    number = _number_in(reply)
    names = [*named, *([number] if number is not None else []), str(reply.status)]
    return refusal(MantisBT.manifest, *names, reply=reply, reason=_error_in(reply).message)


def _is_beyond(fields: Mapping[str, Any]) -> bool:
    return any(beyond_of(text) for text in fields.values() if isinstance(text, str))


def _within(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: within_basic_plane(text) if isinstance(text, str) else text for name, text in fields.items()}


def _only(reply: Reply, otherwise: _Issue) -> _Issue:
    """The issue of an answer to a change; older servers tell less."""
    with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        issues = msgspec.json.decode(reply.body, type=_Issues).issues
        if issues and issues[0].id == otherwise.id:
            return issues[0]
    return _Issue(id=otherwise.id)


def _is_before(issue: _Issue, since: datetime | None) -> bool:
    """Whether the issue was changed last before then; what has no date was not."""
    if since is None:
        return True
    try:
        moment = datetime.fromisoformat(issue.updated_at or "")
    except ValueError:
        return False
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) < since - _CLOCK


def _same(left: str, right: str) -> bool:
    """Databases compare names without their case."""
    return left.strip().casefold() == right.strip().casefold()


def _number_of(name: str, projects: Any) -> int | None:
    """The number of the project of that name in a list, which may be anything."""
    for one in projects if isinstance(projects, list) else ():
        if isinstance(one, dict) and isinstance(one.get("name"), str) and _same(one["name"], name):
            number = one.get("id")
            return number if isinstance(number, int) and number > 0 else None
    return None


def _names_in(categories: Any) -> list[str]:
    found = categories if isinstance(categories, list) else ()
    return [one["name"] for one in found if isinstance(one, dict) and isinstance(one.get("name"), str)]


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(fit_to_show(name) for name in names[:5])
    return f"enter one of its own, such as {shown}" if shown else "enter one of its own"


def _reaches(level: Any, threshold: Any) -> bool:
    """Whether an access level is enough for what is a lowest one, or a list of them; what is not told is enough."""
    if not isinstance(level, int):
        return True
    if isinstance(threshold, list):
        return level in threshold
    return not isinstance(threshold, int) or level >= threshold


def _no_project() -> ConfigurationRejected:
    return ConfigurationRejected(
        "MantisBT cannot find this project, or the token's user has no access to it", "project"
    )


def _right_missing(right: str) -> RightMissing:
    return RightMissing(f"MantisBT takes the token, but its user lacks the right {right}", right)


def _vanished() -> ObjectVanished:
    return ObjectVanished("MantisBT does not have the issue any more")


PROVIDER: Final = MantisBT
