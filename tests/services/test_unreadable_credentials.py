"""One credential that does not open is shown as broken in every contract, and takes no others along."""

from collections.abc import Callable

import pytest

from jackfield.domain import ids
from jackfield.domain.job import JobKind
from support.checked_tenant import CheckedTenant
from support.operator import Operator
from support.service import Service
from support.workbench import Workbench

#: what can have happened to a stored value, as the SQL that does it
DAMAGES = {
    "altered": "set_byte(sealed_secrets, 20, get_byte(sealed_secrets, 20) # 1)",
    "cut": "substring(sealed_secrets for 12)",
    "emptied": "''::bytea",
    "of a later version": "set_byte(sealed_secrets, 0, 9)",
    "sealed by a key that is gone": "set_byte(sealed_secrets, 2, 77)",
}
Damage = Callable[[str], None]


@pytest.fixture
def tenant(operator: Operator, service: Service) -> CheckedTenant:
    return CheckedTenant.create_checked(operator, service)


@pytest.fixture(params=DAMAGES.values(), ids=DAMAGES.keys())
def damage(request: pytest.FixtureRequest, operator: Operator) -> Damage:
    def do(integration_id: str) -> None:
        operator.fetch(
            f"update integration set sealed_secrets = {request.param} where id = $1", ids.parse_hex(integration_id)
        )

    return do


def test_lists_and_gets_show_it_as_broken_and_the_others_whole(tenant: CheckedTenant, damage: Damage) -> None:
    healthy, broken = tenant.hub_integration()["id"], tenant.hub_integration()["id"]
    damage(broken)
    listed = tenant.hubs("GET", "")
    assert listed.status_code == 200, listed.text
    shown = {one["id"]: one for one in listed.json()["data"]}
    assert shown[healthy]["auth"]["api_key"]
    for one in (shown[broken], tenant.hub_read(broken)):
        assert not any((one["auth"] or {}).values())
        assert one["health"]["status"] == "misconfigured"
        assert "cannot be read" in one["health"]["reason"]
    of_v1 = {ids.to_hex(ids.parse_uuid(name)): one for name, one in tenant.listed().items()}
    assert not any(of_v1[broken]["auth_data"].values())
    assert of_v1[broken]["status"] == "error"
    assert of_v1[healthy]["auth_data"]["access_token"]


def test_it_can_be_deleted_while_the_others_stay(tenant: CheckedTenant, damage: Damage) -> None:
    healthy, broken = tenant.hub_integration()["id"], tenant.hub_integration()["id"]
    damage(broken)
    answer = tenant.hubs("DELETE", f"/{broken}")
    assert answer.status_code in {200, 202, 204}, answer.text
    assert tenant.hub_read(healthy)["health"]["status"] != "misconfigured"


def test_another_ones_deletion_is_not_held_up_by_it(bench: Workbench) -> None:
    broken = bench.integration("slack", "xoxb-another-token")
    bench.change(broken, sealed_secrets=b"\x01" + bytes(40))
    integration = bench.integration("slack", "xoxb-a-token", state="deleting")
    job = bench.run_to_its_end(bench.queue(integration, JobKind.DELETE))
    assert job["state"] == "completed"
    assert bench.row(integration)["state"] == "deleted"
