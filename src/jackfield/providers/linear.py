"""Linear, by personal API key or OAuth token.

GraphQL API: https://linear.app/developers/graphql . Errors come in the body, with status 200, 400 or 401.
"""

import hashlib
import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, ClassVar, Final, Generic, TypeVar

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
    ProviderError,
    RightMissing,
    SecretField,
    SettingField,
    Source,
    TokenSet,
    Unsupported,
    VendorState,
    VendorUnavailable,
    Verified,
)
from jackfield.providers._credentials import member, token
from jackfield.providers._endpoints import api_url
from jackfield.providers._errors import fit_to_show
from jackfield.providers._gfm import MENTIONS, Dialect, body_of, title_of
from jackfield.providers._http import Endpoints, HttpClient, Reply
from jackfield.providers._linear_errors import ERRORS, SOURCES, GraphQLError, errors_of, kinds_of, refusal_of
from jackfield.providers._oauth2 import AuthorizesByCode, Flow
from jackfield.providers._replies import Text, decode, note_budget, raise_for_status, web_url
from jackfield.providers._units import cut_utf16
from jackfield.providers._waits import seconds_until

_CHECKED: Final = date(2026, 11, 21)
_WHO: Final = "query { viewer { id name } organization { id name urlKey } }"
#: with the places that the settings name, in the order of the settings' names
_WHO_WITH: Final = {
    ("project_id",): "query($project: String!) { viewer { id name } organization { id name urlKey } "
    "project(id: $project) { id } }",
    ("team_id",): "query($team: String!) { viewer { id name } organization { id name urlKey } team(id: $team) { id } }",
    ("project_id", "team_id"): "query($team: String!, $project: String!) { viewer { id name } "
    "organization { id name urlKey } team(id: $team) { id } project(id: $project) { id } }",
}
#: what personal keys start with; they go into the header as they are
_SCOPE_WORDS: Final = {
    "read": "Read everything that the account can",
    "write": "Change everything that the account can",
    "issues:create": "Create issues and their attachments",
    "comments:create": "Comment on issues",
    "timeSchedule:write": "Create and change time schedules",
    "admin": "Do everything that administrators can",
    "app:assignable": "Be given issues, and be a member of projects",
    "app:mentionable": "Be mentioned in issues and documents",
}
_KEY: Final = "lin_api_"
_MILLISECONDS: Final = 0.001
_T = TypeVar("_T")

_TITLE_CHARACTERS: Final = 255
#: Linear does not say how long a description may be; nobody reads more
_DESCRIPTION_CHARACTERS: Final = 65_536
_MOST_LABELS: Final = 50
#: refusals that are about the workspace's plan, whatever they name
_OF_PLAN: Final = frozenset({"USAGE_LIMIT_EXCEEDED", "FEATURE_NOT_ACCESSIBLE"})
#: issues in one query
_BATCH: Final = 100
#: IDs that an item's issue can have: each time that people delete it, the next one has another
_LIVES: Final = 4
#: a link to somebody's profile mentions them
_DIALECT: Final = Dialect(
    references=MENTIONS,
    referring_links=re.compile(r"^https?://([a-z0-9-]+\.)?linear\.app/[^/\s]+/profiles/", re.IGNORECASE),
)
#: what the types of a workflow's states mean
_STATUSES: Final = {
    "triage": ItemStatus.OPEN,
    "backlog": ItemStatus.OPEN,
    "unstarted": ItemStatus.OPEN,
    "started": ItemStatus.IN_PROGRESS,
    "completed": ItemStatus.CLOSED,
    "canceled": ItemStatus.CLOSED,
    "duplicate": ItemStatus.CLOSED,
}
#: the type of the state that an issue is brought into, the first that its team has
_TYPES: Final = {
    ItemStatus.OPEN: ("unstarted", "backlog", "triage"),
    ItemStatus.IN_PROGRESS: ("started",),
    ItemStatus.CLOSED: ("completed",),
}
_PRIORITIES: Final = {
    "none": 0,
    "urgent": 1,
    "critical": 1,
    "highest": 1,
    "high": 2,
    "medium": 3,
    "normal": 3,
    "low": 4,
    "lowest": 4,
}
_FIELDS: Final = "id url trashed state { type } assignee { name }"
_CONTEXT: Final = f"""query($team: String!, $filter: IssueFilter!) {{
  team(id: $team) {{ id states(first: 100) {{ nodes {{ id type position }} }} }}
  issues(filter: $filter, first: {_LIVES}, includeArchived: true) {{ nodes {{ {_FIELDS} team {{ id }} }} }}
}}"""
_LABELS: Final = f"""query($filter: IssueLabelFilter!) {{
  issueLabels(filter: $filter, first: {2 * _MOST_LABELS}) {{ nodes {{ id name team {{ id }} parent {{ id }} }} }}
}}"""
_CREATE: Final = (
    f"mutation($input: IssueCreateInput!) {{ issueCreate(input: $input) {{ success issue {{ {_FIELDS} }} }} }}"
)
_UPDATE: Final = (
    "mutation($id: String!, $input: IssueUpdateInput!) "
    f"{{ issueUpdate(id: $id, input: $input) {{ success issue {{ {_FIELDS} }} }} }}"
)
_STATES: Final = (
    f"query($filter: IssueFilter!) {{ issues(filter: $filter, first: {_BATCH}, includeArchived: true) "
    f"{{ nodes {{ {_FIELDS} }} }} }}"
)
_PROJECT: Final = "query($project: String!) { project(id: $project) { id teams(first: 100) { nodes { id key } } } }"
_TEAM: Final = "query($team: String!) { team(id: $team) { id key name } }"
#: every query, for those who check them against Linear's schema
QUERIES: Final = (_WHO, _TEAM, *_WHO_WITH.values(), _CONTEXT, _LABELS, _CREATE, _UPDATE, _STATES, _PROJECT)


class _User(msgspec.Struct):
    id: Text
    name: Text


class _Organization(msgspec.Struct, rename="camel"):
    id: Text
    name: Text
    url_key: str | None = None


class _Id(msgspec.Struct):
    id: Text


class _Who(msgspec.Struct):
    viewer: _User
    organization: _Organization
    team: _Id | None = None
    project: _Id | None = None


class _TeamFound(msgspec.Struct):
    id: Text
    key: Text | None = None
    name: str | None = None


class _FoundTeam(msgspec.Struct):
    team: _TeamFound | None = None


class _Answer(msgspec.Struct):
    data: _Who


class _Named(msgspec.Struct):
    name: Text


class _StateType(msgspec.Struct):
    type: str


class _WorkflowState(msgspec.Struct):
    id: Text
    type: str
    position: float = 0.0


class _WorkflowStates(msgspec.Struct):
    nodes: list[_WorkflowState]


class _Team(msgspec.Struct):
    id: Text
    states: _WorkflowStates


class _Issue(msgspec.Struct):
    id: Text
    state: _StateType
    url: str | None = None
    trashed: bool | None = None
    assignee: _Named | None = None
    team: _Id | None = None


class _Issues(msgspec.Struct):
    nodes: list[_Issue]


class _Label(msgspec.Struct):
    id: Text
    name: Text
    team: _Id | None = None
    parent: _Id | None = None


class _Labels(msgspec.Struct):
    nodes: list[_Label]


class _Context(msgspec.Struct):
    issues: _Issues
    team: _Team | None = None


class _FoundLabels(msgspec.Struct, rename="camel"):
    issue_labels: _Labels


class _Found(msgspec.Struct):
    issues: _Issues


class _Payload(msgspec.Struct):
    success: bool
    issue: _Issue | None = None


class _Created(msgspec.Struct, rename="camel"):
    issue_create: _Payload


class _Updated(msgspec.Struct, rename="camel"):
    issue_update: _Payload


class _Refused(Exception):
    """Linear does not take what was sent; `error` is what that means, `about` the setting that it may speak of."""

    def __init__(self, error: ProviderError, about: str | None) -> None:
        super().__init__()
        self.error = error
        self.about = about


class Linear(AuthorizesByCode):
    names_are_reused: ClassVar[bool] = False
    flow: ClassVar[Flow] = Flow(
        authorize_at="{site}/oauth/authorize",
        tokens_at="{api}/oauth/token",
        scope_separator=",",
        # what is made is made by the application, and people are asked again, so that they can choose a workspace
        parameters={"actor": "app", "prompt": "consent"},
    )
    manifest: ClassVar[Manifest] = Manifest(
        slug="linear",
        name="Linear",
        category=Category.ISSUE_TRACKING,
        url="https://linear.app",
        description="Issues of a team on Linear.",
        base_url="https://linear.app",
        # it has /graphql and /oauth below it
        api_url="https://api.linear.app",
        auth_methods=(AuthMethod(name="token", title="API key", secrets=("access_token",)),),
        secrets=(
            SecretField(
                name="access_token",
                auth_key="api_key",
                title="API key",
                help="A personal API key with the rights to read and write: Linear, Settings, Security & access, "
                "Personal API keys. It starts with lin_api_. An OAuth token does as well.",
                required=True,
                pattern=r"^\S{1,1000}$",
                example="lin_api_AbCdEf0123456789",
            ),
        ),
        configuration=(
            SettingField(
                name="team_id",
                title="Team",
                help="The team of new issues: its ID, by Copy model UUID in the command menu on the team's page, "
                "or its key, such as ENG.",
                needed_to_deliver=True,
                pattern=r"^[A-Za-z0-9-]{1,64}$",
                example="ENG",
                copied=(r"https?://[^/\s]+/[^/\s]+/team/([A-Za-z0-9-]{1,64})(?:/\S*)?",),
            ),
            SettingField(
                name="project_id",
                title="Project",
                help="The project of new issues: its ID, by Copy model UUID in the command menu on its page.",
                pattern=r"^[A-Za-z0-9-]{1,64}$",
                example="9cfb482a-81e3-4154-b5b9-2c805e70a02d",
            ),
            SettingField(
                name="workspace_id",
                verified=False,
                title="Workspace",
                help="The workspace: its name in Linear's addresses, or its ID.",
            ),
        ),
        features=("issues", "labels", "priority", "status", "read-back"),
        facts=Facts(
            steps=(
                "Open Linear, Settings, Account, Security & access, Personal API keys.",
                "Make a key with the rights Read and Write.",
                "Copy the key: it is shown once.",
            ),
            rights=(
                "read",
                "write",
            ),
            lifetime="A key until it is revoked; OAuth tokens 24 hours.",
            refresh="OAuth refresh tokens rotate.",
            revocation="OAuth tokens are revoked; a personal key only its owner can revoke, in Linear.",
            webhook_signature="Linear-Signature: HMAC-SHA256 in hex of the body, which has the timestamp.",
            limits="A number of requests and of complexity an hour, told in x-ratelimit-requests-remaining.",
        ),
        tracks=True,
        oauth=OAuth(
            registration="https://linear.app/settings/api/applications/new",
            scopes=("read", "write"),
            scope_words=_SCOPE_WORDS,
            pkce=True,
            refreshes=True,
            rotates=True,
            token_sets=(TokenSet(lifetime_seconds=24 * 3600.0),),
        ),
        checks=(
            Check.EMULATOR,
            Check.DESCRIPTION,
        ),
        errors=ERRORS,
        sources=(
            *SOURCES,
            Source("authentication and errors", "https://linear.app/developers/graphql", _CHECKED),
            Source("OAuth and revocation", "https://linear.app/developers/oauth-2-0-authentication", _CHECKED),
            Source("limits", "https://linear.app/developers/rate-limiting", _CHECKED),
            Source(
                "issues, their IDs and states",
                "https://github.com/linear/linear/blob/master/packages/sdk/src/schema.graphql",
                _CHECKED,
            ),
            Source("filters", "https://linear.app/developers/filtering", _CHECKED),
        ),
    )

    def __init__(self, http: HttpClient, endpoints: Endpoints) -> None:
        self._http = http
        self._endpoints = endpoints

    async def verify(self, connection: Connection) -> Verified:
        """Asks for the viewer: whose key it is, and in which workspace. The team and the project of the settings are
        asked for in the same query. What a key may write, Linear does not tell."""
        places = {
            name: place
            for name in ("project_id", "team_id")
            if (place := connection.configuration.get(name, "").strip())
        }
        reply = await self._post(connection, _who(places))
        try:
            _raise_for_errors(reply, "read", refusals=bool(places))
        except _Refused as refused:
            raise _no_place(refused.about if refused.about in places else max(places)) from None
        found = decode(reply, _Answer, "Linear").data
        for name, there in (("team_id", found.team), ("project_id", found.project)):
            if name in places and there is None:
                raise _no_place(name)
        key = found.organization.url_key
        return Verified(
            account=Account(
                # a person has one user in each workspace
                id=f"{found.organization.id}:{found.viewer.id}",
                name=f"{found.viewer.name} ({found.organization.name})",
                url=web_url(f"https://linear.app/{key}") if key else None,
            )
        )

    async def locate(self, connection: Connection) -> Place | None:
        """Asks for the team, by the setting, and else by the ID that it had when it was looked up last."""
        team = connection.configuration.get("team_id", "").strip()
        if not team:
            return None
        for name in filter(None, (team, connection.place_id)):
            try:
                found = (await self._ask(connection, _TEAM, {"team": name}, _FoundTeam, "read")).team
            except _Refused:
                found = None
            if found is not None:
                is_renamed = not _is_uuid(team) and found.key is not None and found.key.upper() != team.upper()
                return Place(
                    id=found.id,
                    name=found.name,
                    settings={"team_id": found.key} if found.key is not None and is_renamed else {},
                )
        return None

    async def deliver(self, connection: Connection, delivery: Delivery) -> Delivered:
        """Creates the item's issue under an ID made from the marker, so that it cannot be created twice, or updates
        the one that is there."""
        context = await self._look(connection, delivery)
        there = _living(context, delivery)
        if there is None and delivery.vendor_id is not None:
            raise ObjectVanished("Linear does not have the issue any more: it was deleted")
        content = await self._content(connection, delivery, context)
        try:
            if there is None:
                issue = await self._create(connection, delivery, context, content)
            else:
                issue = await self._update(connection, there, context, content, delivery.item)
        except _Refused as refused:
            await self._check_places(connection, refused)
            raise refused.error from None
        return _delivered(issue, context, delivery.item)

    async def _check_places(self, connection: Connection, refused: _Refused) -> None:
        """Raises ConfigurationRejected when it is a place of the settings that Linear does not know, or that does not
        go with the other one: then no issue goes, and not this one alone."""
        project = connection.configuration.get("project_id", "").strip()
        if refused.about is None or not project:
            return
        reply = await self._post(connection, {"query": _PROJECT, "variables": {"project": project}})
        try:
            _raise_for_errors(reply, "read", refusals=True)
        except _Refused:
            raise _no_place("project_id") from None
        found = decode(reply, _Data[_ProjectFound], "Linear").data.project
        if found is None:
            raise _no_place("project_id")
        team = _team(connection).lower()
        if not any(team in {one.id.lower(), one.key.lower()} for one in found.teams.nodes):
            raise ConfigurationRejected(
                "Linear has this project in other teams than the one of the setting: check project_id", "project_id"
            )

    async def read_back(self, connection: Connection, vendor_ids: Sequence[str]) -> Mapping[str, VendorState]:
        """One query for each hundred issues."""
        wanted = [one for one in dict.fromkeys(vendor_ids) if _is_uuid(one)]
        states: dict[str, VendorState] = {}
        for start in range(0, len(wanted), _BATCH):
            filter_ = {"id": {"in": wanted[start : start + _BATCH]}}
            try:
                found = await self._ask(connection, _STATES, {"filter": filter_}, _Found, "read")
            except _Refused as refused:
                raise refused.error from None
            for issue in found.issues.nodes:
                if issue.id in vendor_ids and not issue.trashed:
                    states[issue.id] = _state_of(issue)
        return states

    async def _look(self, connection: Connection, delivery: Delivery) -> _Context:
        """The team's workflow, and whatever of the item is there already: also what was archived."""
        wanted = list(_ids(delivery.marker)) if delivery.vendor_id is None else [delivery.vendor_id]
        if not all(_is_uuid(one) for one in wanted):
            raise ObjectVanished("Linear has no such issue: its ID is none")
        variables = {"team": connection.place_id or _team(connection), "filter": {"id": {"in": wanted}}}
        try:
            context = await self._ask(connection, _CONTEXT, variables, _Context, "read")
        except _Refused:
            raise _no_place("team_id") from None
        if context.team is None:
            raise _no_place("team_id")
        return context

    async def _content(self, connection: Connection, delivery: Delivery, context: _Context) -> dict[str, Any]:
        item = delivery.item
        content: dict[str, Any] = {
            "title": cut_utf16(title_of(item, _TITLE_CHARACTERS), _TITLE_CHARACTERS),
            "description": body_of(item, _DESCRIPTION_CHARACTERS, _DIALECT, with_status=False),
        }
        priority = _PRIORITIES.get((item.priority or "").strip().lower())
        if priority is not None:
            content["priority"] = priority
        labels = await self._labels(connection, item, context)
        if labels:
            content["labelIds"] = labels
        return content

    async def _labels(self, connection: Connection, item: Item, context: _Context) -> list[str]:
        """The IDs of those labels that the workspace has for the team; of a group an issue can have one alone."""
        names = list(dict.fromkeys(name.strip() for name in item.labels if name.strip()))[:_MOST_LABELS]
        if not names or context.team is None:
            return []
        filter_ = {"or": [{"name": {"eqIgnoreCase": name}} for name in names]}
        try:
            found = await self._ask(connection, _LABELS, {"filter": filter_}, _FoundLabels, "read")
        except _Refused:
            return []
        taken: dict[str, str] = {}
        for label in found.issue_labels.nodes:
            if label.team is None or label.team.id == context.team.id:
                taken.setdefault(label.parent.id if label.parent is not None else label.id, label.id)
        return list(taken.values())

    async def _create(
        self, connection: Connection, delivery: Delivery, context: _Context, content: dict[str, Any]
    ) -> _Issue:
        taken = {issue.id for issue in context.issues.nodes}
        free = next((one for one in _ids(delivery.marker) if one not in taken), None)
        if free is None:
            raise ItemRejected(
                "Linear has had this item's issue in too many teams, or deleted too often: empty the trash there"
            )
        wanted: dict[str, Any] = {**content, "id": free, "teamId": context.team.id if context.team else ""}
        project = connection.configuration.get("project_id", "").strip()
        if project:
            wanted["projectId"] = project
        state = _target(context, delivery.item.status)
        # new issues begin where the team wants them to
        if state is not None and delivery.item.status is not ItemStatus.OPEN:
            wanted["stateId"] = state
        try:
            made = await self._ask(connection, _CREATE, {"input": wanted}, _Created, "write")
        except _Refused:
            # another try of the same delivery may have come first
            there = _living(await self._look(connection, delivery), delivery)
            if there is None:
                raise
            return await self._update(connection, there, context, content, delivery.item)
        issue = _issue_of(made.issue_create)
        if _STATUSES.get(issue.state.type) is delivery.item.status or state is None or "stateId" in wanted:
            return issue
        # the team begins its issues in a state that means another status
        change = {"id": issue.id, "input": {"stateId": state}}
        try:
            return _issue_of((await self._ask(connection, _UPDATE, change, _Updated, "write")).issue_update)
        except (_Refused, RightMissing):
            return issue

    async def _update(
        self, connection: Connection, there: _Issue, context: _Context, content: dict[str, Any], item: Item
    ) -> _Issue:
        wanted = dict(content)
        if "labelIds" in wanted:
            # labels that people gave the issue stay
            wanted["addedLabelIds"] = wanted.pop("labelIds")
        state = _target(context, item.status)
        if state is not None and _STATUSES.get(there.state.type) is not item.status:
            wanted["stateId"] = state
        try:
            made = await self._ask(connection, _UPDATE, {"id": there.id, "input": wanted}, _Updated, "write")
        except RightMissing as missing:
            if "scope" in str(missing).lower():
                raise
            raise ObjectRightMissing(
                "Linear does not let the key's account change this issue: its team may be private", "write"
            ) from None
        except _Refused:
            if not {"stateId", "addedLabelIds"} & set(wanted):
                raise
            # people may have moved it to a team that has neither this state nor these labels
            wanted = {name: value for name, value in wanted.items() if name not in {"stateId", "addedLabelIds"}}
            made = await self._ask(connection, _UPDATE, {"id": there.id, "input": wanted}, _Updated, "write")
        return _issue_of(made.issue_update)

    async def _ask(
        self, connection: Connection, query: str, variables: dict[str, Any], type_: type[_T], right: str
    ) -> _T:
        """The data of an answer. Raises _Refused when it is about what was sent, else ProviderError."""
        reply = await self._post(connection, {"query": query, "variables": variables})
        _raise_for_errors(reply, right, refusals=True)
        return decode(reply, _Data[type_], "Linear").data  # type: ignore[valid-type]

    async def _post(self, connection: Connection, json: dict[str, Any]) -> Reply:
        reply = await self._http.request(
            "linear",
            "POST",
            f"{self._api_url()}/graphql",
            headers={"Authorization": _authorization(token(connection, "Linear", title="API key"))},
            json=json,
            placed=True,
        )
        reset = seconds_until(reply, "x-ratelimit-requests-reset", _MILLISECONDS)
        note_budget(connection.budget, reply, "x-ratelimit-requests-remaining", reset)
        return reply

    async def revoke(self, connection: Connection) -> None:
        """Ends OAuth tokens, the refresh token first. Personal keys only a person can end."""
        secret = token(connection, "Linear", title="API key")
        if secret.startswith(_KEY):
            raise Unsupported("Linear lets only a person end a personal API key: Settings, Security & access")
        refresh_token = member(connection, "refresh_token")
        if refresh_token is not None:
            await self._end(secret, refresh_token, "refresh_token")
        await self._end(secret, secret, "access_token")

    async def _end(self, secret: str, ended: str, hint: str) -> None:
        """400 and 401 say that it has ended already."""
        reply = await self._http.request(
            "linear",
            "POST",
            f"{self._api_url()}/oauth/revoke",
            headers={"Authorization": _authorization(secret)},
            form={"token": ended, "token_type_hint": hint},
            placed=True,
        )
        if reply.status in {400, 401}:
            return
        _raise_for_errors(reply, "to end the token")

    def _api_url(self) -> str:
        return api_url(self._endpoints, "https://api.linear.app")


def _authorization(secret: str) -> str:
    return secret if secret.startswith(_KEY) else f"Bearer {secret}"


class _Data(msgspec.Struct, Generic[_T]):
    data: _T


class _TeamNamed(msgspec.Struct):
    id: Text
    key: str = ""


class _Teams(msgspec.Struct):
    nodes: list[_TeamNamed]


class _ProjectTeams(msgspec.Struct):
    teams: _Teams


class _ProjectFound(msgspec.Struct):
    project: _ProjectTeams | None = None


def _raise_for_errors(reply: Reply, right: str, *, refusals: bool = False) -> None:
    """Raises what the errors in the body, or the status, mean. `refusals`: what is about the issue or about one of the
    places of the settings is raised as _Refused, since the caller knows more of it."""
    errors = errors_of(reply)
    if not errors and reply.status == 200:
        return
    error = refusal_of(errors, reply, right)
    if refusals and errors and type(error) is ItemRejected:
        raise _Refused(error, None if set(kinds_of(errors)) & _OF_PLAN else _setting(errors))
    if not errors:
        # redirects, and whatever else the table has no status for
        raise_for_status(reply, "Linear", right) if reply.status not in {401, 403, 429} else None
    raise error


def _setting(errors: Sequence[GraphQLError]) -> str | None:
    """The setting that a refusal may be about, as far as its words tell."""
    words = " ".join(error.message for error in errors).lower()
    if "team" in words:
        return "team_id"
    return "project_id" if "project" in words else None


def _who(places: Mapping[str, str]) -> dict[str, Any]:
    if not places:
        return {"query": _WHO}
    variables = {name.removesuffix("_id"): place for name, place in places.items()}
    return {"query": _WHO_WITH[tuple(sorted(places))], "variables": variables}


def _no_place(setting: str) -> ConfigurationRejected:
    what = setting.removesuffix("_id")
    return ConfigurationRejected(
        f"Linear cannot find this {what}, or the key has no access to it: check {setting}", setting
    )


def _team(connection: Connection) -> str:
    team = connection.configuration.get("team_id", "").strip()
    if not team:
        raise ConfigurationRejected("Linear needs the team for its issues: enter its ID or its key", "team_id")
    return team


def _is_uuid(text: str) -> bool:
    return re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", text) is not None


def _ids(marker: str) -> Iterator[str]:
    """The IDs that the item's issue can have, each one UUID of version 4 as Linear wants it."""
    yield str(uuid.UUID(hex=marker, version=4))
    for life in range(1, _LIVES):
        digest = hashlib.sha256(f"{marker}:{life}".encode()).hexdigest()
        yield str(uuid.UUID(hex=digest[:32], version=4))


def _living(context: _Context, delivery: Delivery) -> _Issue | None:
    """The item's issue. One that is known may have been moved to any team; one that is found by its marker alone is in
    this team, or belongs to another one that the integration had before."""
    living = (issue for issue in context.issues.nodes if not issue.trashed)
    if delivery.vendor_id is not None:
        return next((issue for issue in living if issue.id == delivery.vendor_id), None)
    team = None if context.team is None else context.team.id
    ids = list(_ids(delivery.marker))
    return next((one for one in living if one.id in ids and (one.team is None or one.team.id == team)), None)


def _target(context: _Context, status: ItemStatus) -> str | None:
    """The ID of the first of the team's states that means this status."""
    states = sorted(context.team.states.nodes if context.team else [], key=lambda state: state.position)
    for type_ in _TYPES[status]:
        for state in states:
            if state.type == type_:
                return state.id
    return None


def _issue_of(payload: _Payload) -> _Issue:
    if not payload.success or payload.issue is None:
        raise VendorUnavailable("Linear did not write the issue, and does not say why")
    return payload.issue


def _delivered(issue: _Issue, context: _Context, item: Item) -> Delivered:
    """What was brought out, and that the issue is in another state than it was to be, if it is."""
    status = _STATUSES.get(issue.state.type, ItemStatus.OPEN)
    if status is item.status:
        return Delivered(vendor_id=issue.id, url=web_url(issue.url))
    if _target(context, item.status) is None:
        why = f"the team's workflow has no state of the type {_TYPES[item.status][0]}"
    else:
        why = "it may be in another team, or its workflow does not allow it"
    return Delivered(
        vendor_id=issue.id,
        url=web_url(issue.url),
        not_done=f"Linear left the issue in a state of the type {fit_to_show(issue.state.type)}: {why}",
        status=status,
    )


def _state_of(issue: _Issue) -> VendorState:
    return VendorState(
        status=_STATUSES.get(issue.state.type, ItemStatus.OPEN),
        assignee=issue.assignee.name if issue.assignee is not None else None,
        url=web_url(issue.url),
    )


PROVIDER: Final = Linear
