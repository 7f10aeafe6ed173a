"""Microsoft Teams, by the webhook of a workflow.

Workflows: https://learn.microsoft.com/en-us/microsoftteams/platform/webhooks-and-connectors/how-to/add-incoming-webhook
The older connectors at webhook.office.com ended in May 2026. A workflow takes nothing but a POST, which shows a card:
there is no proof of the webhook that people would not see, and no way to end it but in Teams.

Nor does it say anything of the card, which it posts later: every change of an item is another card, and a card whose
answer was lost may be posted twice.
"""

import re
from datetime import date
from typing import Any, ClassVar, Final

import msgspec

from jackfield.domain.item import Item
from jackfield.domain.provider import (
    AuthMethod,
    Category,
    Check,
    ConfigurationRejected,
    Connection,
    CredentialRefused,
    Delivered,
    Delivery,
    Facts,
    ItemRejected,
    Manifest,
    ProviderError,
    SecretField,
    Source,
)
from jackfield.providers._adaptive_card import Element, card_of, elements_of, link_element, web_link_of
from jackfield.providers._chat_text import body_of
from jackfield.providers._credentials import token
from jackfield.providers._http import Endpoints, HttpClient, Reply, origin_of
from jackfield.providers._markdown import Document, fitted, read
from jackfield.providers._replies import raise_for_status, unexpected

_CHECKED: Final = date(2026, 11, 21)
_PATTERN: Final = (
    r"^https://([a-z0-9-]{1,63}\.){1,8}(logic\.azure\.com|api\.powerplatform\.com)(:443)?"
    r"/[!-~]{1,2000}$"
)
_WEBHOOK: Final = re.compile(_PATTERN)
#: of a message in bytes. Teams takes about 28 KB of what it makes of it, which is more than what we send
_MESSAGE_SIZE: Final = 20_000
#: what a workflow that was turned off or deleted answers with status 400
_OFF: Final = frozenset({"WorkflowTriggerIsNotEnabled", "WorkflowDisabled", "WorkflowNotFound"})


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
                pattern=_PATTERN,
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
        sources=(
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
        self._origins = {origin_of(url) for url in (endpoints.base_url, endpoints.api_url) if url is not None}

    async def deliver(self, connection: Connection, delivery: Delivery) -> Delivered:
        """Posts a card, whether there was one before or not."""
        reply = await self._http.request("teams", "POST", self._webhook(connection), json=_message(delivery.item))
        if reply.status not in {200, 202} or "text/html" in reply.headers.get("content-type", ""):
            raise _error(reply)
        return Delivered(vendor_id=f"{delivery.marker}:{_number(delivery.vendor_id) + 1}")

    def _webhook(self, connection: Connection) -> str:
        """Raises CredentialRefused for addresses of anybody else."""
        url = token(connection, "Microsoft Teams", "webhook_url", "webhook URL")
        try:
            known = _WEBHOOK.fullmatch(url) is not None or origin_of(url) in self._origins
        except ConfigurationRejected:
            known = False
        if not known:
            raise CredentialRefused("Microsoft Teams has no webhooks at such an address: copy it from the workflow")
        return url


def _number(vendor_id: str | None) -> int:
    """How many cards there are of the item, as far as we know."""
    text = (vendor_id or "").rpartition(":")[2]
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _error(reply: Reply) -> ProviderError:
    if reply.status in {401, 403, 404, 405, 410} or (reply.status == 400 and _code(reply) in _OFF):
        return CredentialRefused(
            "Microsoft Teams does not take the webhook: its workflow was deleted or turned off, or wants a login"
        )
    raise_for_status(reply, "Microsoft Teams", "to use this webhook")
    if reply.status in {400, 413, 415}:
        return ItemRejected("Microsoft Teams does not take the card that is made of this item")
    return unexpected(reply, "Microsoft Teams")


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
