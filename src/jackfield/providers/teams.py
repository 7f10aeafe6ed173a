"""Microsoft Teams, by the webhook of a workflow.

Workflows: https://learn.microsoft.com/en-us/microsoftteams/platform/webhooks-and-connectors/how-to/add-incoming-webhook
The older connectors at webhook.office.com ended in May 2026. A workflow takes nothing but a POST, which shows a card:
there is no proof of the webhook that people would not see, and no way to end it but in Teams.

Nor does it say anything of the card, which it posts later: every change of an item is another card, and a card whose
answer was lost may be posted twice.
"""

import re
from collections.abc import Sequence
from datetime import date
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

import msgspec

from jackfield.domain.item import Item
from jackfield.domain.provider import (
    AuthMethod,
    Category,
    Check,
    Connection,
    CredentialRefused,
    Delivered,
    Delivery,
    Facts,
    Manifest,
    ProviderError,
    SecretField,
    Source,
)
from jackfield.providers._adaptive_card import Element, card_of, elements_of, link_element, web_link_of
from jackfield.providers._chat_text import body_of
from jackfield.providers._credentials import token
from jackfield.providers._errors import find, refusal
from jackfield.providers._http import Endpoints, HttpClient, Reply, origin_of
from jackfield.providers._markdown import Document, fitted, read
from jackfield.providers._replies import raise_for_status, unexpected
from jackfield.providers._teams_errors import ERRORS, LIMITS, WORKFLOW_ERRORS

_CHECKED: Final = date(2026, 11, 30)
#: of workflows' webhooks: the public cloud, the United States' governments (GCC, GCC High, DoD), and China's
_HOSTS: Final = (
    "logic.azure.com",
    "logic.azure.us",
    "logic.azure.cn",
    "api.powerplatform.com",
    "api.gov.powerplatform.microsoft.us",
    "api.high.powerplatform.microsoft.us",
    "api.appsplatform.us",
    "api.powerplatform.partner.microsoftonline.cn",
    "powerautomate.com",
    "powerautomate.us",
    "powerautomate.cn",
    "flow.microsoft.com",
    "flow.microsoft.us",
    "flow.appsplatform.us",
)


def _pattern(origins: Sequence[str] = ()) -> str:
    """What a webhook's address has to match: at one of Microsoft's hosts, or of the operator's."""
    hosts = "|".join(map(re.escape, _HOSTS))
    ours = "".join(f"|{re.escape(origin.removeprefix('http'))}" for origin in origins)
    return rf"^http(s://([a-z0-9-]{{1,63}}\.){{1,8}}({hosts})(:443)?{ours})/[!-~]{{1,2000}}$"


#: segments that lead upwards, in a path
_DOTS: Final = re.compile(r"/(\.|%2e){1,2}([/?#]|$)", re.IGNORECASE)
_ORIGIN: Final = re.compile(r"[A-Za-z]{1,10}://[^/?#]{1,300}")
#: of a message in bytes. Teams takes about 28 KB of what it makes of it, which is more than what we send
_MESSAGE_SIZE: Final = 20_000


class _Fault(msgspec.Struct):
    code: str = ""


class _Faults(msgspec.Struct):
    error: _Fault


class Teams:
    manifest: ClassVar[Manifest] = Manifest(
        slug="teams",
        name="Microsoft Teams",
        category=Category.CHAT,
        url="https://teams.microsoft.com",
        description="Cards in a channel or chat on Microsoft Teams.",
        base_url="https://teams.microsoft.com",
        auth_methods=(AuthMethod(name="webhook", title="Webhook", secrets=("webhook_url",), of_account=False),),
        secrets=(
            SecretField(
                name="webhook_url",
                auth_key="secret",
                title="Webhook URL",
                help="Of a workflow that posts what a webhook receives: Teams, the channel's menu, Workflows, "
                "Send webhook alerts to a channel.",
                required=True,
                pattern=_pattern(),
                example="https://prod-00.westeurope.logic.azure.com/workflows/...",
                keeps_query=True,
            ),
        ),
        features=("messages",),
        deliveries_at_once=1,
        facts=Facts(
            steps=(
                (
                    "Open the channel's menu in Teams, Workflows, and choose the template that posts to a channel "
                    "when a webhook request is received."
                ),
                "Choose team and channel, and add the workflow.",
                "Copy the URL that is shown: whoever has it can post.",
            ),
            lifetime="Until the workflow is removed or its owner leaves.",
            webhook_signature="HMAC on outgoing webhooks.",
            limits="4 requests a second for a workflow; 28 KB a message.",
        ),
        unprovable="A workflow's only call is the one that posts, so its first delivery proves it.",
        checks=(Check.DESCRIPTION,),
        errors=ERRORS,
        sources=(
            Source("errors of workflows", WORKFLOW_ERRORS, _CHECKED),
            Source("errors and limits of the trigger", LIMITS, _CHECKED),
            Source("hosts", "https://learn.microsoft.com/en-us/power-automate/ip-address-configuration", _CHECKED),
            Source("clouds of governments", "https://learn.microsoft.com/en-us/power-automate/us-govt", _CHECKED),
            Source(
                "webhooks of workflows",
                "https://learn.microsoft.com/en-us/microsoftteams/platform/webhooks-and-connectors/how-to/"
                "add-incoming-webhook",
                _CHECKED,
            ),
            Source("cards", "https://learn.microsoft.com/en-us/adaptive-cards/schema-explorer/text-run", _CHECKED),
            Source("the size of a message", "https://learn.microsoft.com/en-us/connectors/teams/", _CHECKED),
            Source(
                "limits and the end of connectors",
                "https://devblogs.microsoft.com/microsoft365dev/"
                "retirement-of-office-365-connectors-within-microsoft-teams/",
                _CHECKED,
            ),
        ),
    )

    def __init__(self, http: HttpClient, endpoints: Endpoints) -> None:
        self._http = http
        self._placed = tuple(_folder(url) for url in (endpoints.base_url, endpoints.api_url) if url is not None)
        origins = sorted({_written(url) for url in (endpoints.base_url, endpoints.api_url) if url is not None})
        self._webhook_pattern = re.compile(_pattern(origins))
        if origins:
            # what the operator allows can be entered
            [secret] = Teams.manifest.secrets
            allowed = msgspec.structs.replace(secret, pattern=self._webhook_pattern.pattern)
            self.manifest = msgspec.structs.replace(Teams.manifest, secrets=(allowed,))  # type: ignore[misc]

    async def deliver(self, connection: Connection, delivery: Delivery) -> Delivered:
        """Posts a card, whether there was one before or not."""
        url = self._webhook(connection)
        # a person entered the whole of it: it is the operator's place only when it is below what the operator named
        placed = url.startswith(self._placed) and _DOTS.search(url) is None
        reply = await self._http.request("teams", "POST", url, json=_message(delivery.item), placed=placed)
        if reply.status not in {200, 202} or "text/html" in reply.headers.get("content-type", ""):
            raise _error(reply)
        return Delivered(vendor_id=f"{delivery.marker}:{_number(delivery.vendor_id) + 1}")

    def _webhook(self, connection: Connection) -> str:
        """Raises CredentialRefused for addresses of anybody else."""
        url = token(connection, "Microsoft Teams", "webhook_url", "webhook URL")
        # in scheme and host, case does not count
        origin = _ORIGIN.match(url)
        if origin is not None:
            url = origin[0].lower() + url[origin.end() :]
        known = self._webhook_pattern.fullmatch(url) is not None
        if not known:
            raise CredentialRefused("Microsoft Teams has no webhooks at such an address: copy it from the workflow")
        return url


def _number(vendor_id: str | None) -> int:
    """How many cards there are of the item, as far as we know."""
    text = (vendor_id or "").rpartition(":")[2]
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _folder(url: str) -> str:
    """What every address below an operator's address starts with."""
    return f"{_written(url)}{urlsplit(url).path.rstrip('/')}/"


def _written(url: str) -> str:
    """The origin of an operator's address as people write it: without the usual port."""
    scheme, _, rest = origin_of(url).partition("://")
    return f"{scheme}://{rest.removesuffix(':443' if scheme == 'https' else ':80')}"


def _error(reply: Reply) -> ProviderError:
    """What a refusal means, by its code, else by its status."""
    if 200 <= reply.status < 300:
        # a page instead of a workflow's answer
        return unexpected(reply, "Microsoft Teams")
    code = _code(reply)
    if find(ERRORS, code, reply.status) is None:
        raise_for_status(reply, "Microsoft Teams", "to use this webhook")
    return refusal(Teams.manifest, *([code] if code else []), reply.status, reply=reply)


def _code(reply: Reply) -> str:
    try:
        return msgspec.json.decode(reply.body, type=_Faults).error.code
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""


def _message(item: Item) -> dict[str, Any]:
    """The item in a card; a body that was cut ends with a link to the rest."""
    url = web_link_of(item.url)

    def elements(kept: Document) -> list[Element]:
        rest = [link_element("Read on", url)] if not kept.whole and url is not None else []
        return [*elements_of(kept.tree), *rest]

    room = _MESSAGE_SIZE - _size(_wrapped(card_of(item, [])))
    return _wrapped(card_of(item, fitted(read(body_of(item)), room, elements, _size)))


def _wrapped(card: Element) -> dict[str, Any]:
    return {
        "type": "message",
        "attachments": [
            {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
        ],
    }


def _size(value: Any) -> int:
    return len(msgspec.json.encode(value))


PROVIDER: Final = Teams
