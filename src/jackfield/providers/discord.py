"""Discord, by a channel's webhook.

Webhooks: https://docs.discord.com/developers/resources/webhook . The webhook's address is the credential, all of it.
"""

import re
from datetime import date
from typing import ClassVar, Final
from urllib.parse import urlsplit

import msgspec

from jackfield.domain.provider import (
    Account,
    AuthMethod,
    Category,
    ConfigurationRejected,
    Connection,
    CredentialRefused,
    Manifest,
    SecretField,
    SettingField,
    Source,
    Verified,
)
from jackfield.providers._credentials import token
from jackfield.providers._endpoints import api_url
from jackfield.providers._http import Endpoints, HttpClient, Reply, origin_of
from jackfield.providers._replies import Text, decode, limited, raise_for_status, unexpected

_CHECKED: Final = date(2026, 11, 21)
_PATH: Final = re.compile(r"/api(?:/v[0-9]{1,2})?(/webhooks/([0-9]{5,25})/[A-Za-z0-9_-]{1,200})")
_ORIGINS: Final = frozenset(
    f"https://{before}{host}:443" for host in ("discord.com", "discordapp.com") for before in ("", "ptb.", "canary.")
)
_LONGEST_WAIT: Final = 7 * 24 * 3600.0


class _Webhook(msgspec.Struct):
    id: Text
    name: Text | None = None


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
        auth_methods=(AuthMethod(name="webhook", title="Webhook", secrets=("webhook_url",)),),
        secrets=(
            SecretField(
                name="webhook_url",
                auth_key="secret",
                title="Webhook URL",
                help="Discord, the channel's settings, Integrations, Webhooks, Copy Webhook URL.",
                required=True,
                # the host is judged with the operator's own address in hand
                pattern=r"^https?://[^\s/?#@]+/api(/v[0-9]{1,2})?/webhooks/[0-9]{5,25}/[A-Za-z0-9_-]{1,200}$",
            ),
        ),
        configuration=(
            SettingField(
                name="thread_id",
                title="Thread",
                help="The thread in the channel that messages go to: its ID, by Copy Thread ID in its menu.",
                pattern=r"^[0-9]{5,25}$",
            ),
        ),
        features=("messages",),
        sources=(
            Source("webhooks", "https://docs.discord.com/developers/resources/webhook", _CHECKED),
            Source("limits", "https://docs.discord.com/developers/topics/rate-limits", _CHECKED),
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

    async def _call(self, method: str, path: str) -> Reply:
        base = api_url(self._endpoints, "https://discord.com/api", "/api")
        reply = await self._http.request("discord", method, base + path)
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


def _told_wait(reply: Reply) -> float | None:
    """The body tells the delay with fractions, which `Retry-After` rounds."""
    try:
        seconds = msgspec.json.decode(reply.body, type=_Limit).retry_after
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return min(max(0.0, seconds), _LONGEST_WAIT)


PROVIDER: Final = Discord
