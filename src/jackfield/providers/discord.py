"""Discord, by a channel's webhook.

Webhooks: https://docs.discord.com/developers/resources/webhook . The webhook's address is the credential, all of it.

A webhook cannot list its messages, and takes no key of ours against doubles: a message whose answer was lost is posted
once more.
"""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any, ClassVar, Final, NamedTuple
from urllib.parse import urlsplit

import msgspec

from jackfield.domain.item import Item
from jackfield.domain.provider import (
    Account,
    AuthMethod,
    Category,
    Check,
    ConfigurationRejected,
    Connection,
    CredentialRefused,
    Delivered,
    Delivery,
    Facts,
    Manifest,
    ObjectVanished,
    ProviderError,
    SecretField,
    SettingField,
    Source,
    Verified,
)
from jackfield.providers._chat_text import body_of, facts_of, link_of, own_facts_of, shorten, title_of
from jackfield.providers._credentials import token
from jackfield.providers._discord_errors import ERRORS
from jackfield.providers._discord_markdown import escape, link, markdown_of
from jackfield.providers._endpoints import api_url
from jackfield.providers._errors import find, refusal
from jackfield.providers._http import Endpoints, HttpClient, Reply, origin_of
from jackfield.providers._markdown import Document, fitted, read
from jackfield.providers._replies import Text, decode, limited, raise_for_status, unexpected

_CHECKED: Final = date(2026, 11, 30)
_PATH: Final = re.compile(r"/api(?:/v[0-9]{1,2})?(/webhooks/([0-9]{5,25})/[A-Za-z0-9_-]{1,200})")
_ORIGINS: Final = frozenset(
    f"https://{before}{host}:443" for host in ("discord.com", "discordapp.com") for before in ("", "ptb.", "canary.")
)
_LONGEST_WAIT: Final = 7 * 24 * 3600.0
_THREAD: Final = re.compile(r"[0-9]{5,25}")
_PLACE: Final = re.compile(r"([0-9]{1,25}):([0-9]{1,25}):([0-9]{1,25})(:thread)?")
_HOUR: Final = 3600.0
_INVALID: Final = 400
_INVALID_FORM: Final = 50035
#: what a field is called that has the item's address as text
_ADDRESS: Final = "Address"
#: codes of errors: https://docs.discord.com/developers/topics/opcodes-and-status-codes#json
_UNKNOWN_CHANNEL: Final = 10003
_UNKNOWN_MESSAGE: Final = 10008
_OLD_MESSAGES_EDITED_TOO_OFTEN: Final = 30046
#: any that means a thread that is none to post in, and the status of a webhook that is gone
_NO_THREAD: Final = 160005
_NOT_FOUND: Final = 404
#: of an embed, in characters: https://docs.discord.com/developers/resources/message#embed-object-embed-limits
_TITLE_LENGTH: Final = 256
_DESCRIPTION_LENGTH: Final = 4096
_FIELDS: Final = 25
_FIELD_NAME_LENGTH: Final = 256
_FIELD_VALUE_LENGTH: Final = 1024
_EMBED_LENGTH: Final = 6000
#: so that most is left for the description
_ALL_FIELDS_LENGTH: Final = 2000


class _Webhook(msgspec.Struct):
    id: Text
    name: Text | None = None


class _Channel(msgspec.Struct):
    """Of a webhook, where its channel is; one that belongs to no server has no messages with addresses."""

    id: Text
    channel_id: Text | None = None
    guild_id: Text | None = None


class _Message(msgspec.Struct):
    id: Text
    channel_id: Text


class _Fault(msgspec.Struct):
    code: int = 0


class _Place(NamedTuple):
    """Where a message is. `thread` when it is in one, which every call about it has to name."""

    guild: str
    channel: str
    message: str
    thread: bool

    @property
    def vendor_id(self) -> str:
        return f"{self.guild}:{self.channel}:{self.message}{':thread' if self.thread else ''}"

    @property
    def url(self) -> str | None:
        if self.guild == _NOWHERE:
            return None
        return f"https://discord.com/channels/{self.guild}/{self.channel}/{self.message}"


class _Limit(msgspec.Struct):
    retry_after: float


class Discord:
    manifest: ClassVar[Manifest] = Manifest(
        slug="discord",
        name="Discord",
        category=Category.CHAT,
        url="https://discord.com",
        description="Messages in a channel on Discord.",
        base_url="https://discord.com",
        api_url="https://discord.com/api",
        auth_methods=(AuthMethod(name="webhook", title="Webhook", secrets=("webhook_url",), of_account=False),),
        secrets=(
            SecretField(
                name="webhook_url",
                auth_key="secret",
                title="Webhook URL",
                help="Discord, the channel's settings, Integrations, Webhooks, Copy Webhook URL.",
                required=True,
                # the host is judged with the operator's own address in hand
                pattern=r"^https?://[^\s/?#@]+/api(/v[0-9]{1,2})?/webhooks/[0-9]{5,25}/[A-Za-z0-9_-]{1,200}$",
                example="https://discord.com/api/webhooks/123456789012345678/AbCdEf",
                # what makes it take other services' messages; ours are its own
                ends_before=("/slack", "/github"),
            ),
        ),
        configuration=(
            SettingField(
                name="thread_id",
                verified=False,
                title="Thread",
                help="The thread in the channel that messages go to: its ID, by Copy Thread ID in its menu.",
                pattern=r"^[0-9]{5,25}$",
                example="123456789012345678",
                copied=(r"https?://[^/\s]+/channels/[0-9]+/([0-9]{5,25})(?:/\S*)?",),
            ),
        ),
        features=("messages", "updates"),
        deliveries_at_once=1,
        facts=Facts(
            steps=(
                "Open the channel's settings in Discord, Integrations, Webhooks.",
                "Make a new webhook for the channel.",
                "Copy its URL: whoever has it can post.",
            ),
            lifetime="Until the webhook is deleted.",
            revocation="The webhook is deleted; other integrations with the same webhook keep it alive.",
            webhook_signature="Ed25519 over timestamp and body, for apps' interactions.",
            limits="5 messages in 2 seconds for a webhook; told in X-RateLimit-Remaining, 429 with retry_after "
            "in the body.",
        ),
        checks=(Check.DESCRIPTION,),
        errors=ERRORS,
        sources=(
            Source("webhooks", "https://docs.discord.com/developers/resources/webhook", _CHECKED),
            Source("limits", "https://docs.discord.com/developers/topics/rate-limits", _CHECKED),
            Source(
                "messages and the limits of embeds", "https://docs.discord.com/developers/resources/message", _CHECKED
            ),
            Source("codes of errors", "https://docs.discord.com/developers/topics/opcodes-and-status-codes", _CHECKED),
        ),
    )

    def __init__(self, http: HttpClient, endpoints: Endpoints) -> None:
        self._http = http
        self._endpoints = endpoints
        operators = {origin_of(url) for url in (endpoints.base_url, endpoints.api_url) if url is not None}
        self._origins = _ORIGINS | operators

    async def verify(self, connection: Connection) -> Verified:
        """GET of the webhook, which tells what it is called."""
        path, number = self._webhook(connection)
        reply = await self._call("GET", path)
        if reply.status in {401, 404}:
            raise CredentialRefused("Discord does not know the webhook: it was deleted. Create another and enter it")
        raise_for_status(reply, "Discord", "to use this webhook")
        if reply.status != 200:
            raise unexpected(reply, "Discord")
        webhook = decode(reply, _Webhook, "Discord")
        if webhook.id != number:
            raise unexpected(reply, "Discord")
        return Verified(account=Account(id=webhook.id, name=webhook.name or webhook.id))

    async def revoke(self, connection: Connection) -> None:
        """DELETE of the webhook, also when it is gone already."""
        path, _ = self._webhook(connection)
        reply = await self._call("DELETE", path)
        if reply.status in {200, 204, 401, 404}:
            return
        raise_for_status(reply, "Discord", "to delete this webhook")
        raise unexpected(reply, "Discord")

    async def deliver(self, connection: Connection, delivery: Delivery) -> Delivered:
        """Posts a message, or changes the one that is there."""
        path, _ = self._webhook(connection)
        thread = connection.configuration.get("thread_id", "").strip()
        if thread and not _THREAD.fullmatch(thread):
            raise ConfigurationRejected("Discord has no such thread: its ID is a number", "thread_id")
        if delivery.vendor_id is None:
            place = await self._post(connection, path, thread, delivery.item)
        else:
            place = await self._change(connection, path, _place(delivery.vendor_id), delivery.item)
        return Delivered(vendor_id=place.vendor_id, url=place.url)

    async def _post(self, connection: Connection, path: str, thread: str, item: Item) -> _Place:
        # asked first: once the message is there, nothing may fail any more
        reply = await self._call("GET", path, connection)
        if reply.status != 200:
            raise _error(reply, thread=False)
        home = decode(reply, _Channel, "Discord")
        query = {"wait": "true", "thread_id": thread} if thread else {"wait": "true"}
        reply = await self._send("POST", path, connection, query, item)
        if reply.status != 200:
            raise _error(reply, thread=bool(thread))
        message = decode(reply, _Message, "Discord")
        place = _Place(home.guild_id or _NOWHERE, message.channel_id, message.id, bool(thread))
        if not _PLACE.fullmatch(place.vendor_id):
            raise unexpected(reply, "Discord")
        return place

    async def _change(self, connection: Connection, path: str, place: _Place, item: Item) -> _Place:
        query = {"thread_id": place.channel} if place.thread else None
        path = f"{path}/messages/{place.message}"
        reply = await self._send("PATCH", path, connection, query, item)
        if reply.status == 200:
            return place
        if _code(reply) == _UNKNOWN_CHANNEL:
            raise refusal(Discord.manifest, _UNKNOWN_MESSAGE)
        raise _error(reply, thread=place.thread)

    async def _send(
        self, method: str, path: str, connection: Connection, query: Mapping[str, str] | None, item: Item
    ) -> Reply:
        """The message, and once more without its link where Discord does not take it: what an address is, it judges by
        rules of its own, and one is no reason to lose the whole message."""
        reply = await self._call(method, path, connection, query=query, json=_message(item))
        may_be_the_link = reply.status == _INVALID and _code(reply) in {0, _INVALID_FORM}
        if may_be_the_link and link_of(item.url) is not None:
            reply = await self._call(method, path, connection, query=query, json=_message(item, linked=False))
        return reply

    async def _call(
        self,
        method: str,
        path: str,
        connection: Connection | None = None,
        *,
        query: Mapping[str, str] | None = None,
        json: Any = None,
    ) -> Reply:
        base = api_url(self._endpoints, "https://discord.com/api", "/api")
        reply = await self._http.request("discord", method, base + path, query=query, json=json, placed=True)
        if connection is not None and method != "GET":
            _note(connection, reply)
        if reply.status == 429:
            raise limited(reply, "Discord", _told_wait(reply))
        return reply

    def _webhook(self, connection: Connection) -> tuple[str, str]:
        """The webhook's path below the API and its number. Raises CredentialRefused for addresses of anybody else."""
        url = token(connection, "Discord", "webhook_url", "webhook URL")
        try:
            known = origin_of(url) in self._origins
            found = _PATH.fullmatch(urlsplit(url).path)
        except (ValueError, ConfigurationRejected):
            raise CredentialRefused(_NOT_ONE) from None
        if found is None or not known:
            raise CredentialRefused(_NOT_ONE)
        return found[1], found[2]


_NOT_ONE: Final = (
    "Discord has no webhooks at such an address: copy it in the channel's settings, Integrations, Webhooks"
)


#: the guild of a webhook that tells none
_NOWHERE: Final = "0"


def _place(vendor_id: str) -> _Place:
    found = _PLACE.fullmatch(vendor_id)
    if found is None:
        raise ObjectVanished("Discord cannot have such a message")
    return _Place(found[1], found[2], found[3], found[4] is not None)


def _error(reply: Reply, thread: bool) -> ProviderError:
    """What a refusal means, by its number, else by the status; `thread`: the call named one."""
    if 200 <= reply.status < 300:
        return unexpected(reply, "Discord")
    code = _code(reply)
    if code == _UNKNOWN_CHANNEL:
        # the thread's where the call named one, else the webhook's own, without which it is none
        return refusal(Discord.manifest, _NO_THREAD if thread else _NOT_FOUND)
    if code == _OLD_MESSAGES_EDITED_TOO_OFTEN:
        return refusal(Discord.manifest, code, seconds=_HOUR)
    if not code and find(ERRORS, reply.status) is None:
        raise_for_status(reply, "Discord", "to use this webhook")
    return refusal(Discord.manifest, code or reply.status, reply=reply, seconds=_told_wait(reply))


def _code(reply: Reply) -> int:
    try:
        return msgspec.json.decode(reply.body, type=_Fault).code
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return 0


def _note(connection: Connection, reply: Reply) -> None:
    """The bucket of the webhook's messages; others are not what a delivery is held up by."""
    try:
        remaining = int(reply.headers["x-ratelimit-remaining"])
        seconds = float(reply.headers["x-ratelimit-reset-after"])
    except (KeyError, ValueError):
        return
    if 0 <= seconds <= _LONGEST_WAIT:
        connection.budget.note(remaining, seconds)


def _message(item: Item, linked: bool = True) -> dict[str, Any]:
    # no mention in it reaches anybody, whatever the text holds
    return {"embeds": [_embed(item, linked)], "allowed_mentions": {"parse": []}}


def _embed(item: Item, linked: bool) -> dict[str, Any]:
    """`linked` False: the address stands in it as text, for people to copy."""
    title = escape(shorten(title_of(item), _TITLE_LENGTH, lambda kept: len(escape(kept))))
    url = link_of(item.url)
    if url is not None and not (linked and _is_dotted(url)):
        url, fields = None, [*_fields(item)[: _FIELDS - 1], _field(_ADDRESS, item.url or "")]
    else:
        fields = _fields(item)
    spent = len(title) + _length(fields)
    embed: dict[str, Any] = {"title": title, "fields": fields}
    if url is not None:
        embed["url"] = url
    description = _description(read(body_of(item)), min(_DESCRIPTION_LENGTH, _EMBED_LENGTH - spent), url)
    if description:
        embed["description"] = description
    return embed


def _description(body: Document, room: int, url: str | None) -> str:
    """The body; one that was cut ends with a link to the rest."""

    def text(kept: Document) -> str:
        rest = link("Read on", url) if not kept.whole and url is not None else ""
        return "\n\n".join(part for part in (markdown_of(kept.tree), rest) if part)

    return fitted(body, room, text, len)


def _fields(item: Item) -> list[dict[str, Any]]:
    fields: list[dict[str, Any]] = []
    for fact in [*facts_of(item), *own_facts_of(item)][:_FIELDS]:
        fields.append(_field(fact.name, fact.value))
        if _length(fields) > _ALL_FIELDS_LENGTH:
            break
    return fields


def _field(name: str, value: str) -> dict[str, Any]:
    return {
        "name": escape(shorten(name, _FIELD_NAME_LENGTH, lambda kept: len(escape(kept)))),
        "value": escape(shorten(value, _FIELD_VALUE_LENGTH, lambda kept: len(escape(kept)))),
        "inline": True,
    }


def _is_dotted(url: str) -> bool:
    """Whether the host has a dot inside or is a numeric address: Discord takes no others for addresses of links."""
    host = (urlsplit(url).hostname or "").strip(".")
    return "." in host or ":" in host


def _length(fields: list[dict[str, Any]]) -> int:
    return sum(len(field["name"]) + len(field["value"]) for field in fields)


def _told_wait(reply: Reply) -> float | None:
    """The body tells the delay with fractions, which `Retry-After` rounds."""
    try:
        seconds = msgspec.json.decode(reply.body, type=_Limit).retry_after
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return min(max(0.0, seconds), _LONGEST_WAIT)


PROVIDER: Final = Discord
