"""Whatever hypothesis thinks of as a configuration: no failure inside, and all contracts can read what was taken."""

import json
from typing import Any, Final

import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.checked_tenant import CheckedTenant
from support.generated_bodies import TEXT, WILD, damaged, nearly, or_null
from support.organisations import as_hub_id, as_uuid, created, of, one, read, refused

# each example makes integrations of its own, so that they can share the tenant
examples = settings(
    max_examples=40, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
JSON: Final = {"Content-Type": "application/json"}
NAMES: Final = (
    *("access_token", "refresh_token", "token_type", "expires_at", "scope", "code", "app_id", "private_key"),
    *("repository", "base_url", "org_slug", "installation_id", "workspace_id", "project_id"),
)
#: configurations of which most are taken
CONFIGURATIONS: Final = st.builds(
    lambda further, known: {**further, **known},
    st.dictionaries(TEXT.filter(lambda name: name not in NAMES), or_null(TEXT), max_size=3),
    st.fixed_dictionaries(
        {"access_token": st.from_regex(r"[A-Za-z0-9]{1,40}", fullmatch=True)},
        optional={
            **{name: or_null(st.just("x") | TEXT) for name in ("refresh_token", "scope", "code")},
            "expires_at": st.sampled_from(["2030-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "tomorrow", None]),
            "workspace_id": or_null(TEXT),
        },
    ),
)
#: and with anything anywhere
WILD_CONFIGURATIONS: Final = st.dictionaries(st.sampled_from(NAMES) | TEXT, WILD | TEXT, max_size=5)


def can_be_read(tenant: CheckedTenant, shown: Any) -> None:
    """In this contract and in all others."""
    assert read(tenant, shown) == shown
    tenant.read(as_uuid(shown))
    tenant.hub_read(as_hub_id(shown))


def is_sensible(tenant: CheckedTenant, answer: requests.Response) -> None:
    if answer.status_code in (200, 201):
        can_be_read(tenant, answer.json())
    else:
        refused(answer)


@examples
@given(sent=CONFIGURATIONS)
def test_what_is_taken_can_be_read_everywhere_and_sent_back(tenant: CheckedTenant, sent: dict[str, Any]) -> None:
    body = {"provider": "github", "item_type": "none", "configuration": json.dumps(sent)}
    answer = tenant.call("POST", of(tenant), json=body)
    is_sensible(tenant, answer)
    if answer.status_code == 201:
        shown = answer.json()
        assert set(json.loads(shown["configuration"])) == {name for name, value in sent.items() if value is not None}
        again = tenant.call("PATCH", one(shown), json={"configuration": shown["configuration"]})
        assert (again.status_code, again.json()) == (200, shown)


@examples
@given(sent=WILD_CONFIGURATIONS)
def test_anything_in_a_configuration_is_taken_or_refused(tenant: CheckedTenant, sent: dict[str, Any]) -> None:
    made = created(tenant)
    body = {"configuration": json.dumps(sent), "enabled": False}
    is_sensible(tenant, tenant.call("PATCH", one(made), json=body))


@examples
@given(text=damaged(CONFIGURATIONS).map(lambda content: content.decode("utf-8", "replace")))
def test_a_damaged_text_is_taken_or_refused(tenant: CheckedTenant, text: str) -> None:
    body = {"provider": "github", "item_type": "none", "enabled": False, "configuration": text}
    is_sensible(tenant, tenant.call("POST", of(tenant), json=body))


BODIES: Final = st.fixed_dictionaries(
    {"provider": st.just("github"), "item_type": st.sampled_from(["none", "work_item"])},
    optional={"configuration": CONFIGURATIONS.map(json.dumps), "enabled": st.booleans()},
)


@examples
@given(body=nearly(BODIES))
def test_a_body_that_is_nearly_right_is_taken_or_refused(tenant: CheckedTenant, body: dict[str, Any]) -> None:
    is_sensible(tenant, tenant.call("POST", of(tenant), data=json.dumps(body), headers=JSON))


@examples
@given(content=damaged(BODIES))
def test_damaged_bodies_are_taken_or_refused(tenant: CheckedTenant, content: bytes) -> None:
    made = created(tenant)
    is_sensible(tenant, tenant.call("PATCH", one(made), data=content, headers=JSON))
