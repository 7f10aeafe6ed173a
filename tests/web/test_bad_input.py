"""Values at the edge of what the contracts allow, and just beyond it."""

from typing import Any

import pytest

from support.checked_tenant import CheckedTenant

#: one character each for a reader of the contract, whatever their size in bytes
CHARACTERS = ["n", "ß", "語", "😀", "\u0301", "\U0010ffff", "\x01", "\x7f", "\u202e", "\ufeff", "'", '"', "\\", "%"]


@pytest.mark.parametrize("character", CHARACTERS)
@pytest.mark.parametrize("length", [1, 255])
def test_a_name_of_1_to_255_characters_is_kept(tenant: CheckedTenant, character: str, length: int) -> None:
    name = character * length
    created = tenant.created(name=name)
    assert created["name"] == name
    assert created["metadata"]["instance_name"] == name
    assert tenant.read(created["integration_id"])["name"] == name
    assert tenant.saved(name=name)["name"] == name


@pytest.mark.parametrize("character", CHARACTERS)
def test_a_name_of_256_characters_is_refused(tenant: CheckedTenant, character: str) -> None:
    for answer in (tenant.create_v1(name=character * 256), tenant.save(name=character * 256)):
        assert answer.status_code == 422
        assert answer.json()["detail"][0]["ctx"] == {"limit_value": 255}


def test_a_name_of_blanks_is_a_name(tenant: CheckedTenant) -> None:
    assert tenant.saved(name="  \t\n ")["name"] == "  \t\n "


def test_an_emoji_of_many_characters_counts_each(tenant: CheckedTenant) -> None:
    family = "👨\u200d👩\u200d👧\u200d👦"
    assert len(family) == 7
    assert tenant.saved(name=family * 36)["name"] == family * 36
    assert tenant.save(name=family * 37).status_code == 422


@pytest.mark.parametrize(
    "text", ["İstanbul ǅ ﬁ", "e\u0301 \u00e9", "\u1e9e", "\u2028\u2029", "</script><!--", "{{7*7}}"]
)
def test_text_is_kept_character_by_character(tenant: CheckedTenant, text: str) -> None:
    auth = dict.fromkeys(("access_token", "refresh_token", "token_type", "scope", "code"), text)
    scope = dict.fromkeys(("org_slug", "installation_id", "workspace_id", "project_id"), text)
    metadata = {**dict.fromkeys(("instance_name", "created_via", "version", "description"), text), "tags": [text]}
    saved = tenant.saved(name=text, unique_identifier=text, auth_data=auth, scope_data=scope, metadata=metadata)
    read = tenant.read(saved["integration_id"])
    assert read["auth_data"] == {**auth, "expires_at": None}
    assert (read["name"], read["unique_identifier"], read["scope_data"]) == (text, text, scope)
    assert read["metadata"] == metadata
    assert list(tenant.listed(org_slug=text)) == [saved["integration_id"]]


@pytest.mark.parametrize(
    "query", [{"org_slug": "\ufffd"}, {"org_slug": "😀" * 5000}, {"org_slug": "%"}, {"org_slug": "' or 1=1"}]
)
def test_a_strange_filter_finds_nothing(tenant: CheckedTenant, query: dict[str, str]) -> None:
    tenant.created()
    assert tenant.listed(**query) == {}


@pytest.mark.parametrize(
    "query", ["org_slug=%ED%A0%80", "org_slug=%FF", "%FF=%FF", "&&=&", "limit=1&limit=2", "org_slug"]
)
def test_a_query_that_is_no_text_never_fails(tenant: CheckedTenant, query: str) -> None:
    assert tenant.v1("GET", f"/list?{query}").status_code in (200, 422)


@pytest.mark.parametrize("name", ["limit", "offset"])
@pytest.mark.parametrize(
    "number", [str(2**31), str(2**63), str(2**64), "9" * 400, "9" * 5000, "-" + "9" * 5000, "1e999"]
)
def test_a_huge_number_in_the_query_is_refused(tenant: CheckedTenant, name: str, number: str) -> None:
    answer = tenant.v1("GET", "/list", params={name: number})
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["query", name]


@pytest.mark.parametrize("number", ["0x1", "1_0", " 1", "+1", "\u0661", "\uff11", "true", "nan", "inf", "1.5"])
def test_what_is_no_whole_number_in_the_query_is_refused(tenant: CheckedTenant, number: str) -> None:
    assert tenant.v1("GET", "/list", params={"limit": number}).status_code == 422


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/list", "limit"),
        ("/schema/list", "status"),
        ("/schema/list", "active"),
    ],
)
def test_the_word_null_in_the_query_is_a_wrong_value(tenant: CheckedTenant, path: str, name: str) -> None:
    """A client that writes its missing value into the address must not get everything instead."""
    answer = tenant.v1("GET", path, params={name: "null"})
    assert answer.status_code == 422


@pytest.mark.parametrize("path", ["/list", "/schema/list"])
@pytest.mark.parametrize("name", ["null", "", "gitlab", "SENTRY", "sentry,github", "x" * 3000])
def test_of_a_type_that_the_contract_does_not_know_there_are_none(tenant: CheckedTenant, path: str, name: str) -> None:
    tenant.created()
    answer = tenant.v1("GET", path, params={"integration_type": name})
    assert answer.status_code == 200
    assert (answer.json()["count"], answer.json()["integrations"]) == (0, {})


def test_the_word_null_can_be_an_organisations_slug(tenant: CheckedTenant) -> None:
    tenant.created()
    wanted = tenant.created(scope_data={"org_slug": "null"})["integration_id"]
    assert list(tenant.listed(org_slug="null")) == [wanted]


@pytest.mark.parametrize(
    "expires_at",
    [
        "0001-01-01T00:00:00+14:00",
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-14:00",
        "9999-12-31T23:59:59.9999999Z",
        "0000-01-01T00:00:00Z",
        "10000-01-01T00:00:00Z",
        "-001-01-01T00:00:00Z",
        "2024-01-01",
        "2024-01-01T00:00",
        "2024-01-01T24:00:00Z",
        "2024-01-01T00:00:00+24:00",
        "2023-02-29T00:00:00Z",
        "2024-01-01T00:00:00 Z",
        "\uff12024-01-01T00:00:00Z",
        "1700000000",
        -1,
        253_402_300_800_000,
        1e300,
    ],
)
def test_what_is_no_moment_in_utc_is_refused(tenant: CheckedTenant, expires_at: Any) -> None:
    for answer in (
        tenant.save(auth_data={"expires_at": expires_at}),
        tenant.create_v1(auth_data={"expires_at": expires_at}),
    ):
        assert answer.status_code == 422
        [error] = answer.json()["detail"]
        assert error["loc"] == ["body", "auth_data", "expires_at"]
        assert error["type"] == "value_error.datetime"


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ("0001-01-01T00:00:00-14:00", "0001-01-01T14:00:00Z"),
        ("9999-12-31T23:59:59+14:00", "9999-12-31T09:59:59Z"),
        ("2024-02-29T00:00:00", "2024-02-29T00:00:00Z"),
        ("2024-01-01t00:00:00z", "2024-01-01T00:00:00Z"),
    ],
)
def test_a_moment_at_the_edge_is_kept(tenant: CheckedTenant, sent: str, shown: str) -> None:
    saved = tenant.saved(auth_data={"expires_at": sent})
    assert tenant.read(saved["integration_id"])["auth_data"]["expires_at"] == shown
