"""A key that is revoked is refused at once, although the service believed it a moment ago."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from jackfield.services.organisations import NewKey
from support.checked_tenant import CheckedTenant
from support.operator import ORIGIN

#: well below the time for which a verified key is believed
AT_ONCE = 0.2


def new_key(tenant: CheckedTenant) -> NewKey:
    organisations = tenant.operator.house.services.organisations
    return tenant.operator.run(organisations.create_key(tenant.organisation.handle, "alice", (), None, ORIGIN))


def caller(tenant: CheckedTenant, key: str) -> CheckedTenant:
    return CheckedTenant(tenant.operator, tenant.service, tenant.organisation, "alice", key)


def revoke(tenant: CheckedTenant, key: NewKey) -> None:
    tenant.operator.run(tenant.operator.house.services.organisations.revoke_key(key.key.id, ORIGIN))


def believed(tenant: CheckedTenant) -> None:
    """The service has just verified the key, and believes it for some seconds."""
    for _ in range(3):
        assert tenant.v1("GET", "/list").status_code == 200


def test_a_revoked_key_is_refused_by_version_1_at_once(tenant: CheckedTenant) -> None:
    key = new_key(tenant)
    other = caller(tenant, key.secret)
    believed(other)
    revoke(tenant, key)
    time.sleep(AT_ONCE)
    assert other.v1("GET", "/list").status_code == 401


def test_a_revoked_key_is_refused_by_version_2_at_once(tenant: CheckedTenant) -> None:
    key = new_key(tenant)
    other = caller(tenant, key.secret)
    believed(other)
    revoke(tenant, key)
    time.sleep(AT_ONCE)
    answer = other.save()
    assert answer.status_code == 401
    assert answer.json() == {"detail": "Invalid API key"}
    assert tenant.listed() == {}


def test_a_key_that_is_revoked_while_it_is_used_stays_refused(tenant: CheckedTenant) -> None:
    """A look-up that began before the revocation must not be believed after it."""
    for _ in range(5):
        key = new_key(tenant)
        with ThreadPoolExecutor(4) as pool:
            stop = threading.Event()
            busy = [pool.submit(keep_calling, caller(tenant, key.secret), stop) for _ in range(4)]
            time.sleep(0.02)
            revoke(tenant, key)
            time.sleep(0.1)
            stop.set()
            assert {future.result() for future in busy} == {401}
        assert caller(tenant, key.secret).v1("GET", "/list").status_code == 401


def keep_calling(tenant: CheckedTenant, stop: threading.Event) -> int:
    """Calls without pause until told to stop; returns the status of one call after that."""
    while not stop.is_set():
        tenant.v1("GET", "/list")
    return tenant.v1("GET", "/list").status_code


def test_other_keys_go_on_working(tenant: CheckedTenant, stranger: CheckedTenant) -> None:
    key = new_key(tenant)
    believed(tenant)
    believed(stranger)
    revoke(tenant, key)
    assert tenant.v1("GET", "/list").status_code == 200
    assert stranger.v1("GET", "/list").status_code == 200


def test_the_keys_of_a_deleted_organisation_are_refused_at_once(tenant: CheckedTenant) -> None:
    believed(tenant)
    integration_id = tenant.saved(auth_data={"access_token": "t"})["integration_id"]
    organisations = tenant.operator.house.services.organisations
    tenant.operator.run(organisations.delete(tenant.organisation.handle, ORIGIN))
    time.sleep(AT_ONCE)
    assert tenant.v1("GET", "/list").status_code == 401
    assert tenant.save().status_code == 401
    assert tenant.row(integration_id)["sealed_secrets"] is None


def test_a_key_expires_although_it_was_believed(tenant: CheckedTenant) -> None:
    end = datetime.now(UTC) + timedelta(seconds=0.5)
    key = tenant.operator.create_key(tenant.organisation, "alice", expires_at=end)
    other = caller(tenant, key)
    believed(other)
    time.sleep(max(0.0, (end - datetime.now(UTC)).total_seconds()) + 0.05)
    assert other.v1("GET", "/list").status_code == 401
