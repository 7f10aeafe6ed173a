"""Bodies that are not JSON, or JSON that nobody could hold: each is the client's error, told with where it is."""

import json
from typing import Any

import pytest
import requests

from support.checked_tenant import CheckedTenant
from support.tenant import V1, V2

START = '{"name": "n", "integration_type": "sentry", "metadata": {"further": '
END = "}}"


def post(tenant: CheckedTenant, body: str | bytes, **headers: str) -> requests.Response:
    data = body.encode() if isinstance(body, str) else body
    return tenant.call("POST", f"{V2}/save", data=data, headers={"Content-Type": "application/json", **headers})


def refused(answer: requests.Response) -> dict[str, Any]:
    """The only error of a body that could not be read."""
    assert answer.status_code == 422, answer.text
    [error] = answer.json()["detail"]
    assert error["type"] == "value_error.jsondecode"
    assert error["loc"][0] == "body"
    return dict(error)


@pytest.mark.parametrize(
    ("body", "offset"),
    [
        ("{", 1),
        ("nonsense", 0),
        ('{"name": "n",}', 13),
        ("{'name': 'n'}", 1),
        ('{"name" "n"}', 8),
        ('{"name": "n"} {}', 14),
        ('{"name": "n", "integration_type": "sen', 34),
        ('{"name": "é😀" x}', 14),
        ("\ufeff{}", 0),
        ('{"name": "a\tb"}', 11),
        ('{"name": "\\x"}', 10),
        (b'{"name": "\xff"}', 10),
        (b'{"name": "\xc3"}', 10),
        (b'{"name": "\xed\xa0\x80"}', 10),
        (b"\x00", 0),
        ('{"name": "n"}'.encode("utf-16"), 0),
        ('{"name": NaN}', 9),
        ('{"name": Infinity}', 9),
    ],
)
def test_malformed_json_is_told_with_its_offset(tenant: CheckedTenant, body: str | bytes, offset: int) -> None:
    assert refused(post(tenant, body))["loc"] == ["body", offset]


@pytest.mark.parametrize("text", ["-NaN", "-Infinity", "nan", "+1", "01", "1.", ".5", "0x1", "1_000", "tru", "None"])
def test_what_json_has_no_word_for_is_refused(tenant: CheckedTenant, text: str) -> None:
    refused(post(tenant, START + text + END))


@pytest.mark.parametrize(
    "text", ["1e999", "-1e999", "0.1e400", "9" * 400, "-" + "9" * 5000, str(2**64), str(-(2**63) - 1), "[[9e999]]"]
)
def test_a_number_that_is_out_of_range_is_refused(tenant: CheckedTenant, text: str) -> None:
    refused(post(tenant, START + text + END))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (str(2**64 - 1), 2**64 - 1),
        (str(-(2**63)), -(2**63)),
        ("1e308", 1e308),
        ("1e-999", 0.0),
        ("1." + "1" * 5000, 1.1111111111111112),
        ('"' + "9" * 5000 + '"', "9" * 5000),
        ('"1e999"', "1e999"),
    ],
)
def test_a_number_at_the_edge_of_the_range_is_kept(tenant: CheckedTenant, text: str, value: Any) -> None:
    answer = post(tenant, START + text + END)
    assert answer.status_code == 200
    assert answer.json()["data"]["metadata"]["further"] == value


@pytest.mark.parametrize("escape", ["\\ud800", "\\udfff", "\\ud800x", "\\udc00\\ud800", "\\ud800\\u0041"])
@pytest.mark.parametrize("form", ['"{}"', '{{"{}": 1}}', '["{}"]'])
def test_a_lone_surrogate_is_refused(tenant: CheckedTenant, form: str, escape: str) -> None:
    refused(post(tenant, START + form.format(escape) + END))


def test_an_escaped_pair_of_surrogates_is_one_character(tenant: CheckedTenant) -> None:
    assert post(tenant, START + '"\\ud83d\\ude00"' + END).json()["data"]["metadata"]["further"] == "😀"


NUL_PLACES: list[dict[str, Any]] = [
    {"name": "a\0b"},
    {"integration_type": "\0"},
    {"unique_identifier": "\0"},
    {"status": "\0"},
    *({"auth_data": {name: "\0"}} for name in ("access_token", "refresh_token", "token_type", "scope", "code")),
    {"auth_data": {"expires_at": "\0"}},
    *({"scope_data": {name: "\0"}} for name in ("org_slug", "installation_id", "workspace_id", "project_id")),
    *({"metadata": {name: "\0"}} for name in ("instance_name", "created_via", "version", "description", "further")),
    {"metadata": {"tags": ["\0"]}},
    {"metadata": {"further": {"deep": [{"deeper": "\0"}]}}},
    {"metadata": {"fur\0ther": 1}},
    {"unknown": "\0"},
    {"unk\0nown": 1},
]


@pytest.mark.parametrize("fields", NUL_PLACES, ids=[json.dumps(place) for place in NUL_PLACES])
def test_nul_is_refused_wherever_it_stands(tenant: CheckedTenant, fields: dict[str, Any]) -> None:
    assert tenant.save(**fields).status_code == 422
    assert tenant.create_v1(**fields).status_code == 422
    assert tenant.listed() == {}


def test_a_backslash_before_u0000_is_just_text(tenant: CheckedTenant) -> None:
    assert tenant.saved(name="\\u0000")["name"] == "\\u0000"


@pytest.mark.parametrize(("open_", "close"), [("[", "]"), ('{"a":', "}")])
def test_nesting_64_deep_is_kept(tenant: CheckedTenant, open_: str, close: str) -> None:
    text = open_ * 62 + "1" + close * 62
    answer = post(tenant, START + text + END)
    assert answer.status_code == 200
    data = answer.json()["data"]
    assert data["metadata"]["further"] == json.loads(text)
    assert tenant.read(data["integration_id"])["metadata"] == data["metadata"]


@pytest.mark.parametrize("depth", [65, 66, 1000, 100_000])
@pytest.mark.parametrize(("open_", "close"), [("[", "]"), ('{"a":', "}")])
def test_nesting_deeper_than_64_is_refused(tenant: CheckedTenant, depth: int, open_: str, close: str) -> None:
    refused(post(tenant, START + open_ * (depth - 2) + "1" + close * (depth - 2) + END))


@pytest.mark.parametrize("body", ["[" * 100_000, '{"a":' * 100_000, "[" * 100_000 + "]" * 100_000])
def test_nesting_without_end_is_refused(tenant: CheckedTenant, body: str) -> None:
    refused(post(tenant, body))


def test_many_brackets_side_by_side_are_not_deep(tenant: CheckedTenant) -> None:
    assert tenant.saved(metadata={"further": [[]] * 10_000, "text": "[" * 1000})["metadata"]["text"] == "[" * 1000


@pytest.mark.parametrize(("method", "path"), [("POST", f"{V2}/save"), ("POST", f"{V1}/create")])
def test_an_empty_body_is_missing(tenant: CheckedTenant, method: str, path: str) -> None:
    answer = tenant.call(method, path)
    assert answer.status_code == 422
    assert answer.json() == {
        "detail": [{"loc": ["body"], "msg": "field required", "type": "value_error.missing"}],
    }


@pytest.mark.parametrize("body", ["[]", "5", '"text"', "true", "[{}]"])
def test_a_body_that_is_no_object_is_told_so(tenant: CheckedTenant, body: str) -> None:
    answer = post(tenant, body)
    assert answer.status_code == 422
    assert answer.json()["detail"] == [
        {"loc": ["body"], "msg": "value is not a valid dict", "type": "type_error.dict"},
    ]


def test_of_duplicate_keys_the_last_one_counts(tenant: CheckedTenant) -> None:
    answer = post(tenant, '{"name": 5, "integration_type": "x", "name": "last", "integration_type": "jira"}')
    assert answer.status_code == 200
    data = answer.json()["data"]
    assert (data["name"], data["integration_type"]) == ("last", "jira")


def test_of_duplicate_keys_in_metadata_the_last_one_is_kept(tenant: CheckedTenant) -> None:
    data = post(tenant, START + '1, "further": {"a": 1, "a": 2}' + END).json()["data"]
    assert data["metadata"]["further"] == {"a": 2}
    assert tenant.read(data["integration_id"])["metadata"]["further"] == {"a": 2}
