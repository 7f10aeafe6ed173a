"""Version 2 of the integrations contract, over real HTTP."""

from support.tenant import Tenant


def test_save_answers_with_exactly_the_contracts_fields(tenant: Tenant) -> None:
    answer = tenant.save(auth_data={"access_token": "t"}, scope_data={"org_slug": "my-company"})
    assert answer.status_code == 200
    data = answer.json()["data"]
    assert list(data) == [
        "integration_id",
        "name",
        "integration_type",
        "status",
        "active",
        "unique_identifier",
        "created_by",
        "created_at",
        "has_auth_data",
        "has_scope_data",
        "metadata",
    ]
