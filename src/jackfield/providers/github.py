"""GitHub, by personal access token or as a GitHub App: github.com, or an own GitHub Enterprise by its base URL.

REST API, version 2022-11-28: https://docs.github.com/en/rest
"""

import contextlib
import hashlib
import re
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, ClassVar, Final, Literal
from urllib.parse import urlsplit

import msgspec

from jackfield.domain.authorization import Application
from jackfield.domain.credential import Secrets
from jackfield.domain.item import Item, ItemStatus
from jackfield.domain.provider import (
    Account,
    ApplicationRefused,
    AuthMethod,
    Category,
    Check,
    ConfigurationRejected,
    Connection,
    CredentialRefused,
    Delivered,
    Delivery,
    Facts,
    FieldType,
    ItemRejected,
    Manifest,
    OAuth,
    ObjectRightMissing,
    ObjectVanished,
    Place,
    PlaceMoved,
    ProviderError,
    RightMissing,
    SecretField,
    SettingField,
    Source,
    UnknownRefusal,
    Unsupported,
    VendorState,
    Verified,
)
from jackfield.providers._clock import is_before, vendor_time
from jackfield.providers._credentials import member, token
from jackfield.providers._endpoints import ENDS_OF_ADDRESSES, URL_PATTERN, api_url, own_base_url
from jackfield.providers._errors import find
from jackfield.providers._gfm import Dialect, body_of, title_of
from jackfield.providers._github_app import Clocks, app_token, raise_for_clock
from jackfield.providers._github_errors import (
    ERRORS,
    ISSUES,
    SOURCES,
    WrongField,
    limit_of,
    query_refusal,
    refusal_of,
    wrong_fields,
)
from jackfield.providers._http import Endpoints, HttpClient, Reply
from jackfield.providers._oauth2 import AuthorizesByCode, Flow, basic
from jackfield.providers._places import MOVED, moved_to, number_of, place_id
from jackfield.providers._replies import Text, decode, note_budget, raise_for_status, unexpected, web_url
from jackfield.providers._waits import seconds_until

_API_VERSION: Final = "2022-11-28"
_API_URL: Final = "https://api.github.com"
_OWN_HOSTS: Final = frozenset({"github.com", "www.github.com"})
_CHECKED: Final = date(2026, 11, 21)
#: an installation's token lives an hour; it is thrown away so long before its end
_SPARE_SECONDS: Final = 5 * 60

_REPOSITORY_PATTERN: Final = r"^[A-Za-z0-9_-]{1,39}/[A-Za-z0-9._-]{1,100}$"
#: as the address of its page or of what is in it, and as git has it
_COPIED_REPOSITORIES: Final = (
    r"https?://[^/\s]+/([A-Za-z0-9_-]{1,39}/[A-Za-z0-9._-]{1,100}?)(?:\.git)?/?",
    r"https?://[^/\s]+/([A-Za-z0-9_-]{1,39}/[A-Za-z0-9._-]{1,100})/(?:issues|pulls|tree|blob|settings)(?:[/?]\S*)?",
    r"(?:ssh://)?git@[^/:\s]+[:/]([A-Za-z0-9_-]{1,39}/[A-Za-z0-9._-]{1,100}?)(?:\.git)?",
    r"/?([A-Za-z0-9_-]{1,39}/[A-Za-z0-9._-]{1,100}?)(?:\.git)?/?",
)
_REPOSITORY: Final = re.compile(_REPOSITORY_PATTERN)
_SCOPE_WORDS: Final = {
    "repo": "Read and change all in public and private repositories, and organisations' projects and team memberships",
    "public_repo": "Read and change the code, projects and collaborators of public repositories",
    "repo:status": "Read and write the statuses of commits",
    "repo:invite": "Accept and decline invitations to repositories",
    "security_events": "Read and write the results of code scanning",
    "admin:repo_hook": "Manage the webhooks of repositories",
    "write:repo_hook": "Read and write the webhooks of repositories",
    "read:repo_hook": "Read the webhooks of repositories",
    "delete_repo": "Delete repositories",
    "workflow": "Add and change workflows of GitHub Actions",
    "admin:org": "Manage organisations, their teams, projects and members",
    "write:org": "Read and change the members and projects of organisations",
    "read:org": "Read the members, teams and projects of organisations",
    "admin:org_hook": "Manage webhooks of organisations",
    "project": "Read and change projects",
    "read:project": "Read projects",
    "user": "Read and change the profile, with its e-mail addresses and whom it follows",
    "read:user": "Read the profile",
    "user:email": "Read the e-mail addresses of the account",
    "user:follow": "Follow and unfollow people",
    "gist": "Write gists",
    "notifications": "Read notifications, mark them as read, and watch repositories",
    "read:packages": "Download packages",
    "write:packages": "Publish packages",
}
_TITLE_CHARACTERS: Final = 256
_BODY_CHARACTERS: Final = 65_536
_LABEL_CHARACTERS: Final = 50
_MOST_LABELS: Final = 100
#: a lost issue is among the newest; so few to a page, since a page of longest ones is still one that we read
_PAGE: Final = 30
_PAGES: Final = 3
#: in a burst many came after it
_MOST_PAGES: Final = 50
#: where a repository is that was renamed or transferred, as redirects have it
_MOVED_TO: Final = r"/repositories/[0-9]{1,20}"
_ISSUE_MOVED_TO: Final = rf"{_MOVED_TO}/issues/[0-9]{{1,20}}"
#: so many issues are asked for one by one; more in one query
_FEW: Final = 3
#: people and teams, issues, and issues as they were called before
_DIALECT: Final = Dialect(references=re.compile(r"(?<![A-Za-z0-9_])@(?!\s)|#(?=\d)|\b[Gg][Hh]-(?=\d)"))


class _User(msgspec.Struct):
    id: int
    login: Text
    html_url: str | None = None


class _Installation(msgspec.Struct):
    account: _User
    suspended_at: str | None = None


class _InstallationToken(msgspec.Struct):
    token: Text
    permissions: dict[Text, Text] | None = None
    expires_at: datetime | None = None


class _RepositoryFound(msgspec.Struct):
    id: int | None = None
    full_name: Text | None = None
    private: bool | None = None
    archived: bool | None = None
    has_issues: bool | None = None


class _Login(msgspec.Struct):
    login: Text


class _Label(msgspec.Struct):
    name: str


class _Issue(msgspec.Struct):
    number: int
    state: Literal["open", "closed"]
    html_url: str | None = None
    body: str | None = None
    created_at: datetime | None = None
    assignee: _Login | None = None
    labels: list[_Label | str] = []


class _Assignees(msgspec.Struct):
    nodes: list[_Login | None] | None = None


class _QueriedIssue(msgspec.Struct):
    number: int
    state: Literal["OPEN", "CLOSED"]
    url: str | None = None
    assignees: _Assignees | None = None


class _Queried(msgspec.Struct):
    repository: dict[str, _QueriedIssue | None] | None = None


class _QueryError(msgspec.Struct):
    type: str = ""
    message: str = ""


class _QueryAnswer(msgspec.Struct):
    data: _Queried | None = None
    errors: list[_QueryError] | None = None


#: of the tokens that it gave, an application can end but these: OAuth apps' and GitHub Apps' for users
_GRANTED: Final = ("gho_", "ghu_")


class GitHub(AuthorizesByCode):
    names_are_reused: ClassVar[bool] = True
    flow: ClassVar[Flow] = Flow(
        authorize_at="{site}/login/oauth/authorize",
        tokens_at="{site}/login/oauth/access_token",
        refusals=frozenset({"bad_verification_code", "bad_refresh_token", "unverified_user_email"}),
        misregistrations=frozenset({"incorrect_client_credentials", "application_suspended"}),
    )
    manifest: ClassVar[Manifest] = Manifest(
        slug="github",
        name="GitHub",
        category=Category.SOURCE_CONTROL,
        url="https://github.com",
        description="Issues in a repository on GitHub or GitHub Enterprise.",
        base_url="https://github.com",
        api_url=_API_URL,
        auth_methods=(
            AuthMethod(name="token", title="Personal access token", secrets=("access_token",)),
            AuthMethod(
                name="app", title="GitHub App", secrets=("app_id", "private_key"), configuration=("installation_id",)
            ),
        ),
        secrets=(
            SecretField(
                name="access_token",
                auth_key="api_key",
                title="Personal access token",
                help="A fine-grained token with read and write access to the repository's issues: "
                "GitHub, Settings, Developer settings, Personal access tokens.",
                required=True,
                pattern=r"^\S{1,255}$",
                example="github_pat_11AAAAAAA0...",
            ),
            SecretField(
                name="app_id",
                auth_key="client_id",
                title="App ID",
                help="Of a GitHub App, in place of a token: on the app's page, General, About.",
                pattern=r"^[A-Za-z0-9.]{1,64}$",
                example="123456",
            ),
            SecretField(
                name="private_key",
                auth_key="base64_config",
                title="Private key of the app",
                help="Of a GitHub App: the .pem file from the app's page, General, Private keys.",
                type=FieldType.BLOB,
            ),
        ),
        configuration=(
            SettingField(
                name="repository",
                title="Repository",
                help="The repository whose issues are used, as owner/name.",
                needed_to_deliver=True,
                pattern=_REPOSITORY_PATTERN,
                example="acme/shop",
                copied=_COPIED_REPOSITORIES,
            ),
            SettingField(
                name="labels",
                verified=False,
                title="Labels",
                help="Labels of new issues, separated by commas.",
                pattern=r"^\S.{0,999}$",
                example="bug, from product",
            ),
            SettingField(
                name="installation_id",
                title="Installation ID",
                help="Of a GitHub App: the number at the end of the address of its installation, under the "
                "organisation's Settings, GitHub Apps, Configure.",
                pattern=r"^[0-9]{1,20}$",
                example="12345678",
                copied=(r"https?://\S+/installations/([0-9]{1,20})/?",),
            ),
            SettingField(
                name="base_url",
                title="Address",
                help="Only for GitHub Enterprise: its address, such as https://github.example.com.",
                destination=True,
                pattern=URL_PATTERN,
                example="https://github.example.com",
                ends_before=ENDS_OF_ADDRESSES,
            ),
            SettingField(
                name="org_slug",
                verified=False,
                title="Organisation",
                help="The organisation that the token is for, if it is for one: its name in GitHub's addresses.",
                pattern=r"^[A-Za-z0-9_-]{1,39}$",
                example="acme",
                copied=(r"https?://[^/\s]+/([A-Za-z0-9_-]{1,39})/?",),
            ),
        ),
        features=("issues", "labels", "read-back"),
        facts=Facts(
            steps=(
                (
                    "Open github.com, your picture, Settings, Developer settings, Personal access tokens, "
                    "Fine-grained tokens."
                ),
                "Generate a token for the owner of the repository, for that repository alone.",
                (
                    "Under Repository permissions give Issues: Read and write. Generate, and copy the token: it is "
                    "shown once."
                ),
                (
                    "Or, as a GitHub App: make one with Issues: Read and write, install it, and take its App ID, the "
                    "installation's number and a private key."
                ),
            ),
            rights=("Issues: Read and write",),
            lifetime="A token until the date chosen with it; an installation token of an app 1 hour, made anew "
            "as needed.",
            refresh="User tokens of OAuth last 8 hours and their refresh tokens 6 months, each used once.",
            revocation="Tokens of OAuth are ended one by one; a personal access token only a person can end.",
            webhook_signature="X-Hub-Signature-256: HMAC-SHA256 in hex of the body; no timestamp, deliveries are "
            "told apart by X-GitHub-Delivery.",
            limits="5,000 calls an hour for a token; secondary limits on writes answer 403 or 429 with Retry-After.",
        ),
        tracks=True,
        oauth=OAuth(
            registration="https://github.com/settings/apps (a GitHub App) or https://github.com/settings/developers",
            # of OAuth apps; a GitHub App has permissions in place of scopes, and takes no notice of these
            scopes=("repo",),
            scope_words=_SCOPE_WORDS,
            pkce=True,
            refreshes=True,
            rotates=True,
            ends_at_once=True,
        ),
        tells_progress=False,
        checks=(
            Check.EMULATOR,
            Check.DESCRIPTION,
        ),
        errors=ERRORS,
        sources=(
            *SOURCES,
            Source(
                "authentication",
                "https://docs.github.com/en/rest/authentication/authenticating-to-the-rest-api",
                _CHECKED,
            ),
            Source(
                "the user of a token",
                "https://docs.github.com/en/rest/users/users#get-the-authenticated-user",
                _CHECKED,
            ),
            Source(
                "an app's own token",
                "https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/"
                "generating-a-json-web-token-jwt-for-a-github-app",
                _CHECKED,
            ),
            Source(
                "OAuth of a GitHub App",
                "https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/"
                "generating-a-user-access-token-for-a-github-app",
                _CHECKED,
            ),
            Source(
                "refresh tokens",
                "https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/"
                "refreshing-user-access-tokens",
                _CHECKED,
            ),
            Source(
                "OAuth of an OAuth app",
                "https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps",
                _CHECKED,
            ),
            Source(
                "errors of OAuth",
                "https://docs.github.com/en/apps/oauth-apps/maintaining-oauth-apps/"
                "troubleshooting-oauth-app-access-token-request-errors",
                _CHECKED,
            ),
            Source(
                "PKCE",
                "https://github.blog/changelog/2025-07-14-pkce-support-for-oauth-and-github-app-authentication",
                _CHECKED,
            ),
            Source(
                "scopes",
                "https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/scopes-for-oauth-apps",
                _CHECKED,
            ),
            Source("revocation", "https://docs.github.com/en/rest/apps/oauth-applications", _CHECKED),
            Source("installations", "https://docs.github.com/en/rest/apps/apps", _CHECKED),
            Source(
                "limits", "https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api", _CHECKED
            ),
            Source("issues", "https://docs.github.com/en/rest/issues/issues", _CHECKED),
            Source("labels", "https://docs.github.com/en/rest/issues/labels#add-labels-to-an-issue", _CHECKED),
            Source(
                "the state of many issues", "https://docs.github.com/en/graphql/reference/objects#repository", _CHECKED
            ),
        ),
    )

    def __init__(self, http: HttpClient, endpoints: Endpoints) -> None:
        self._http = http
        self._endpoints = endpoints
        #: tokens of installations and the time of this machine's clock until which they are used
        self._installations: dict[str, tuple[str, float]] = {}
        self._clocks = Clocks()

    async def verify(self, connection: Connection) -> Verified:
        """By GET /user, or as an app by exchanging its own token for an installation's. Then, when the setting names a
        repository, whether it is there, takes issues, and the credential may write them.

        The scopes of a classic token and the permissions of an installation tell of the last. Fine-grained tokens are
        silent about theirs, and the roles that a repository tells of do not matter: who may read may open issues.
        """
        if _is_app(connection):
            return await self._verify_app(connection)
        reply = await self._call(connection, "GET", "/user", token(connection, "GitHub"))
        if reply.status != 200:
            raise _not_found(connection, reply)
        user = decode(reply, _User, "GitHub")
        # of a classic token; fine-grained ones are silent about theirs
        told = reply.headers.get("x-oauth-scopes")
        scopes = None if told is None else tuple(part.strip() for part in told.split(",") if part.strip())
        repository = await self._usable_repository(connection, token(connection, "GitHub"))
        if repository is not None and scopes:
            _check_scopes(scopes, repository)
        return Verified(
            account=_account(user),
            scopes=scopes,
            expires_at=_expiry(reply.headers.get("github-authentication-token-expiration")),
            place=None if repository is None else self._place_of(connection, repository),
        )

    async def locate(self, connection: Connection) -> Place | None:
        """By GET of the repository, which has one more call for one that was renamed or transferred."""
        if not connection.configuration.get("repository", "").strip():
            return None

        async def ask(path: str) -> Reply:
            return await self._as(connection, "GET", path, right=ISSUES)

        return self._place_of(connection, await self._look_up(connection, ask))

    async def revoke_grant(self, application: Application, connection: Connection) -> None:
        """Ends the token alone: ending the whole grant would end other integrations' of the same person as well."""
        secret = member(connection, "access_token") or ""
        if not secret.startswith(_GRANTED):
            raise Unsupported("GitHub lets only a person end this credential: Settings, Developer settings")
        self._code_flow.require_registration(connection.configuration)
        reply = await self._http.request(
            "github",
            "DELETE",
            # not where the integration says: only the server that knows the application may be sent its secret
            f"{self._api_url(Connection(Secrets({}), {}))}/applications/{application.client_id}/token",
            headers={
                "Authorization": basic(application),
                "Accept": "application/vnd.github+json",
                "X-GitHub-Api-Version": _API_VERSION,
            },
            json={"access_token": secret},
            placed=True,
        )
        self._raise_if_limited(reply)
        # 404 and 422: it does not know the token, any more
        if reply.status in {204, 404, 422}:
            return
        if reply.status == 401:
            raise ApplicationRefused("GitHub does not take this service's client ID and client secret: check them")
        raise self._refused(reply, "to end tokens")

    async def deliver(self, connection: Connection, delivery: Delivery) -> Delivered:
        """Creates the item's issue or rewrites it. A retried delivery looks through the newest issues first, which
        GitHub lists at once; its search knows them later."""
        issues = f"/repos/{_repository(connection)}/issues"
        content = _content(delivery)
        number = delivery.vendor_id
        if number is None and delivery.retried:
            number = await self._find(connection, issues, delivery.marker, delivery.since)
        if number is None:
            issue = await self._create(connection, issues, delivery.item, content)
            if delivery.item.status is not ItemStatus.CLOSED:
                return _delivered(issue, delivery.item)
            return await self._close(connection, issues, issue, delivery.item)
        issue = await self._update(connection, issues, number, {**content, **_state(delivery.item)})
        not_done = await self._add_labels(connection, issues, issue, delivery.item)
        return _delivered(issue, delivery.item, not_done)

    async def read_back(self, connection: Connection, vendor_ids: Sequence[str]) -> Mapping[str, VendorState]:
        """A few issues one by one, more in one query of the GraphQL API."""
        repository = _repository(connection)
        numbers = [one for one in dict.fromkeys(vendor_ids) if _is_number(one)]
        if len(numbers) > _FEW:
            return await self._query(connection, repository, numbers)
        states: dict[str, VendorState] = {}
        for number in numbers:
            reply = await self._as(connection, "GET", f"/repos/{repository}/issues/{number}", right=ISSUES)
            if reply.status == 200:
                states[number] = _state_of(decode(reply, _Issue, "GitHub"))
            elif reply.status not in {301, 404, 410}:
                raise self._refused(reply, ISSUES)
        if numbers and not states:
            await self._check_repository(connection, repository)
        return states

    async def _find(self, connection: Connection, issues: str, marker: str, since: datetime | None) -> str | None:
        """The number of the issue with the marker, as far back as it can have been created."""
        for page in range(1, _MOST_PAGES + 1):
            query = f"?state=all&sort=created&direction=desc&per_page={_PAGE}&page={page}"
            reply = await self._as(connection, "GET", issues + query, right=ISSUES)
            if reply.status != 200:
                raise _rejected(reply)
            found = decode(reply, list[_Issue], "GitHub")
            for issue in found:
                if _comment(marker) in (issue.body or ""):
                    return str(issue.number)
            if len(found) < _PAGE or (page >= _PAGES and is_before(found[-1].created_at, since, reply)):
                break
        return None

    async def _create(self, connection: Connection, issues: str, item: Item, content: dict[str, Any]) -> _Issue:
        labels = _labels(connection, item)
        json = {**content, "labels": labels} if labels else content
        reply = await self._as(connection, "POST", issues, json=json, right=ISSUES)
        if reply.status != 201:
            raise self._not_taken(reply, connection, item)
        return decode(reply, _Issue, "GitHub")

    async def _close(self, connection: Connection, issues: str, issue: _Issue, item: Item) -> Delivered:
        """Issues begin open. Whatever keeps a new one from being closed, it is there, and must not be made again."""
        try:
            closed = await self._update(connection, issues, str(issue.number), _state(item))
        except (ItemRejected, RightMissing, UnknownRefusal) as refused:
            return _delivered(issue, item, str(refused))
        return _delivered(closed, item)

    async def _update(self, connection: Connection, issues: str, number: str, json: dict[str, Any]) -> _Issue:
        if not _is_number(number):
            raise ObjectVanished("GitHub has no such issue: its number is none")
        reply = await self._as(connection, "PATCH", f"{issues}/{number}", json=json, right=ISSUES)
        if reply.status == 404:
            await self._check_repository(connection, issues.removeprefix("/repos/").removesuffix("/issues"))
        # 301: it was moved to another repository, or the repository has another name
        target = moved_to(reply, _ISSUE_MOVED_TO)
        if target is not None and target.split("/")[2] == number_of(connection.place_id, own_base_url(connection)):
            raise _moved()
        if reply.status in {301, 404, 410}:
            raise ObjectVanished("GitHub does not have the issue any more: it was deleted or moved")
        if reply.status != 200:
            raise _rejected(reply)
        return decode(reply, _Issue, "GitHub")

    async def _add_labels(self, connection: Connection, issues: str, issue: _Issue, item: Item) -> str | None:
        """Adds what the issue lacks, and leaves the labels that people gave it. Returns why the account may not."""
        there = {(label if isinstance(label, str) else label.name).lower() for label in issue.labels}
        missing = [label for label in _labels(connection, item) if label.lower() not in there]
        if not missing:
            return None
        path = f"{issues}/{issue.number}/labels"
        try:
            reply = await self._as(connection, "POST", path, json={"labels": missing}, right=ISSUES)
        except (ObjectRightMissing, UnknownRefusal) as refused:
            return str(refused)
        if reply.status != 200:
            raise self._not_taken(reply, connection, item)
        return None

    async def _query(
        self, connection: Connection, repository: str, numbers: Sequence[str]
    ) -> Mapping[str, VendorState]:
        reply = await self._as(connection, "POST", "/graphql", json=state_query(repository, numbers), right=ISSUES)
        if reply.status != 200:
            raise unexpected(reply, "GitHub")
        answer = decode(reply, _QueryAnswer, "GitHub")
        # issues that are gone are null, each with an error NOT_FOUND
        wrong = [error for error in answer.errors or () if error.type != "NOT_FOUND"]
        if wrong:
            types = [error.type for error in wrong if error.type]
            raise query_refusal(self.manifest, types, [error.message for error in wrong], reply)
        if answer.data is None:
            raise unexpected(reply, "GitHub")
        if answer.data.repository is None:
            raise _no_repository()
        found = (issue for issue in answer.data.repository.values() if issue is not None)
        return {str(issue.number): _state_of_queried(issue) for issue in found if str(issue.number) in set(numbers)}

    async def _usable_repository(self, connection: Connection, bearer: str) -> _RepositoryFound | None:
        """The repository of the setting; None when it names none. Raises ConfigurationRejected when it is not there or
        takes no issues."""
        if not connection.configuration.get("repository", "").strip():
            return None

        async def ask(path: str) -> Reply:
            return await self._call(connection, "GET", path, bearer, right=ISSUES)

        found = await self._look_up(connection, ask)
        if found.archived:
            raise ConfigurationRejected("GitHub has this repository archived: it takes no issues", "repository")
        if found.has_issues is False:
            raise _no_issues()
        return found

    async def _look_up(self, connection: Connection, ask: Callable[[str], Awaitable[Reply]]) -> _RepositoryFound:
        """The repository of the setting: the one that was called so when it was looked up last, whatever its name is
        now, and else the one that is called so. Raises ConfigurationRejected when there is neither.

        An old name leads to the repository by a redirect, until another repository gets that name.
        """
        named = await ask(f"/repos/{_repository(connection)}")
        target = moved_to(named, _MOVED_TO)
        reply = named if target is None else await ask(target)
        found = decode(reply, _RepositoryFound, "GitHub") if reply.status == 200 else None
        known = number_of(connection.place_id, own_base_url(connection))
        if known is not None and (found is None or str(found.id) != known):
            # who may not look at that one any more can have but the other
            with contextlib.suppress(RightMissing):
                reply = await ask(f"/repositories/{known}")
                if reply.status == 200:
                    return decode(reply, _RepositoryFound, "GitHub")
        if found is None:
            raise _rejected(named)
        return found

    def _place_of(self, connection: Connection, found: _RepositoryFound) -> Place | None:
        if found.id is None:
            return None
        name, called = found.full_name or "", _repository(connection)
        renamed = _REPOSITORY.fullmatch(name) is not None and name.lower() != called.lower()
        return Place(
            id=place_id(own_base_url(connection), found.id),
            name=name or called,
            settings={"repository": name} if renamed else {},
        )

    async def _check_repository(self, connection: Connection, repository: str) -> None:
        """Raises ConfigurationRejected when it is the repository that is not there, or has another name now."""
        reply = await self._as(connection, "GET", f"/repos/{repository}", right=ISSUES)
        if reply.status != 200:
            raise _rejected(reply)
        known = number_of(connection.place_id, own_base_url(connection))
        there = decode(reply, _RepositoryFound, "GitHub").id
        if known is not None and there is not None and str(there) != known:
            raise _moved()

    async def _as(
        self, connection: Connection, method: str, path: str, *, right: str, json: dict[str, Any] | None = None
    ) -> Reply:
        """A call as the user of the token, or as the installation of the app."""
        if not _is_app(connection):
            return await self._call(connection, method, path, token(connection, "GitHub"), right=right, json=json)
        key = self._installation_key(connection)
        kept = self._kept(key)
        try:
            bearer = kept or await self._new_installation_token(connection, key)
            return await self._call(connection, method, path, bearer, right=right, json=json)
        except RightMissing:
            raise
        except CredentialRefused:
            self._installations.pop(key, None)
            if kept is None:
                raise
        # revoked before its end, by a suspension that is over for instance: a new one tells whether it is the app
        bearer = await self._new_installation_token(connection, key)
        return await self._call(connection, method, path, bearer, right=right, json=json)

    def _kept(self, key: str) -> str | None:
        bearer, until = self._installations.get(key, ("", 0.0))
        return bearer if time.monotonic() < until else None

    async def _new_installation_token(self, connection: Connection, key: str) -> str:
        """A token that is kept until shortly before its end, since each is a call of its own."""
        made, now = await self._make_installation_token(connection)
        if made.expires_at is not None and made.expires_at.tzinfo is not None:
            seconds = (made.expires_at - now).total_seconds() - _SPARE_SECONDS
            self._installations = {
                **{one: pair for one, pair in self._installations.items() if pair[1] > time.monotonic()},
                key: (made.token, time.monotonic() + min(seconds, 3600.0)),
            }
        return made.token

    def _installation_key(self, connection: Connection) -> str:
        """Whose token it is: of another key, installation or server it is another one."""
        parts = (
            self._api_url(connection),
            member(connection, "app_id") or "",
            member(connection, "private_key") or "",
            connection.configuration.get("installation_id", "").strip(),
        )
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()

    async def _make_installation_token(self, connection: Connection) -> tuple[_InstallationToken, datetime]:
        """A token of the installation, and the time at which GitHub made it."""
        reply = await self._as_app(connection, "POST", f"/app/installations/{_installation(connection)}/access_tokens")
        if reply.status == 404:
            raise _no_installation()
        if reply.status != 201:
            raise self._refused(reply)
        return decode(reply, _InstallationToken, "GitHub"), vendor_time(reply) or datetime.now(UTC)

    async def _as_app(self, connection: Connection, method: str, path: str) -> Reply:
        """A call as the app itself. Its token has times in it: refused, it is made once more by GitHub's clock."""
        app_id = token(connection, "GitHub", "app_id", "app ID")
        private_key = member(connection, "private_key") or ""
        api = self._api_url(connection)
        reply = await self._send(connection, method, path, app_token(app_id, private_key, self._clocks.now(api)))
        if reply.status == 401 and self._clocks.learn(api, reply):
            reply = await self._send(connection, method, path, app_token(app_id, private_key, self._clocks.now(api)))
        raise_for_clock(reply)
        self._raise_for_status(reply, "to use this API")
        return reply

    async def _verify_app(self, connection: Connection) -> Verified:
        reply = await self._as_app(connection, "GET", f"/app/installations/{_installation(connection)}")
        if reply.status == 404:
            raise _no_installation()
        if reply.status != 200:
            raise unexpected(reply, "GitHub")
        installation = decode(reply, _Installation, "GitHub")
        if installation.suspended_at is not None:
            raise CredentialRefused("GitHub has this installation suspended: its owner has to unsuspend it")
        made, _ = await self._make_installation_token(connection)
        permissions = made.permissions
        repository = await self._usable_repository(connection, made.token)
        if repository is not None and permissions is not None and permissions.get("issues") != "write":
            raise _lacks(ISSUES)
        return Verified(
            account=_account(installation.account),
            scopes=None if permissions is None else tuple(f"{on}:{what}" for on, what in sorted(permissions.items())),
            place=None if repository is None else self._place_of(connection, repository),
        )

    async def _call(
        self,
        connection: Connection,
        method: str,
        path: str,
        bearer: str,
        *,
        right: str = "to use this API",
        json: dict[str, Any] | None = None,
    ) -> Reply:
        reply = await self._send(connection, method, path, bearer, json)
        # of a repository they say that it is called otherwise, or that an issue was moved
        if not (reply.status in MOVED and path.startswith("/repos")):
            self._raise_for_status(reply, right)
        return reply

    def _raise_for_status(self, reply: Reply, right: str) -> None:
        """Raise what is about the credential, the account or GitHub itself; what is about a place is left."""
        if reply.status in {401, 403, 408, 451}:
            raise self._refused(reply, right)
        if reply.status >= 500 and find(ERRORS, reply.status) is not None:
            raise self._refused(reply)
        raise_for_status(reply, "GitHub", right)

    def _raise_if_limited(self, reply: Reply) -> None:
        limited = limit_of(self.manifest, reply)
        if limited is not None:
            raise limited

    def _refused(self, reply: Reply, right: str | None = None) -> ProviderError:
        return refusal_of(self.manifest, reply, right)

    def _not_taken(self, reply: Reply, connection: Connection, item: Item) -> ProviderError:
        """What it means that an item is not taken: a label may be the item's, or one that the setting adds."""
        wrong = [error for error in wrong_fields(reply) if error.is_label]
        if wrong and _is_of_setting(wrong, connection, item):
            return ConfigurationRejected(
                "GitHub does not take one of the labels of the setting: check labels", "labels"
            )
        return _rejected(reply)

    async def _send(
        self, connection: Connection, method: str, path: str, bearer: str, json: dict[str, Any] | None = None
    ) -> Reply:
        """A call of which a limit alone is raised."""
        api = self._api_url(connection)
        # a server has its two APIs side by side, github.com one below the other
        url = f"{api.removesuffix('/v3')}/graphql" if path == "/graphql" else api + path
        reply = await self._http.request(
            "github",
            method,
            url,
            headers={
                "Authorization": f"Bearer {bearer}",
                "Accept": "application/vnd.github+json",
                "X-GitHub-Api-Version": _API_VERSION,
            },
            json=json,
            placed=_is_placed(connection),
        )
        reset = seconds_until(reply, "x-ratelimit-reset")
        # search and GraphQL have counts of their own
        if reply.headers.get("x-ratelimit-resource", "core") == "core":
            note_budget(connection.budget, reply, "x-ratelimit-remaining", reset)
        self._raise_if_limited(reply)
        return reply

    def _api_url(self, connection: Connection) -> str:
        """github.com and its tenants have the API at a host of its own, a server below its address."""
        address = own_base_url(connection)
        if address is None and self._endpoints.api_url is None:
            address = self._endpoints.base_url
        host = (urlsplit(address or "").hostname or "").lower()
        if address is None or host in _OWN_HOSTS:
            return self._endpoints.api_url.rstrip("/") if self._endpoints.api_url else _API_URL
        if host.endswith(".ghe.com"):
            return f"https://api.{host}"
        return api_url(self._endpoints, _API_URL, "/api/v3", address.rstrip("/"))


def _is_placed(connection: Connection) -> bool:
    """Whether the API is where the operator or GitHub has it, not at an address that the integration names."""
    own = own_base_url(connection)
    return own is None or (urlsplit(own).hostname or "").lower() in _OWN_HOSTS


def state_query(repository: str, numbers: Sequence[str]) -> dict[str, Any]:
    """One query for the states of many issues. The numbers are digits."""
    wanted = " ".join(
        f"i{number}: issue(number: {number}) {{ number state url assignees(first: 1) {{ nodes {{ login }} }} }}"
        for number in numbers
    )
    owner, _, name = repository.partition("/")
    return {
        "query": f"query($owner: String!, $name: String!) {{ repository(owner: $owner, name: $name) {{ {wanted} }} }}",
        "variables": {"owner": owner, "name": name},
    }


def _is_app(connection: Connection) -> bool:
    return member(connection, "access_token") is None and member(connection, "private_key") is not None


def _repository(connection: Connection) -> str:
    name = connection.configuration.get("repository", "").strip()
    if not name:
        raise ConfigurationRejected("GitHub needs the repository for its issues: enter it as owner/name", "repository")
    # two dots would lead elsewhere in the API
    if not _REPOSITORY.fullmatch(name) or name.endswith(("/.", "/..")):
        raise ConfigurationRejected("GitHub has no repository of such a name: enter it as owner/name", "repository")
    return name


def _installation(connection: Connection) -> str:
    number = connection.configuration.get("installation_id", "").strip()
    if not (number.isascii() and number.isdigit()):
        raise ConfigurationRejected("GitHub needs the number of the app's installation", "installation_id")
    return number


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 10


def _comment(marker: str) -> str:
    """What nobody sees, and a retried delivery finds."""
    return f"<!-- jackfield:{marker} -->"


def _content(delivery: Delivery) -> dict[str, Any]:
    item = delivery.item
    ending = _comment(delivery.marker)
    return {
        "title": title_of(item, _TITLE_CHARACTERS),
        "body": body_of(item, _BODY_CHARACTERS, _DIALECT, with_status=True, ending=ending),
    }


def _state(item: Item) -> dict[str, Any]:
    if item.status is ItemStatus.CLOSED:
        return {"state": "closed", "state_reason": "completed"}
    return {"state": "open"}


def _labels(connection: Connection, item: Item) -> list[str]:
    """The item's own and those of the setting, each once."""
    names = [*item.labels, *connection.configuration.get("labels", "").split(",")]
    clean = [_label(name) for name in names]
    return list({name.lower(): name for name in clean if name.isprintable() and name}.values())[:_MOST_LABELS]


def _label(name: str) -> str:
    return " ".join(name.split())[:_LABEL_CHARACTERS].strip()


def _state_of(issue: _Issue) -> VendorState:
    return VendorState(
        status=ItemStatus.CLOSED if issue.state == "closed" else ItemStatus.OPEN,
        assignee=issue.assignee.login if issue.assignee is not None else None,
        url=web_url(issue.html_url),
    )


def _state_of_queried(issue: _QueriedIssue) -> VendorState:
    assignees = (issue.assignees.nodes or []) if issue.assignees is not None else []
    return VendorState(
        status=ItemStatus.CLOSED if issue.state == "CLOSED" else ItemStatus.OPEN,
        assignee=next((one.login for one in assignees if one is not None), None),
        url=web_url(issue.url),
    )


def _rejected(reply: Reply) -> ProviderError:
    """What a status that is about the repository means."""
    if reply.status in MOVED:
        return _moved()
    return refusal_of(GitHub.manifest, reply, ISSUES)


def _is_of_setting(wrong: Sequence[WrongField], connection: Connection, item: Item) -> bool:
    """Whether labels that GitHub does not take are the setting's: else they are the item's, which alone is held."""
    own = {_label(name).lower() for name in item.labels}
    added = {_label(name).lower() for name in connection.configuration.get("labels", "").split(",")} - own - {""}
    told = {str(error.value).lower() for error in wrong if isinstance(error.value, str)}
    return bool(told & added) if told else not any(own) and bool(added)


def _delivered(issue: _Issue, item: Item, not_done: str | None = None) -> Delivered:
    """What was brought out, and that the issue is in another state than it was to be, if it is."""
    status = None
    if (issue.state == "closed") != (item.status is ItemStatus.CLOSED):
        status = ItemStatus.CLOSED if issue.state == "closed" else ItemStatus.OPEN
        not_done = not_done or f"GitHub left the issue {issue.state}, and does not say why"
    return Delivered(vendor_id=str(issue.number), url=web_url(issue.html_url), not_done=not_done, status=status)


def _check_scopes(scopes: Sequence[str], repository: _RepositoryFound) -> None:
    """Raises RightMissing for a classic token that can write no issues in this repository."""
    if "repo" not in scopes and (repository.private or "public_repo" not in scopes):
        raise _lacks("public_repo" if repository.private is False else "repo")


def _lacks(right: str) -> RightMissing:
    return RightMissing(f"GitHub takes the credential, but it lacks the right {right}", right)


def _moved() -> PlaceMoved:
    return PlaceMoved("GitHub has renamed or moved this repository: enter its new name", "repository")


def _no_issues() -> ConfigurationRejected:
    return ConfigurationRejected("GitHub has issues turned off in this repository", "repository")


def _no_repository() -> ConfigurationRejected:
    return ConfigurationRejected(
        "GitHub cannot find this repository, or the credential has no access to it: check repository", "repository"
    )


def _no_installation() -> ConfigurationRejected:
    return ConfigurationRejected("GitHub does not know this installation of the app", "installation_id")


def _account(user: _User) -> Account:
    return Account(id=str(user.id), name=user.login, url=web_url(user.html_url))


def _not_found(connection: Connection, reply: Reply) -> Exception:
    if reply.status == 404 and own_base_url(connection) is not None:
        return ConfigurationRejected("GitHub Enterprise has no API at this address: check it", "base_url")
    # GitHub has this page for everybody: what is not found is no repository
    return unexpected(reply, "GitHub") if reply.status == 404 else refusal_of(GitHub.manifest, reply)


def _expiry(text: str | None) -> datetime | None:
    """`2026-12-01 10:00:00 UTC`, or with an offset in place of the word."""
    for form in ("%Y-%m-%d %H:%M:%S UTC", "%Y-%m-%d %H:%M:%S %z"):
        try:
            moment = datetime.strptime(text or "", form)  # noqa: DTZ007  the first form has its zone in words
        except ValueError:
            continue
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    return None


PROVIDER: Final = GitHub
