"""Microsoft Teams, by the webhook of a workflow.

Workflows: https://learn.microsoft.com/en-us/microsoftteams/platform/webhooks-and-connectors/how-to/add-incoming-webhook
The older connectors at webhook.office.com ended in May 2026. A workflow takes nothing but a POST, which shows a card:
there is no proof of the webhook that people would not see, and no way to end it but in Teams.
"""

from datetime import date
from typing import ClassVar, Final

from jackfield.domain.provider import AuthMethod, Category, Manifest, SecretField, Source
from jackfield.providers._http import Endpoints, HttpClient

_CHECKED: Final = date(2026, 11, 21)


class Teams:
    manifest: ClassVar[Manifest] = Manifest(
        slug="teams",
        name="Microsoft Teams",
        category=Category.CHAT,
        url="https://teams.microsoft.com",
        description="Cards in a channel or chat on Microsoft Teams.",
        base_url="https://teams.microsoft.com",
        auth_methods=(AuthMethod(name="webhook", title="Webhook", secrets=("webhook_url",)),),
        secrets=(
            SecretField(
                name="webhook_url",
                auth_key="secret",
                title="Webhook URL",
                help="Of a workflow that posts what a webhook receives: Teams, the channel's menu, Workflows, "
                "Send webhook alerts to a channel.",
                required=True,
                pattern=r"^https://([a-z0-9-]{1,63}\.){1,8}(logic\.azure\.com|api\.powerplatform\.com)(:443)?"
                r"/[!-~]{1,2000}$",
            ),
        ),
        features=("messages",),
        sources=(
            Source(
                "webhooks of workflows",
                "https://learn.microsoft.com/en-us/microsoftteams/platform/webhooks-and-connectors/how-to/"
                "add-incoming-webhook",
                _CHECKED,
            ),
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
        self._endpoints = endpoints


PROVIDER: Final = Teams
