"""What has to be there so that each operation of each contract can be called, and how a caller proves itself for it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from jackfield.domain import ids
from jackfield.web import openapi
from jackfield.web.contract import Dialect, Operation
from jackfield.web.dialects.platform.errors import CLIENT
from support import organisations
from support.checked_tenant import CheckedTenant
from support.partner import InstalledApp, Partner

FILLED_IN: Final = {"account_name": "Acme", "api_key": "key-0123456789"}

#: an item that can be told of, and a delivery of it that can be retried
HELD: Final = """
with kept as (
    insert into item (organisation_id, type, key, title, body, status, labels, fields, occurred_at)
    values ($1, 'work_item', 'WI-159', 'Checkout fails for vouchers', '', 'open', '["checkout"]', '{}',
        now() - interval '1 day')
    on conflict (organisation_id, type, key) do update set deleted_at = null
    returning id
)
insert into delivery (organisation_id, integration_id, item_id, version, state, ended_at)
select $1, $2, id, 1, 'held', now() from kept returning id
"""
#: something to tell of in the list of events
BROKEN: Final = """
insert into event (organisation_id, integration_id, kind, health, detail)
values ($1, $2, 'broken', 'needs_reauthorisation', 'GitHub does not accept the token.')
"""
#: a job that waits for its next try
WAITING: Final = "update job set state = 'scheduled', completed_at = null where organisation_id = $1 and id = $2"


@dataclass(frozen=True)
class Ready:
    """One operation that can be called.

    `path` are the values of its path, `credentials` the variables of the shell. `instead` are values that an example
    cannot know, by those that stand in it.
    """

    path: Mapping[str, str]
    credentials: Mapping[str, str]
    instead: Mapping[str, str] = field(default_factory=dict)


def ready(tenant: CheckedTenant, dialect: Dialect, operation: Operation) -> Ready:
    """Makes what the operation is about. The tenant is best a new one, so that nothing else is there."""
    if dialect.name == "platform":
        return _platform(tenant, operation)
    return Ready(_MAKERS[dialect.name](tenant, operation), {"API_KEY": tenant.key})


def _hubs(tenant: CheckedTenant, operation: Operation) -> dict[str, str]:
    path: dict[str, str] = {"itemType": "work_item", "key": "WI-159"}
    if operation.name in {"createIntegration", "putItem", "putItems", "createConnectSession"}:
        return path
    made = _of_example(tenant, "/v1/hubs/current/integrations", "hubs", "createIntegration")["data"]["id"]
    path["integrationId"] = made
    if "Job" in operation.name:
        path["jobId"] = tenant.verification(made)
        tenant.finished(path["jobId"])
        if operation.name == "retryJob":
            tenant.operator.fetch(WAITING, tenant.organisation.id, ids.parse_hex(path["jobId"]))
    number = ids.parse_hex(made)
    tenant.operator.fetch(BROKEN, tenant.organisation.id, number)
    path["deliveryId"] = ids.to_hex(tenant.operator.fetch(HELD, tenant.organisation.id, number)[0]["id"])
    if "Session" in operation.name:
        session = tenant.call("POST", "/v1/hubs/current/connect-sessions", json={"vendor": "github"})
        path["sessionId"] = session.json()["data"]["id"]
    return path


def _v1(tenant: CheckedTenant, operation: Operation) -> dict[str, str]:
    path = {"provider": "sentry", "user_id": tenant.user}
    if operation.name != "createIntegration":
        made = _of_example(tenant, "/api/v1/integrations/create", "integrations_v1", "createIntegration")
        path["id"] = made["data"]["integration_id"]
    return path


def _v2(_: CheckedTenant, __: Operation) -> dict[str, str]:
    return {}


def _organisations(tenant: CheckedTenant, operation: Operation) -> dict[str, str]:
    made = _of_example(tenant, organisations.of(tenant), "organisations", "createOrganisationIntegration")
    return {"organisation_id": str(tenant.organisation.id), "integration_id": made["id"]}


def _platform(tenant: CheckedTenant, operation: Operation) -> Ready:
    if operation.prove is None:
        partner = Partner.register(tenant, approved=False, **_app())
        return Ready({"id": partner.id}, {"API_KEY": tenant.key})
    installed = Partner.register(tenant, **_app()).installed_by(tenant, FILLED_IN)
    path = {"id": installed.partner.id, "installation_id": installed.id, "handle": tenant.organisation.handle}
    if operation.scheme != CLIENT:
        return Ready(path, {"ACCESS_TOKEN": installed.tokens()["access_token"]})
    client_id, client_secret = installed.partner.credentials
    return Ready(path, {"CLIENT_ID": client_id, "CLIENT_SECRET": client_secret}, _tokens(installed, operation))


def _app() -> dict[str, Any]:
    fields: dict[str, Any] = openapi.examples("platform")["createPlatformIntegration"]["body"]
    return fields


def _of_example(tenant: CheckedTenant, path: str, dialect: str, operation: str) -> Any:
    """What the example of a creation makes."""
    answer = tenant.call("POST", path, json=openapi.examples(dialect)[operation]["body"])
    assert answer.ok, answer.text
    return answer.json()


def _tokens(installed: InstalledApp, operation: Operation) -> dict[str, str]:
    if operation.name == "issueTokens":
        return {"jfc_code-from-the-redirect": installed.code()}
    tokens = installed.tokens()
    return {
        "jfr_token-to-revoke": tokens["refresh_token"],
        "jfa_token-to-ask-about": tokens["access_token"],
    }


_MAKERS: Final[Mapping[str, Callable[[CheckedTenant, Operation], dict[str, str]]]] = {
    "hubs": _hubs,
    "integrations_v1": _v1,
    "integrations_v2": _v2,
    "organisations": _organisations,
}


def example_of(document: Mapping[str, Any], operation: Operation, dialect: Dialect) -> dict[str, Any]:
    """The operation as the document has it."""
    described: dict[str, Any] = document["paths"][dialect.prefix + operation.path][operation.method.lower()]
    return described
