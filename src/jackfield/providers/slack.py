"""Slack, by bot or user token.

Web API: https://docs.slack.dev/apis/web-api/ . Errors come with status 200 and `"ok": false`. No header tells how many
calls are left.

Every message carries the item's marker in its metadata, which people do not see, and a retried delivery looks for it
among the channel's latest messages. That takes the channel's ID and a right to its history; without them a message
whose answer was lost is posted once more, since a message that comes twice is better than one that never comes.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, ClassVar, Final, NamedTuple

import msgspec

from jackfield.domain.credential import Secrets
from jackfield.domain.item import Item
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
    Manifest,
    Meaning,
    OAuth,
    ObjectVanished,
    Place,
    ProviderError,
    RightMissing,
    SecretField,
    SettingField,
    Source,
    TokenSet,
    VendorLimited,
    VendorUnavailable,
    Verified,
)
from jackfield.providers._chat_text import body_of, facts_of, link_of, own_facts_of, shorten, title_of
from jackfield.providers._credentials import member, token
from jackfield.providers._endpoints import api_url
from jackfield.providers._errors import refusal
from jackfield.providers._http import Endpoints, HttpClient, Reply
from jackfield.providers._markdown import Document, fitted, read
from jackfield.providers._mrkdwn import bold, escape, inert, link, sections_of
from jackfield.providers._oauth2 import AuthorizesByCode, Flow, TokenPlace
from jackfield.providers._replies import Text, decode, raise_for_status, unexpected, web_url
from jackfield.providers._slack_errors import ERRORS

_CHECKED: Final = date(2026, 11, 30)
#: the token has ended
_GONE: Final = frozenset({"invalid_auth", "token_revoked", "token_expired", "account_inactive"})
_RIGHT: Final = re.compile(r"[a-z0-9_.:,-]{1,200}")
#: so much that a brief message may be taken all the same
_TOO_MUCH: Final = frozenset(error.name for error in ERRORS if error.meaning is Meaning.ITEM)
#: the setting leads to no channel that the token may write to
_NO_CHANNEL: Final = frozenset(error.name for error in ERRORS if error.field == "channel")
_EVENT_TYPE: Final = "jackfield_item"
_WRITE: Final = "chat:write"
_OLD_SCOPES: Final = frozenset({"bot", "client", "post"})
#: those of a person's own token begin with user:, as Slack's second token set has it
_SCOPE_WORDS: Final = {
    "chat:write": "Send messages as the app",
    "chat:write.public": "Send messages to public channels that the app is not in",
    "chat:write.customize": "Send messages under another name and picture than the app's",
    "channels:history": "Read messages in public channels that the app is in",
    "groups:history": "Read messages in private channels that the app is in",
    "im:history": "Read direct messages to the app",
    "mpim:history": "Read direct messages of groups that the app is in",
    "channels:read": "See the public channels of the workspace",
    "groups:read": "See the private channels that the app is in",
    "channels:join": "Join public channels",
    "channels:manage": "Create public channels, and manage those that the app is in",
    "users:read": "See the people of the workspace",
    "users:read.email": "See the e-mail addresses of the people of the workspace",
    "team:read": "See the name, e-mail domain and icon of the workspace",
    "files:read": "See files in conversations that the app is in",
    "files:write": "Upload, edit and delete files as the app",
    "reactions:read": "See emoji reactions in conversations that the app is in",
    "reactions:write": "Add and edit emoji reactions",
    "app_mentions:read": "Read messages that mention the app, in conversations that it is in",
    "commands": "Add slash commands and shortcuts",
    "incoming-webhook": "Post messages to a channel that is chosen at Slack",
    "user:chat:write": "Send messages as the person who connects",
    "user:channels:history": "Read messages in the person's public channels",
    "user:channels:read": "See the public channels of the workspace",
    "user:users:read": "See the people of the workspace",
}
_CHANNEL_ID: Final = re.compile(r"[CDG][A-Z0-9]{6,30}")
_PLACE: Final = re.compile(r"([A-Z0-9]{1,40}):([0-9]{1,20}\.[0-9]{1,20})")
#: of the history that is searched; pages are small, since messages are not
_PAGE: Final = 50
_PAGES: Final = 4
_HEADER_LENGTH: Final = 150
_TEXT_LENGTH: Final = 300
_SECTION_LENGTH: Final = 3000
_FIELDS: Final = 10
#: in bytes, so that most is left for the body
_FIELDS_SIZE: Final = 3000
#: of all blocks in bytes. Slack does not tell its limit; messages of more than 13 kB were refused to others
_BLOCKS_SIZE: Final = 12_000


class _Answer(msgspec.Struct):
    ok: bool
    error: str = ""
    needed: str = ""


class _Identity(msgspec.Struct):
    team_id: Text
    team: Text
    user_id: Text
    user: Text
    url: str | None = None


class _Channel(msgspec.Struct):
    is_archived: bool | None = None
    is_member: bool | None = None
    is_private: bool | None = None


class _ChannelFound(msgspec.Struct):
    channel: _Channel


class _Revocation(msgspec.Struct):
    revoked: bool


class _Posted(msgspec.Struct):
    channel: Text
    ts: Text


class _Permalink(msgspec.Struct):
    permalink: str


class _Metadata(msgspec.Struct):
    event_type: str = ""
    event_payload: Any = None


class _Message(msgspec.Struct):
    ts: Text
    metadata: _Metadata | None = None


class _Cursor(msgspec.Struct):
    next_cursor: str = ""


class _History(msgspec.Struct):
    messages: list[_Message]
    response_metadata: _Cursor | None = None


class _Place(NamedTuple):
    """Where a message is: timestamps are unique within their channel."""

    channel: str
    ts: str


class Slack(AuthorizesByCode):
    names_are_reused: ClassVar[bool] = False
    flow: ClassVar[Flow] = Flow(
        authorize_at="{site}/oauth/v2/authorize",
        tokens_at="{api}/oauth.v2.access",
        api_below="/api",
        scope_separator=",",
        basic=True,
        places={
            "access_token": TokenPlace(called="bot"),
            "user_access_token": TokenPlace(
                scope_parameter="user_scope",
                at="authed_user",
                called="user",
            ),
        },
        told={"workspace_id": ("team", "id")},
        refusals=_GONE
        | {
            "invalid_code",
            "code_already_used",
            "code_expired",
            "invalid_refresh_token",
            "authorization_not_found",
            "team_access_not_granted",
        },
        misregistrations=frozenset(
            {
                "bad_client_secret",
                "invalid_client_id",
                "bad_redirect_uri",
                "oauth_authorization_url_mismatch",
                "invalid_grant_type",
                "no_scopes",
            }
        ),
    )
    manifest: ClassVar[Manifest] = Manifest(
        slug="slack",
        name="Slack",
        category=Category.CHAT,
        url="https://slack.com",
        description="Messages in a channel on Slack.",
        base_url="https://slack.com",
        # methods are called below it: api_url + "/auth.test"
        api_url="https://slack.com/api",
        auth_methods=(AuthMethod(name="token", title="Bot token", secrets=("access_token",)),),
        secrets=(
            SecretField(
                name="access_token",
                auth_key="api_key",
                title="Bot token",
                help="Of a Slack app with the scopes chat:write and, so that no message comes twice, channels:history "
                "or groups:history: api.slack.com/apps, the app, OAuth & Permissions, Bot User OAuth Token. It starts "
                "with xoxb-.",
                required=True,
                pattern=r"^\S{1,1000}$",
                example="xoxb-123456789012-AbCdEf",
            ),
        ),
        configuration=(
            SettingField(
                name="channel",
                title="Channel",
                help="The channel's ID, at the bottom of its details in Slack, or its name; the app has to be in it.",
                needed_to_deliver=True,
                pattern=r"^[^\s,]{1,100}$",
                example="C0123456789",
                copied=(
                    r"https?://\S+/archives/([A-Z0-9]{1,100})(?:/\S*)?",
                    r"https?://app\.slack\.com/client/[A-Z0-9]+/([A-Z0-9]{1,100})(?:/\S*)?",
                ),
            ),
            SettingField(
                name="workspace_id",
                verified=False,
                title="Workspace ID",
                help="The ID of the workspace: it starts with T and stands in the address of Slack in a browser.",
            ),
        ),
        features=("messages", "updates"),
        deliveries_at_once=1,
        facts=Facts(
            steps=(
                "Open api.slack.com/apps and create an app for your workspace.",
                (
                    "Under OAuth & Permissions add the bot scope chat:write, and channels:history so that a lost "
                    "answer is not sent twice."
                ),
                "Install the app, copy the Bot User OAuth Token, and invite the app to the channel.",
            ),
            rights=(
                "chat:write",
                "channels:history",
            ),
            lifetime="Until it is revoked; 12 hours where token rotation is on.",
            refresh="With rotation, bot and user tokens are refreshed by themselves, each refresh token once.",
            revocation="auth.revoke ends the token; other integrations with the same token keep it alive.",
            webhook_signature="X-Slack-Signature: v0= and HMAC-SHA256 in hex of v0:timestamp:body, 5 minutes.",
            limits="About one message a second in a channel; 429 with Retry-After.",
        ),
        oauth=OAuth(
            registration="https://api.slack.com/apps",
            scopes=("chat:write", "channels:history"),
            scope_words=_SCOPE_WORDS,
            # for apps without a secret alone: an app for which it is turned on is taken for such a one, for ever
            pkce=False,
            refreshes=True,
            rotates=True,
            token_sets=(
                TokenSet(),
                TokenSet(
                    access="user_access_token",
                    refresh="user_refresh_token",
                    expires_at="user_expires_at",
                    scope="user_scope",
                    scope_prefix="user:",
                ),
            ),
        ),
        checks=(
            Check.EMULATOR,
            Check.DESCRIPTION,
        ),
        errors=ERRORS,
        sources=(
            Source("authentication", "https://docs.slack.dev/authentication/tokens", _CHECKED),
            Source("OAuth", "https://docs.slack.dev/authentication/installing-with-oauth", _CHECKED),
            Source("tokens for a code", "https://docs.slack.dev/reference/methods/oauth.v2.access", _CHECKED),
            Source("rotation of tokens", "https://docs.slack.dev/authentication/using-token-rotation", _CHECKED),
            Source("PKCE", "https://docs.slack.dev/authentication/using-pkce", _CHECKED),
            Source("verification", "https://docs.slack.dev/reference/methods/auth.test", _CHECKED),
            Source("revocation", "https://docs.slack.dev/reference/methods/auth.revoke", _CHECKED),
            Source("limits", "https://docs.slack.dev/apis/web-api/rate-limits", _CHECKED),
            Source("new messages", "https://docs.slack.dev/reference/methods/chat.postMessage", _CHECKED),
            Source("changes of messages", "https://docs.slack.dev/reference/methods/chat.update", _CHECKED),
            Source("metadata", "https://docs.slack.dev/messaging/message-metadata", _CHECKED),
            Source("a channel", "https://docs.slack.dev/reference/methods/conversations.info", _CHECKED),
            Source("history", "https://docs.slack.dev/reference/methods/conversations.history", _CHECKED),
            Source("text", "https://docs.slack.dev/messaging/formatting-message-text", _CHECKED),
            Source("limits of blocks", "https://docs.slack.dev/reference/block-kit/blocks", _CHECKED),
        ),
    )

    def __init__(self, http: HttpClient, endpoints: Endpoints) -> None:
        self._http = http
        self._endpoints = endpoints

    async def verify(self, connection: Connection) -> Verified:
        """`auth.test`: whose token it is, in which workspace; the scopes stand in a header. Then, when a channel is set
        by its ID, `conversations.info`: whether it is there and the app may write to it. A name cannot be looked up
        but by listing every channel, and a token without the right to look may write all the same."""
        reply = await self._call(connection, "auth.test")
        answer = decode(reply, _Answer, "Slack")
        if not answer.ok:
            raise _error(answer, reply)
        found = decode(reply, _Identity, "Slack")
        told = reply.headers.get("x-oauth-scopes")
        scopes = None if told is None else tuple(part.strip() for part in told.split(",") if part.strip())
        channel = connection.configuration.get("channel", "").strip()
        if channel and scopes and not _may_write(scopes):
            raise RightMissing("Slack takes the token, but it lacks the right chat:write: add it to the app", _WRITE)
        if _CHANNEL_ID.fullmatch(channel):
            await self._check_channel(connection, channel, scopes or ())
        return Verified(
            account=Account(
                # users are known within their workspace
                id=f"{found.team_id}:{found.user_id}",
                name=f"{found.user} ({found.team})",
                url=web_url(found.url),
            ),
            scopes=scopes,
        )

    async def _check_channel(self, connection: Connection, channel: str, scopes: Sequence[str]) -> None:
        """Raises ConfigurationRejected when the channel is not there, or certainly takes nothing of this token."""
        reply = await self._call(connection, "conversations.info", form={"channel": channel})
        answer = decode(reply, _Answer, "Slack")
        if answer.error in {"missing_scope", "no_permission"}:
            return
        if not answer.ok:
            raise _error(answer, reply)
        found = decode(reply, _ChannelFound, "Slack").channel
        if found.is_archived:
            raise refusal(Slack.manifest, "is_archived")
        # public channels are open to some apps that are not in them, which their scopes tell
        if found.is_member is False and scopes and (found.is_private or "chat:write.public" not in scopes):
            raise refusal(Slack.manifest, "not_in_channel")

    async def revoke(self, connection: Connection) -> None:
        """`auth.revoke`, which ends bot and user tokens alike, for each of the two that there is."""
        of_user = member(connection, "user_access_token")
        if of_user is not None:
            await self._end(Connection(Secrets({"access_token": of_user}), connection.configuration, connection.budget))
        if of_user is None or member(connection, "access_token") is not None:
            await self._end(connection)

    async def _end(self, connection: Connection) -> None:
        reply = await self._call(connection, "auth.revoke")
        answer = decode(reply, _Answer, "Slack")
        if answer.error in _GONE:
            return
        if not answer.ok:
            raise _error(answer, reply)
        if not decode(reply, _Revocation, "Slack").revoked:
            raise VendorUnavailable("Slack did not revoke the token")

    async def deliver(self, connection: Connection, delivery: Delivery) -> Delivered:
        """Posts a message, or changes the one that is there."""
        channel = connection.configuration.get("channel", "").strip()
        if not channel:
            raise ConfigurationRejected("Slack needs the channel that messages go to", "channel")
        written: _Place | None = None
        if delivery.vendor_id is not None:
            written = await self._change(connection, _place(delivery.vendor_id), delivery)
        elif delivery.retried:
            written = await self._change_found(connection, channel, delivery)
        told = None
        if written is None:
            written = await self._post(connection, channel, delivery)
            # for a channel that is set by its name, which could not be looked up before
            told = Place(id=written.channel) if _CHANNEL_ID.fullmatch(written.channel) else None
        return Delivered(
            vendor_id=f"{written.channel}:{written.ts}",
            url=await self._permalink(connection, written),
            place=None if _CHANNEL_ID.fullmatch(channel) else told,
        )

    async def locate(self, connection: Connection) -> Place | None:
        """The channel's ID, which it keeps. A name can only be looked up by listing every channel, which takes a right
        of its own: whose ID it is, the first message tells that is posted there."""
        channel = connection.configuration.get("channel", "").strip()
        return Place(id=channel) if _CHANNEL_ID.fullmatch(channel) else None

    async def _post(self, connection: Connection, channel: str, delivery: Delivery) -> _Place:
        # a change brings no previews, so chat.update does not know these
        target = {"channel": channel, "unfurl_links": False, "unfurl_media": False}
        return await self._write(connection, "chat.postMessage", target, delivery)

    async def _change(self, connection: Connection, place: _Place, delivery: Delivery) -> _Place:
        return await self._write(connection, "chat.update", {"channel": place.channel, "ts": place.ts}, delivery)

    async def _change_found(self, connection: Connection, channel: str, delivery: Delivery) -> _Place | None:
        """None when there is none, or not ours to change: any app of the workspace can read and repeat metadata."""
        place = await self._find(connection, channel, delivery.marker)
        if place is None:
            return None
        try:
            return await self._change(connection, place, delivery)
        except ObjectVanished:
            return None

    async def _write(
        self, connection: Connection, method: str, target: Mapping[str, Any], delivery: Delivery
    ) -> _Place:
        """The message in full, or in brief where Slack takes no more."""
        reply = await self._call(connection, method, json={**target, **_message(delivery, in_full=True)})
        answer = decode(reply, _Answer, "Slack")
        if answer.error in _TOO_MUCH:
            reply = await self._call(connection, method, json={**target, **_message(delivery, in_full=False)})
            answer = decode(reply, _Answer, "Slack")
        if not answer.ok:
            raise _write_error(answer, reply, connection, target)
        posted = decode(reply, _Posted, "Slack")
        if not _PLACE.fullmatch(f"{posted.channel}:{posted.ts}"):
            raise unexpected(reply, "Slack")
        return _Place(posted.channel, posted.ts)

    async def _find(self, connection: Connection, channel: str, marker: str) -> _Place | None:
        """The message with the marker among the latest of the channel; None also when the token may not look."""
        if not _CHANNEL_ID.fullmatch(channel):
            return None
        query = {"channel": channel, "limit": str(_PAGE), "include_all_metadata": "true"}
        for page in range(_PAGES):
            try:
                history = await self._history(connection, query)
            except VendorLimited:
                if page == 0:
                    raise
                # some apps may read one page in a minute: asked for more again and again, they never deliver
                return None
            if history is None:
                return None
            for message in history.messages:
                if message.metadata is not None and _marker_of(message.metadata) == marker:
                    return _Place(channel, message.ts)
            cursor = history.response_metadata.next_cursor if history.response_metadata is not None else ""
            if not cursor:
                return None
            query["cursor"] = cursor
        return None

    async def _history(self, connection: Connection, query: Mapping[str, str]) -> _History | None:
        reply = await self._call(connection, "conversations.history", form=query)
        answer = decode(reply, _Answer, "Slack")
        if answer.error in {"missing_scope", "no_permission"} or answer.error in _NO_CHANNEL:
            # what is wrong with the channel is told by the post that follows
            return None
        if not answer.ok:
            raise _error(answer, reply)
        return decode(reply, _History, "Slack")

    async def _permalink(self, connection: Connection, place: _Place) -> str | None:
        """Where people find the message, which is there already: no failure of this matters."""
        try:
            reply = await self._read(
                connection, "chat.getPermalink", {"channel": place.channel, "message_ts": place.ts}
            )
            return web_url(decode(reply, _Permalink, "Slack").permalink)
        except ProviderError:
            return None

    async def _call(
        self, connection: Connection, method: str, *, json: Any = None, form: Mapping[str, str] | None = None
    ) -> Reply:
        headers = self._headers(connection)
        if json is not None:
            headers["Content-Type"] = "application/json; charset=utf-8"
        reply = await self._http.request(
            "slack", "POST", self._url(method), headers=headers, json=json, form=form, placed=True
        )
        return _checked(reply)

    async def _read(self, connection: Connection, method: str, query: Mapping[str, str]) -> Reply:
        headers = self._headers(connection)
        reply = await self._http.request("slack", "GET", self._url(method), headers=headers, query=query, placed=True)
        return _checked(reply)

    def _headers(self, connection: Connection) -> dict[str, str]:
        # where only a person's token was granted, that one does all
        of_user = member(connection, "user_access_token")
        alone = of_user is not None and member(connection, "access_token") is None
        name = "user_access_token" if alone else "access_token"
        return {"Authorization": f"Bearer {token(connection, 'Slack', name, 'bot token')}"}

    def _url(self, method: str) -> str:
        return f"{api_url(self._endpoints, 'https://slack.com/api', '/api')}/{method}"


def _checked(reply: Reply) -> Reply:
    raise_for_status(reply, "Slack", "to use this API")
    if reply.status != 200:
        raise unexpected(reply, "Slack")
    return reply


def _error(answer: _Answer, reply: Reply) -> ProviderError:
    """What a refusal means, by the table; a right that is missing is named as Slack names it."""
    if answer.error in {"missing_scope", "no_permission"}:
        right = answer.needed if _RIGHT.fullmatch(answer.needed) else "to use this API"
        return RightMissing(
            f"Slack takes the token, but it lacks a right: add {right} to the app, and install it again", right
        )
    return refusal(Slack.manifest, answer.error, reply=reply)


def _write_error(answer: _Answer, reply: Reply, connection: Connection, target: Mapping[str, Any]) -> ProviderError:
    """As `_error`, for a message; one in a channel that is not the setting's any more is gone with its channel."""
    if "ts" in target and answer.error in _NO_CHANNEL:
        setting = connection.configuration.get("channel", "").strip()
        if _CHANNEL_ID.fullmatch(setting) is not None and setting != target["channel"]:
            return refusal(Slack.manifest, "message_not_found")
    return _error(answer, reply)


def _may_write(scopes: Sequence[str]) -> bool:
    """Also by the scopes that older apps have."""
    return any(scope in _OLD_SCOPES or scope.startswith(_WRITE) for scope in scopes)


def _place(vendor_id: str) -> _Place:
    found = _PLACE.fullmatch(vendor_id)
    if found is None:
        raise ObjectVanished("Slack cannot have such a message")
    return _Place(found[1], found[2])


def _marker_of(metadata: _Metadata) -> object:
    payload = metadata.event_payload
    return payload.get("marker") if metadata.event_type == _EVENT_TYPE and isinstance(payload, dict) else None


def _message(delivery: Delivery, in_full: bool) -> dict[str, Any]:
    """The arguments of chat.postMessage and chat.update that they share."""
    item = delivery.item
    text = shorten(title_of(item), _TEXT_LENGTH, lambda kept: len(escape(kept)))
    return {
        # for notifications: people see the blocks
        "text": escape(text),
        "blocks": _blocks(item, in_full),
        "metadata": {"event_type": _EVENT_TYPE, "event_payload": {"marker": delivery.marker}},
        "parse": "none",
        "link_names": False,
    }


def _blocks(item: Item, in_full: bool) -> list[dict[str, Any]]:
    title = shorten(title_of(item), _HEADER_LENGTH, lambda kept: len(escape(kept)))
    header = {"type": "header", "text": {"type": "plain_text", "text": escape(title), "emoji": False}}
    status, *others = facts_of(item)
    words = [status.value, *(f"{fact.name}: {inert(fact.value)}" for fact in others)]
    url = link_of(item.url)
    if url is not None:
        words.append(link(item.key, url))
    context = {"type": "context", "elements": [_mrkdwn(word) for word in words]}
    if not in_full:
        return [header, context]
    fields = _fields(item)
    room = _BLOCKS_SIZE - _size([header, *fields, context])
    return [header, *_body(read(body_of(item)), room, url), *fields, context]


def _fields(item: Item) -> list[dict[str, Any]]:
    fields: list[dict[str, Any]] = []
    for fact in own_facts_of(item)[:_FIELDS]:
        fields.append(_mrkdwn(f"{bold(fact.name)}\n{inert(fact.value)}"))
        if _size(fields) > _FIELDS_SIZE:
            break
    return [{"type": "section", "fields": fields}] if fields else []


def _body(body: Document, room: int, url: str | None) -> list[dict[str, Any]]:
    """The sections of a body; one that was cut ends with a link to the rest."""

    def sections(kept: Document) -> list[dict[str, Any]]:
        texts = sections_of(kept.tree, _SECTION_LENGTH)
        if not kept.whole and url is not None:
            texts.append(link("Read on", url))
        return [{"type": "section", "text": _mrkdwn(text)} for text in texts]

    return fitted(body, room, sections, _size)


def _mrkdwn(text: str) -> dict[str, Any]:
    # verbatim: Slack makes no links and mentions of its own
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _size(blocks: list[dict[str, Any]]) -> int:
    return len(msgspec.json.encode(blocks))


PROVIDER: Final = Slack
