"""Every operation of every contract, whatever contracts there are: who may call it, and who may not."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from jackfield.domain.principal import GRANTABLE, Capability
from jackfield.web.app import DIALECTS
from jackfield.web.contract import Dialect, Operation
from support.checked_tenant import CheckedTenant, number_of
from support.documented_answers import check_answer
from support.minimal_requests import key_header, minimal_request
from support.operator import ORIGIN, Operator
from support.service import Service

OPERATIONS = [
    pytest.param(dialect, operation, id=f"{dialect.name}.{operation.name}")
    for dialect in DIALECTS
    for operation in dialect.operations
    # others are open to codes and tokens, and have tests of their own
    if operation.prove is None
]
every_operation = pytest.mark.parametrize(("dialect", "operation"), OPERATIONS)
every_guarded_operation = pytest.mark.parametrize(
    ("dialect", "operation"), [one for one in OPERATIONS if one.values[1].capability is not None]
)
every_open_operation = pytest.mark.parametrize(
    ("dialect", "operation"), [one for one in OPERATIONS if one.values[1].capability is None]
)


@dataclass(frozen=True)
class Keys:
    """Keys that open nothing any more, and for each capability one that has all but that."""

    revoked: str
    expired: str
    orphaned: str
    without: Mapping[str, str]


@pytest.fixture(scope="module")
def tenant(operator: Operator, service: Service) -> CheckedTenant:
    """One organisation for all, since there is nothing that these calls could change."""
    return CheckedTenant.create_checked(operator, service)


@pytest.fixture(scope="module")
def keys(operator: Operator, tenant: CheckedTenant) -> Keys:
    organisations = operator.house.services.organisations
    handle = tenant.organisation.handle
    revoked = operator.run(organisations.create_key(handle, "alice", (), None, ORIGIN))
    operator.run(organisations.revoke_key(revoked.key.id, ORIGIN))
    gone = operator.create_organisation()
    orphaned = operator.create_key(gone, "alice")
    operator.run(organisations.delete(gone.handle, ORIGIN))
    return Keys(
        revoked=revoked.secret,
        expired=operator.create_key(tenant.organisation, "alice", expires_at=datetime.now(UTC) - timedelta(seconds=1)),
        orphaned=orphaned,
        without={
            capability: operator.create_key(
                tenant.organisation, "alice", *(other for other in GRANTABLE if other is not capability)
            )
            for capability in GRANTABLE
        },
    )


@pytest.fixture(scope="module")
def integration(tenant: CheckedTenant) -> int:
    return number_of(kept(tenant)["integration_id"])


def kept(tenant: CheckedTenant) -> Any:
    """Of a provider that every contract knows."""
    return tenant.saved(unique_identifier="kept", integration_type="github")


@pytest.fixture(scope="module")
def job(tenant: CheckedTenant) -> int:
    """The deletion of another one."""
    gone = tenant.saved()["integration_id"]
    assert tenant.v1("DELETE", f"/{gone}").status_code == 200
    found = tenant.operator.fetch(
        "select id from job where organisation_id = $1 and integration_id = $2",
        tenant.organisation.id,
        number_of(gone),
    )
    number: int = found[0]["id"]
    return number


#: the item that calls about one are about, whatever calls before made of it, and a delivery of it that can be retried
HELD = """
with kept as (
    insert into item (organisation_id, type, key, title, body, status, labels, fields, occurred_at)
    values ($1, 'work_item', 'kept', 'Kept', '', 'open', '[]', '{}', now() - interval '1 day')
    on conflict (organisation_id, type, key) do update set deleted_at = null
    returning id
)
insert into delivery (organisation_id, integration_id, item_id, version, state, ended_at)
select $1, $2, id, 1, 'held', now() from kept returning id
"""


def held_delivery(tenant: CheckedTenant, integration: int) -> int:
    number: int = tenant.operator.fetch(HELD, tenant.organisation.id, integration)[0]["id"]
    return number


def connect_session(tenant: CheckedTenant) -> int:
    """One of the organisation, made by nobody who would be audited."""
    wanted = """
    insert into connect_session (organisation_id, digest, provider, reconnects, scopes, creator_user, creator_key_id,
        expires_at)
    values ($1, sha256(gen_random_uuid()::text::bytea), 'github', false, '{}', 'alice', 1, now()) returning id
    """
    number: int = tenant.operator.fetch(wanted, tenant.organisation.id)[0]["id"]
    return number


def call(
    tenant: CheckedTenant, dialect: Dialect, operation: Operation, integration: int, job: int, key: str | None
) -> requests.Response:
    """A call that has nothing wrong with it but, perhaps, its key."""
    delivery, session = held_delivery(tenant, integration), connect_session(tenant)
    if dialect.name == "platform":
        # what it calls an integration is what others install
        integration = published(tenant)
    of_whom = (tenant.organisation.id, tenant.user)
    wanted = minimal_request(dialect, operation, integration, job, *of_whom, delivery, session=session)
    answer = requests.request(
        wanted["method"],
        tenant.service.url + wanted["path"],
        params=wanted["params"],
        json=wanted["json"],
        headers=key_header(dialect, operation, key) if key is not None else {},
        timeout=30,
    )
    check_answer(answer)
    return answer


def published(tenant: CheckedTenant) -> int:
    """An app of the organisation, made by nobody who would be audited."""
    found = tenant.operator.fetch(
        "insert into definition (organisation_id, name) values ($1, 'Published') returning id", tenant.organisation.id
    )
    number: int = found[0]["id"]
    return number


def audited(tenant: CheckedTenant) -> list[Any]:
    return [entry["id"] for entry in tenant.audit()]


@every_operation
def test_without_a_key_the_answer_is_401(
    tenant: CheckedTenant, dialect: Dialect, operation: Operation, integration: int, job: int
) -> None:
    answer = call(tenant, dialect, operation, integration, job, None)
    assert answer.status_code == 401
    assert "www-authenticate" in answer.headers


@every_operation
@pytest.mark.parametrize("which", ["revoked", "expired", "orphaned"])
def test_with_a_key_that_opens_nothing_any_more_the_answer_is_401(
    tenant: CheckedTenant, dialect: Dialect, operation: Operation, integration: int, job: int, keys: Keys, which: str
) -> None:
    before = audited(tenant)
    assert call(tenant, dialect, operation, integration, job, getattr(keys, which)).status_code == 401
    assert audited(tenant) == before


@every_guarded_operation
def test_with_every_capability_but_the_one_that_is_needed_the_answer_is_403_and_names_it(
    tenant: CheckedTenant, dialect: Dialect, operation: Operation, integration: int, job: int, keys: Keys
) -> None:
    before = audited(tenant)
    answer = call(tenant, dialect, operation, integration, job, keys.without[operation.capability])
    assert answer.status_code == 403
    assert operation.capability.value in answer.text
    if dialect.name.startswith("integrations_"):
        assert list(answer.json()) == ["detail"]
    assert audited(tenant) == before
    assert tenant.row(kept(tenant)["integration_id"])["id"] == integration


@every_guarded_operation
def test_with_the_capability_alone_the_call_is_allowed(
    tenant: CheckedTenant, dialect: Dialect, operation: Operation, job: int
) -> None:
    secrets = {"access_token": "a token to fetch"}
    fresh = number_of(tenant.saved(integration_type="github", auth_data=secrets)["integration_id"])
    key = tenant.another_key(operation.capability).key
    if operation.name == "retryJob":
        # one that waits for its next try
        waiting = "update job set state = 'scheduled', completed_at = null where organisation_id = $1 and id = $2"
        tenant.operator.fetch(waiting, tenant.organisation.id, job)
    answer = call(tenant, dialect, operation, fresh, job, key)
    assert answer.status_code == operation.success


@every_open_operation
@pytest.mark.parametrize("capability", GRANTABLE)
def test_what_needs_no_capability_is_open_to_every_valid_key(
    tenant: CheckedTenant, dialect: Dialect, operation: Operation, integration: int, job: int, capability: Capability
) -> None:
    key = tenant.another_key(capability).key
    assert call(tenant, dialect, operation, integration, job, key).status_code == operation.success
