"""What a client of the organisations contract does."""

import json
import uuid
from typing import Any

import requests

from jackfield.domain import ids
from support.checked_tenant import CheckedTenant, number_of
from support.operator import ORIGIN
from support.waiting import until


def text(**members: Any) -> str:
    """A configuration."""
    return json.dumps(members, ensure_ascii=False)


def of(tenant: CheckedTenant) -> str:
    """The path of the tenant's integrations."""
    return f"/organisations/{tenant.organisation.id}/integrations"


def one(integration: Any) -> str:
    """The path of an integration, given as this contract shows it or by its id."""
    return f"/integrations/{integration['id'] if isinstance(integration, dict) else integration}"


def post(tenant: CheckedTenant, **fields: Any) -> requests.Response:
    """A creation, by default with a GitHub token of its own."""
    body = {"provider": "github", "item_type": "none", "configuration": text(access_token=new_token()), **fields}
    return tenant.call("POST", of(tenant), json=body)


def created(tenant: CheckedTenant, **fields: Any) -> Any:
    """What a creation that has to succeed answers."""
    answer = post(tenant, **fields)
    assert answer.status_code == 201, answer.text
    return answer.json()


def read(tenant: CheckedTenant, integration: Any) -> Any:
    """The integration, which has to exist."""
    answer = tenant.call("GET", one(integration))
    assert answer.status_code == 200, answer.text
    return answer.json()


def patch(tenant: CheckedTenant, integration: Any, **fields: Any) -> requests.Response:
    return tenant.call("PATCH", one(integration), json=fields)


def patched(tenant: CheckedTenant, integration: Any, **fields: Any) -> Any:
    """What a change that has to succeed answers."""
    answer = patch(tenant, integration, **fields)
    assert answer.status_code == 200, answer.text
    return answer.json()


def configuration(tenant: CheckedTenant, integration: Any) -> dict[str, Any]:
    """The configuration, read."""
    found: dict[str, Any] = json.loads(read(tenant, integration)["configuration"])
    return found


def refused(answer: requests.Response, status: int = 400) -> str:
    """The message of a refusal in the contract's form."""
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert list(body) == ["code", "message"]
    assert body["code"] == status
    message: str = body["message"]
    assert message
    return message


def row(tenant: CheckedTenant, integration: Any) -> Any:
    """The integration's row as it is in the database."""
    wanted = "select * from integration where organisation_id = $1 and id = $2"
    return tenant.operator.fetch(wanted, tenant.organisation.id, int(integration["id"]))[0]


def put(tenant: CheckedTenant, integration: Any, **columns: Any) -> None:
    """Sets columns of the row, as another part of the service would have."""
    assignments = ", ".join(f"{name} = ${number}" for number, name in enumerate(columns, start=3))
    change = f"update integration set {assignments} where organisation_id = $1 and id = $2"
    tenant.operator.fetch(change, tenant.organisation.id, int(integration["id"]), *columns.values())


def as_hub_id(integration: Any) -> str:
    return ids.to_hex(int(integration["id"]))


def as_uuid(integration: Any) -> str:
    return ids.to_uuid(int(integration["id"]))


def from_uuid(integration_id: str) -> str:
    """This contract's spelling of v1's and v2's."""
    return str(number_of(integration_id))


def from_hub_id(integration_id: str) -> str:
    """This contract's spelling of hubs'."""
    return str(int(integration_id[8:], 16))


def new_token() -> str:
    return f"token-{uuid.uuid4()}"


def delete_organisation(tenant: CheckedTenant) -> None:
    """Deletes it, and waits until the service has heard of it."""
    tenant.operator.run(tenant.operator.house.services.organisations.delete(tenant.organisation.handle, ORIGIN))
    until(lambda: tenant.v1("GET", "/list").status_code, lambda status: status == 401)
