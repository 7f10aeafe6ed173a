"""What is not this contract's or not this organisation's does not exist."""

from typing import Any
from urllib.parse import quote

import pytest

from support.checked_tenant import CheckedTenant, number_of

ONE = [("GET", "/{}"), ("PATCH", "/{}/status?active=false"), ("DELETE", "/{}")]
ONE_IN_THE_ENVELOPE = [("GET", "/schema/{}"), ("PUT", "/schema/{}"), ("DELETE", "/schema/{}")]


def gone(tenant: CheckedTenant, integration_id: str) -> None:
    """Nothing that version 1 can do finds it."""
    spelled = quote(integration_id, safe="")
    for method, path in [*ONE, *ONE_IN_THE_ENVELOPE]:
        answer = tenant.v1(method, path.format(spelled), json={"name": "Changed"} if method == "PUT" else None)
        assert answer.status_code == 404, (method, path)
        assert answer.json()["detail"] == f"Integration not found: {integration_id}"


def test_an_integration_of_another_organisation_is_not_found(tenant: CheckedTenant, stranger: CheckedTenant) -> None:
    theirs = stranger.created()
    gone(tenant, theirs["integration_id"])
    assert stranger.read(theirs["integration_id"]) == theirs


def test_lists_never_have_integrations_of_another_organisation(tenant: CheckedTenant, stranger: CheckedTenant) -> None:
    stranger.created()
    ours = tenant.created()["integration_id"]
    assert list(tenant.listed()) == [ours]
    assert list(tenant.v1("GET", "/connected").json()["connected_integrations"]) == [ours]
    assert list(tenant.v1("GET", "/schema/list").json()["integrations"]) == [ours]


def test_two_organisations_reading_at_once_are_never_mixed_up(tenant: CheckedTenant, stranger: CheckedTenant) -> None:
    ours, theirs = tenant.created()["integration_id"], stranger.created()["integration_id"]
    deeds = [lambda one: one.v1("GET", f"/{ours}"), lambda one: one.v1("GET", f"/{theirs}")]
    answers = tenant.at_once(deeds * 10)
    assert [answer.status_code for answer in answers] == [200, 404] * 10


@pytest.mark.parametrize("provider", ["gitlab", "discord", "my-own-app", "Sentry"])
def test_an_integration_of_an_unknown_type_does_not_appear(tenant: CheckedTenant, provider: str) -> None:
    hidden = tenant.created(unique_identifier="hidden")
    tenant.become(hidden["integration_id"], provider)
    seen = tenant.created()["integration_id"]
    gone(tenant, hidden["integration_id"])
    assert list(tenant.listed()) == [seen]
    assert list(tenant.v1("GET", "/connected").json()["connected_integrations"]) == [seen]
    assert list(tenant.v1("GET", "/schema/list").json()["integrations"]) == [seen]
    assert tenant.row(hidden["integration_id"])["state"] == "new"


def test_limit_and_offset_do_not_count_integrations_of_unknown_types(tenant: CheckedTenant) -> None:
    ids = [tenant.created()["integration_id"] for _ in range(6)]
    for integration_id in ids[1::2]:
        tenant.become(integration_id, "gitlab")
    assert list(tenant.listed(limit=2, offset=1)) == [ids[2], ids[0]]


def test_revoke_does_not_touch_integrations_of_unknown_types(tenant: CheckedTenant) -> None:
    hidden = tenant.created()["integration_id"]
    tenant.become(hidden, "gitlab")
    for provider in ("sentry", "gitlab"):
        tenant.v1("DELETE", f"/{provider}/revoke/alice")
    assert tenant.row(hidden)["sealed_secrets"] is not None
    assert tenant.row(hidden)["enabled"] is True


def test_the_unique_identifier_of_an_unknown_type_is_taken_all_the_same(tenant: CheckedTenant) -> None:
    hidden = tenant.created(unique_identifier="hidden")["integration_id"]
    tenant.become(hidden, "gitlab")
    assert tenant.create_v1(unique_identifier="hidden").status_code == 409
    assert tenant.save(unique_identifier="hidden").status_code == 409
    assert tenant.row(hidden)["name"] == "Sentry"


def misspellings(integration_id: str) -> dict[str, str]:
    number = number_of(integration_id)
    digits = integration_id.replace("-", "")
    seconds = (number >> 22) // 1000 + 1735689600
    return {
        "version 4": digits[:12] + "4" + digits[13:],
        "version 4 with hyphens": f"{integration_id[:14]}4{integration_id[15:]}",
        "version 7 with hyphens": f"{integration_id[:14]}7{integration_id[15:]}",
        "another variant": f"{integration_id[:19]}c{integration_id[20:]}",
        "a bit more at the end": f"{integration_id[:-1]}1",
        "a bit of the number's reserve": f"f{integration_id[1:]}",
        "without hyphens": digits,
        "in braces": f"{{{integration_id}}}",
        "as a URN": f"urn:uuid:{integration_id}",
        "decimal with a zero": f"0{number}",
        "hexadecimal of another second": f"{seconds + 1:08x}{number:016x}",
        "with a blank": f"{integration_id} ",
        "with a newline": f"{integration_id}\n",
        "with NUL": f"{integration_id}\0",
        "in full-width digits": integration_id.translate({48 + digit: 0xFF10 + digit for digit in range(10)}),
        "in Arabic digits": integration_id.translate({48 + digit: 0x0660 + digit for digit in range(10)}),
        "with other hyphens": integration_id.replace("-", "\u2010"),
        "nil": "00000000-0000-0000-0000-000000000000",
        "zero": "00000000-0000-8000-8000-000000000000",
        "the largest": "ffffffff-ffff-8fff-b800-000000000000",
        "negative": "-1",
        "plus": f"+{number}",
        "dots": "...",
        "emoji": "😀" * 36,
        "very long": "0" * 20_000,
        "SQL": "' or true --",
        "null": "null",
    }


@pytest.mark.parametrize("kind", list(misspellings("06ee6173-d200-8000-a000-000000000000")))
def test_an_id_in_any_other_spelling_is_not_found(tenant: CheckedTenant, kind: str) -> None:
    created: Any = tenant.created()
    gone(tenant, misspellings(created["integration_id"])[kind])
    assert tenant.read(created["integration_id"]) == created
