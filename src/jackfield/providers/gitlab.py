"""GitLab, by access token: gitlab.com, or a GitLab of one's own by its base URL.

REST API, version 4: https://docs.gitlab.com/api/rest/
"""

import contextlib
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import Any, ClassVar, Final, Literal
from urllib.parse import quote, unquote

import msgspec

from jackfield.domain.authorization import Application
from jackfield.domain.item import Item, ItemStatus
from jackfield.domain.provider import (
    Account,
    ApplicationRefused,
    AuthMethod,
    Category,
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
    PlaceMoved,
    RightMissing,
    SecretField,
    SettingField,
    Source,
    TokenSet,
    UnknownRefusal,
    Unsupported,
    VendorState,
    Verified,
)
from jackfield.providers._clock import is_before
from jackfield.providers._credentials import member, token
from jackfield.providers._endpoints import ENDS_OF_ADDRESSES, URL_PATTERN, api_url, own_base_url
from jackfield.providers._errors import find
from jackfield.providers._gfm import Dialect, body_of, title_of
from jackfield.providers._gitlab_errors import ERRORS, ROLE, SOURCES, limit_of, refusal_of
from jackfield.providers._http import Endpoints, HttpClient, Reply
from jackfield.providers._oauth2 import AuthorizesByCode, Flow
from jackfield.providers._places import MOVED, moved_to, number_of, place_id
from jackfield.providers._replies import Text, decode, note_budget, raise_for_status, unexpected, web_url
from jackfield.providers._waits import seconds_until

_CHECKED: Final = date(2026, 11, 21)
#: as the address of its page or of what is in it, and as git has it
_COPIED_PROJECTS: Final = (
    r"https?://[^/\s]+/([A-Za-z0-9_./-]{1,500}?)/-/\S*",
    r"https?://[^/\s]+/([A-Za-z0-9_./-]{1,500}?)(?:\.git)?/?",
    r"git@[^/:\s]+:([A-Za-z0-9_./-]{1,500}?)(?:\.git)?",
    r"/?([A-Za-z0-9_./-]{1,500}?)/?",
)
_PROJECT_PATTERN: Final = r"^[A-Za-z0-9_./-]{1,500}$"
_PROJECT: Final = re.compile(_PROJECT_PATTERN)
#: where a project is that was renamed or moved, as redirects have it
_MOVED_TO: Final = r"/projects/[0-9]{1,20}"
_SCOPE_WORDS: Final = {
    "api": "Read and change everything that the account can, in all its groups and projects",
    "read_api": "Read everything that the account can, in all its groups and projects",
    "read_user": "Read the profile of the account, and those of other users",
    "read_repository": "Read the code of private projects",
    "write_repository": "Read and change the code of private projects",
    "read_registry": "Read container images of private projects",
    "write_registry": "Write container images of private projects",
    "create_runner": "Create runners",
    "manage_runner": "Manage runners",
    "sudo": "Act as any user, if the account is an administrator's",
    "admin_mode": "Act as an administrator, if the account is one's",
    "openid": "Sign in with the account, and read its profile and groups",
    "profile": "Read the profile",
    "email": "Read the main e-mail address of the account",
}
_TITLE_CHARACTERS: Final = 255
#: GitLab takes 1,048,576, and repeats them in replies, of which we read 2 MiB
_DESCRIPTION_CHARACTERS: Final = 250_000
_LABEL_CHARACTERS: Final = 255
#: the role Guest: its members may write issues, those below may not
_GUEST: Final = 10
#: a lost issue is among the newest; so few to a page, since a page of long ones is still one that we read
_PAGE: Final = 20
_PAGES: Final = 3
#: in a burst many came after it
_MOST_PAGES: Final = 75
#: the most that GitLab lists at once
_BATCH: Final = 100
#: people and groups, issues, merge requests and epics
_DIALECT: Final = Dialect(references=re.compile(r"(?<![A-Za-z0-9_])@(?!\s)|[#!&%$^~](?=[\w\"])|[\[{](?=[+-])"))


class _User(msgspec.Struct):
    id: int
    username: Text
    web_url: str | None = None


class _Token(msgspec.Struct):
    scopes: list[Text]
    expires_at: date | None = None


class _Access(msgspec.Struct):
    access_level: int = 0


class _Permissions(msgspec.Struct):
    project_access: _Access | None = None
    group_access: _Access | None = None


class _ProjectFound(msgspec.Struct):
    id: int | None = None
    path_with_namespace: Text | None = None
    visibility: str | None = None
    archived: bool | None = None
    issues_enabled: bool | None = None
    issues_access_level: str | None = None
    permissions: _Permissions | None = None


class _Username(msgspec.Struct):
    username: Text


class _Issue(msgspec.Struct):
    iid: int
    state: Literal["opened", "closed"]
    web_url: str | None = None
    created_at: datetime | None = None
    description: str | None = None
    assignee: _Username | None = None
    assignees: list[_Username] = []


class GitLab(AuthorizesByCode):
    names_are_reused: ClassVar[bool] = True
    flow: ClassVar[Flow] = Flow(authorize_at="{site}/oauth/authorize", tokens_at="{site}/oauth/token")
    manifest: ClassVar[Manifest] = Manifest(
        slug="gitlab",
        name="GitLab",
        category=Category.SOURCE_CONTROL,
        url="https://gitlab.com",
        description="Issues in a project on GitLab.",
        base_url="https://gitlab.com",
        api_url="https://gitlab.com/api/v4",
        auth_methods=(AuthMethod(name="token", title="Access token", secrets=("access_token",)),),
        secrets=(
            SecretField(
                name="access_token",
                auth_key="api_key",
                title="Access token",
                help="A personal, group or project access token with the scope api: "
                "GitLab, Edit profile, Access tokens, or the project's Settings, Access tokens.",
                required=True,
                pattern=r"^\S{1,1000}$",
                example="glpat-AbCdEf0123456789",
            ),
        ),
        configuration=(
            SettingField(
                name="project",
                title="Project",
                help="The project whose issues are used: its path as in its address (group/name), or its number.",
                needed_to_deliver=True,
                pattern=_PROJECT_PATTERN,
                example="group/name",
                copied=_COPIED_PROJECTS,
            ),
            SettingField(
                name="base_url",
                title="Address",
                help="Only for a GitLab of your own: its address, such as https://gitlab.example.com.",
                destination=True,
                pattern=URL_PATTERN,
                example="https://gitlab.example.com",
                ends_before=ENDS_OF_ADDRESSES,
            ),
            SettingField(
                name="org_slug",
                verified=False,
                title="Group",
                help="The group that the token is for, if it is for one: its path.",
            ),
            SettingField(
                name="project_id", verified=False, title="Project ID", help="The number of the project, if it is known."
            ),
        ),
        features=("issues", "labels", "read-back"),
        facts=Facts(
            steps=(
                "Open GitLab, your picture, Edit profile, Access tokens (or the project's Settings, Access tokens).",
                "Add a token with the scope api and an expiry date.",
                "Copy the token: it is shown once.",
            ),
            rights=("api",),
            lifetime="Until the expiry date chosen with it, at most a year.",
            refresh="OAuth tokens last 2 hours; a refresh ends the old access token at once.",
            revocation="The token is revoked by itself; other integrations with the same token keep it alive.",
            webhook_signature="Standard Webhooks headers, or X-Gitlab-Token in older versions.",
            limits="2,000 calls a minute for a user on gitlab.com; told in RateLimit-Remaining and RateLimit-Reset.",
        ),
        tracks=True,
        oauth=OAuth(
            registration="https://gitlab.com/-/user_settings/applications",
            scopes=("api",),
            scope_words=_SCOPE_WORDS,
            pkce=True,
            refreshes=True,
            rotates=True,
            ends_at_once=True,
            token_sets=(TokenSet(lifetime_seconds=2 * 3600.0),),
            verified_by=("api", "read_api", "read_user"),
        ),
        tells_progress=False,
        errors=ERRORS,
        sources=(
            *SOURCES,
            Source("authentication", "https://docs.gitlab.com/api/rest/authentication/", _CHECKED),
            Source("the user of a token", "https://docs.gitlab.com/api/users/#get-the-current-user", _CHECKED),
            Source(
                "a token's scopes, end and revocation",
                "https://docs.gitlab.com/api/personal_access_tokens/",
                _CHECKED,
            ),
            Source("OAuth", "https://docs.gitlab.com/api/oauth2/", _CHECKED),
            Source("scopes of OAuth", "https://docs.gitlab.com/integration/oauth_provider/", _CHECKED),
            Source("limits", "https://docs.gitlab.com/security/rate_limits/", _CHECKED),
            Source(
                "the headers of limits",
                "https://docs.gitlab.com/administration/settings/user_and_ip_rate_limits/",
                _CHECKED,
            ),
            Source("issues", "https://docs.gitlab.com/api/issues/", _CHECKED),
            Source("references and quick actions in text", "https://docs.gitlab.com/user/markdown/", _CHECKED),
        ),
    )

    def __init__(self, http: HttpClient, endpoints: Endpoints) -> None:
        self._http = http
        self._endpoints = endpoints

    async def verify(self, connection: Connection) -> Verified:
        """By reading the user of the token, then what the token tells of itself, which OAuth tokens cannot. Then, when
        the setting names a project, whether it is there, takes issues, and the token may write them: by its scopes, and
        in a private project by the role of its user."""
        reply = await self._call(connection, "GET", "/user")
        self._raise_for_status(reply, "api")
        if reply.status == 404 and own_base_url(connection) is not None:
            raise ConfigurationRejected("GitLab is not at this address: check base_url", "base_url")
        if reply.status != 200:
            raise unexpected(reply, "GitLab") if reply.status == 404 else refusal_of(self.manifest, reply, "api")
        user = decode(reply, _User, "GitLab")
        account = Account(id=str(user.id), name=user.username, url=web_url(user.web_url))
        reply = await self._call(connection, "GET", "/personal_access_tokens/self")
        told = decode(reply, _Token, "GitLab") if reply.status == 200 else None
        place = None
        if connection.configuration.get("project", "").strip():
            place = self._place_of(connection, await self._usable_project(connection, told))
        if told is None:
            return Verified(account=account, place=place)
        return Verified(account=account, scopes=tuple(told.scopes), expires_at=_midnight(told.expires_at), place=place)

    async def locate(self, connection: Connection) -> Place | None:
        """By GET of the project, which has one more call for one that was renamed or moved."""
        if not connection.configuration.get("project", "").strip():
            return None
        return self._place_of(connection, await self._look_up(connection))

    async def revoke(self, connection: Connection) -> None:
        """DELETE of the token itself: personal, group and project access tokens can; 401 says it has ended already."""
        reply = await self._call(connection, "DELETE", "/personal_access_tokens/self")
        if reply.status in {200, 204, 401}:
            return
        self._raise_for_status(reply, "api")
        if reply.status in {400, 404, 405}:
            raise Unsupported("GitLab cannot end this kind of token for us: revoke it in GitLab, under Access tokens")
        raise unexpected(reply, "GitLab")

    async def revoke_grant(self, application: Application, connection: Connection) -> None:
        """`/oauth/revoke`, which ends both tokens, and answers the same for such as it does not know."""
        # every grant has one, and no other credential
        if member(connection, "refresh_token") is None:
            raise Unsupported("GitLab did not give this credential to an application")
        self._code_flow.require_registration(connection.configuration)
        reply = await self._http.request(
            "gitlab",
            "POST",
            self._code_flow.placed("{site}/oauth/revoke"),
            form={
                "client_id": application.client_id,
                "client_secret": application.client_secret,
                "token": token(connection, "GitLab"),
            },
            placed=True,
        )
        if reply.status == 200:
            return
        if reply.status in {401, 403}:
            raise ApplicationRefused("GitLab does not take this service's client ID and client secret: check them")
        raise refusal_of(self.manifest, reply)

    async def deliver(self, connection: Connection, delivery: Delivery) -> Delivered:
        """Creates the item's issue or rewrites it. A retried delivery looks through the project's newest issues
        first: an issue's number can be given by owners alone, and so is no means against doing it twice. GitLab's
        search is none either, since it may leave out what is hidden in a description."""
        issues = f"/projects/{_project(connection)}/issues"
        content = _content(delivery)
        number = delivery.vendor_id
        if number is None and delivery.retried:
            number = await self._find(connection, issues, delivery.marker, delivery.since)
        if number is None:
            wanted = {**content, **_labels("labels", delivery.item)}
            reply = await self._write(connection, "POST", issues, wanted)
            if reply.status != 201:
                raise _rejected(reply)
            issue = decode(reply, _Issue, "GitLab")
        else:
            # labels that people gave the issue stay
            issue = await self._update(connection, issues, number, {**content, **_labels("add_labels", delivery.item)})
        return await self._in_line(connection, issues, issue, delivery.item)

    async def _in_line(self, connection: Connection, issues: str, issue: _Issue, item: Item) -> Delivered:
        """Closes or reopens the issue where it has to be. Whatever keeps that from being done, the rest is done."""
        closed = item.status is ItemStatus.CLOSED
        not_done = None
        if closed != (issue.state == "closed"):
            event = {"state_event": "close" if closed else "reopen"}
            try:
                issue = await self._update(connection, issues, str(issue.iid), event)
            except (ItemRejected, RightMissing, UnknownRefusal) as refused:
                not_done = str(refused)
        return _delivered(issue, item, not_done)

    async def read_back(self, connection: Connection, vendor_ids: Sequence[str]) -> Mapping[str, VendorState]:
        """One call for each hundred issues."""
        issues = f"/projects/{_project(connection)}/issues"
        numbers = [one for one in dict.fromkeys(vendor_ids) if _is_number(one)]
        states: dict[str, VendorState] = {}
        for start in range(0, len(numbers), _BATCH):
            wanted = "&".join(f"iids[]={number}" for number in numbers[start : start + _BATCH])
            reply = await self._checked(connection, "GET", f"{issues}?scope=all&per_page={_BATCH}&{wanted}", "read_api")
            if reply.status != 200:
                raise _rejected(reply)
            for issue in decode(reply, list[_Issue], "GitLab"):
                if str(issue.iid) in vendor_ids:
                    states[str(issue.iid)] = _state_of(issue)
        return states

    async def _look_up(self, connection: Connection) -> _ProjectFound:
        """The project of the setting: the one that was called so when it was looked up last, whatever its path is now,
        and else the one that is called so. Raises ConfigurationRejected when there is neither.

        An old path leads to the project by a redirect, until another project gets that path.
        """
        named = await self._checked(connection, "GET", f"/projects/{_project(connection)}", "read_api")
        target = moved_to(named, _MOVED_TO)
        reply = named if target is None else await self._checked(connection, "GET", target, "read_api")
        found = decode(reply, _ProjectFound, "GitLab") if reply.status == 200 else None
        known = number_of(connection.place_id, own_base_url(connection))
        if known is not None and (found is None or str(found.id) != known):
            # who may not look at that one any more can have but the other
            with contextlib.suppress(RightMissing):
                reply = await self._checked(connection, "GET", f"/projects/{known}", "read_api")
                if reply.status == 200:
                    return decode(reply, _ProjectFound, "GitLab")
        if found is None:
            raise _rejected(named)
        return found

    def _place_of(self, connection: Connection, found: _ProjectFound) -> Place | None:
        if found.id is None:
            return None
        path, called = found.path_with_namespace or "", unquote(_project(connection))
        is_path = _PROJECT.fullmatch(path) is not None and "/" in path
        renamed = is_path and called != str(found.id) and path.lower() != called.lower()
        return Place(
            id=place_id(own_base_url(connection), found.id),
            name=path or called,
            settings={"project": path} if renamed else {},
        )

    async def _usable_project(self, connection: Connection, told: _Token | None) -> _ProjectFound:
        """The project of the setting. Raises ConfigurationRejected when it is not there or takes no issues, and
        RightMissing when it is certain that the token may not write them."""
        found = await self._look_up(connection)
        if found.archived:
            raise ConfigurationRejected("GitLab has this project archived: it takes no issues", "project")
        if found.issues_enabled is False or found.issues_access_level == "disabled":
            raise ConfigurationRejected("GitLab has issues turned off in this project", "project")
        scopes = set(told.scopes) if told is not None else set()
        # granular tokens have rights of their own beside their scopes
        if "read_api" in scopes and not scopes & {"api", "granular"}:
            raise _lacks_scope("api")
        role = _role(found)
        if found.visibility == "private" and role is not None and role < _GUEST:
            raise RightMissing(f"GitLab takes the credential, but it lacks the right {ROLE}", ROLE)
        return found

    async def _find(self, connection: Connection, issues: str, marker: str, since: datetime | None) -> str | None:
        """The number of the issue with the marker, as far back as it can have been created."""
        for page in range(1, _MOST_PAGES + 1):
            query = f"?scope=all&order_by=created_at&sort=desc&per_page={_PAGE}&page={page}"
            reply = await self._checked(connection, "GET", issues + query, "api")
            if reply.status != 200:
                raise _rejected(reply)
            found = decode(reply, list[_Issue], "GitLab")
            for issue in found:
                if _comment(marker) in (issue.description or ""):
                    return str(issue.iid)
            if len(found) < _PAGE or (page >= _PAGES and is_before(found[-1].created_at, since, reply)):
                break
        return None

    async def _update(self, connection: Connection, issues: str, number: str, json: dict[str, Any]) -> _Issue:
        if not _is_number(number):
            raise ObjectVanished("GitLab has no such issue: its number is none")
        reply = await self._write(connection, "PUT", f"{issues}/{number}", json, of_one=True)
        if reply.status == 404:
            # of the two it may be the project that is not there
            project = await self._checked(connection, "GET", issues.removesuffix("/issues"), "api")
            if project.status != 200:
                raise _rejected(project)
            known = number_of(connection.place_id, own_base_url(connection))
            there = decode(project, _ProjectFound, "GitLab").id
            if known is not None and there is not None and str(there) != known:
                raise _moved()
        if reply.status in {404, 410}:
            raise ObjectVanished("GitLab does not have the issue any more: it was deleted or moved")
        if reply.status != 200:
            raise _rejected(reply)
        return decode(reply, _Issue, "GitLab")

    async def _write(
        self, connection: Connection, method: str, path: str, json: dict[str, Any], *, of_one: bool = False
    ) -> Reply:
        """A call that changes something. GitLab says the same of what nobody may write as of a missing right.

        `of_one`: it changes one issue that is there.
        """
        try:
            return await self._checked(connection, method, path, "api", json)
        except RightMissing as missing:
            if missing.right != ROLE:
                raise
            await self._usable_project(connection, None)
            if of_one:
                raise ObjectRightMissing(
                    "GitLab does not let the token's account change this issue: give it the role Planner or Reporter",
                    ROLE,
                ) from None
            raise

    async def _checked(
        self, connection: Connection, method: str, path: str, right: str, json: dict[str, Any] | None = None
    ) -> Reply:
        reply = await self._call(connection, method, path, json)
        # of a project they say that it has another path now
        if not (reply.status in MOVED and path.startswith("/projects/")):
            self._raise_for_status(reply, right)
        return reply

    def _raise_for_status(self, reply: Reply, right: str) -> None:
        """Raise what is about the token, its account or GitLab itself; what is about a project is left."""
        if reply.status in {401, 403, 408, 412} or (reply.status >= 500 and find(ERRORS, reply.status) is not None):
            raise refusal_of(self.manifest, reply, right)
        raise_for_status(reply, "GitLab", ROLE)

    async def _call(self, connection: Connection, method: str, path: str, json: dict[str, Any] | None = None) -> Reply:
        own = own_base_url(connection)
        reply = await self._http.request(
            "gitlab",
            method,
            api_url(self._endpoints, "https://gitlab.com/api/v4", "/api/v4", own) + path,
            headers={"Authorization": f"Bearer {token(connection, 'GitLab')}"},
            json=json,
            placed=own is None,
        )
        reset = seconds_until(reply, "ratelimit-reset")
        note_budget(connection.budget, reply, "ratelimit-remaining", reset)
        limited = limit_of(self.manifest, reply)
        if limited is not None:
            raise limited
        return reply


def _project(connection: Connection) -> str:
    """The project as it stands in paths of the API: its number, or its path in one segment."""
    name = connection.configuration.get("project", "").strip().strip("/")
    if not name:
        raise ConfigurationRejected("GitLab needs the project for its issues: enter its path, group/name", "project")
    if not _PROJECT.fullmatch(name) or {"", ".", ".."} & set(name.split("/")):
        raise ConfigurationRejected("GitLab has no project of such a name: enter its path, group/name", "project")
    return quote(name, safe="")


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 10


def _comment(marker: str) -> str:
    """What nobody sees, and a retried delivery finds."""
    return f"<!-- jackfield:{marker} -->"


def _content(delivery: Delivery) -> dict[str, Any]:
    item = delivery.item
    ending = _comment(delivery.marker)
    return {
        # people are mentioned by titles too
        "title": title_of(item, _TITLE_CHARACTERS, _DIALECT),
        "description": body_of(item, _DESCRIPTION_CHARACTERS, _DIALECT, with_status=True, ending=ending),
    }


def _labels(member: str, item: Item) -> dict[str, str]:
    """The member of a request that has the labels in one text, between commas."""
    names = (" ".join(label.replace(",", " ").split())[:_LABEL_CHARACTERS] for label in item.labels)
    labels = ",".join(dict.fromkeys(name for name in names if name and name.isprintable()))
    return {member: labels} if labels else {}


def _state_of(issue: _Issue) -> VendorState:
    assignee = issue.assignee or next(iter(issue.assignees), None)
    return VendorState(
        status=ItemStatus.CLOSED if issue.state == "closed" else ItemStatus.OPEN,
        assignee=assignee.username if assignee is not None else None,
        url=web_url(issue.web_url),
    )


def _role(project: _ProjectFound) -> int | None:
    """The level of the user's role in the project or its group; None where GitLab tells none, as of
    administrators who are no members."""
    if project.permissions is None:
        return None
    levels = (project.permissions.project_access, project.permissions.group_access)
    return max((one.access_level for one in levels if one is not None), default=None)


def _lacks_scope(right: str) -> RightMissing:
    return RightMissing(f"GitLab takes the token, but it lacks the scope {right}", right)


def _rejected(reply: Reply) -> Exception:
    """What a status that is about the project, or about what was sent, means."""
    # reads are redirected to a project that has moved, and writes are not taken under its old path
    if reply.status in MOVED or (reply.status == 405 and b"moved project" in reply.body):
        return _moved()
    return refusal_of(GitLab.manifest, reply, "api")


def _delivered(issue: _Issue, item: Item, not_done: str | None) -> Delivered:
    """What was brought out, and that the issue is in another state than it was to be, if it is."""
    status = None
    if (issue.state == "closed") != (item.status is ItemStatus.CLOSED):
        status = ItemStatus.CLOSED if issue.state == "closed" else ItemStatus.OPEN
        not_done = not_done or f"GitLab left the issue {issue.state}: the token's account may lack the role for it"
    return Delivered(vendor_id=str(issue.iid), url=web_url(issue.web_url), not_done=not_done, status=status)


def _moved() -> PlaceMoved:
    return PlaceMoved("GitLab has renamed or moved this project: enter its new path", "project")


def _midnight(day: date | None) -> datetime | None:
    """Tokens end with the start of their last day."""
    return None if day is None else datetime.combine(day, time(), UTC)


PROVIDER: Final = GitLab
