"""JMESPath from strangers: what is taken, what is evaluated, and what never is."""

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jackfield.domain.identifier_path import LIMIT, complaint_of_path, identify

SCHEMA: dict[str, Any] = {
    "properties": {
        "name": {"type": "string"},
        "maybe": {"type": ["string", "null"]},
        "count": {"type": "integer"},
        "any": {},
        "account": {"$ref": "#/$defs/account"},
        "accounts": {"type": "array", "items": {"$ref": "#/$defs/account"}},
        "pair": {"prefixItems": [{"type": "string"}, {"type": "integer"}]},
    },
    "$defs": {"account": {"type": "object", "properties": {"name": {"type": "string"}, "a b": {"type": "string"}}}},
}


@pytest.mark.parametrize(
    "path",
    [
        "name",
        "@.name",
        "maybe",
        "account.name",
        'account."a b"',
        "accounts[0].name",
        "accounts[-1].name",
        "pair[0]",
        "account | name",
        "name || account.name",
        "(name)",
    ],
)
def test_a_path_leads_to_a_declared_string(path: str) -> None:
    assert complaint_of_path(path, SCHEMA) is None


@pytest.mark.parametrize(
    "path",
    [
        "missing",
        "count",
        "any",
        "account",
        "accounts",
        "accounts[0]",
        "accounts[*].name",
        "pair[1]",
        "name.x",
        "name || count",
        "'fixed'",
        "`1`",
        "join('', [name])",
        "[name]",
        "{a: name}",
        "@",
        "name == 'x'",
    ],
)
def test_a_path_that_leads_elsewhere_is_refused(path: str) -> None:
    assert "type string" in (complaint_of_path(path, SCHEMA) or "")
    # without declared properties there is nothing to compare with
    assert complaint_of_path(path, None) is None
    assert complaint_of_path(path, {"type": "object"}) is None


@pytest.mark.parametrize(
    "path",
    [
        "",
        "[" * 10_000,
        "[" * LIMIT,
        "(" * LIMIT,
        "!" * LIMIT,
        "a.",
        "a[",
        "foo(",
        "`",
        '"',
        "a" * (LIMIT + 1),
        "\ud800",
    ],
)
def test_what_is_no_path_is_refused(path: str) -> None:
    for schema in (SCHEMA, None):
        assert complaint_of_path(path, schema)
    assert identify(path, {"a": "b"}) is None or len(path) > LIMIT


def test_the_longest_paths_are_fine() -> None:
    for path in (("a." * LIMIT)[: LIMIT - 1] + "a", ("a||" * LIMIT)[: LIMIT - 1], "a[0]" * (LIMIT // 4)):
        assert complaint_of_path(path.rstrip(".|"), SCHEMA)
        assert identify(path.rstrip(".|"), {"a": "b"}) in {None, "b"}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("name", "Acme"),
        ("missing || name", "Acme"),
        ("list[1]", "two"),
        ("inner.name", "Inner"),
        ("missing", None),
        ("number", None),
        ("blank", None),
        ("inner", None),
        ("length(name)", None),
        ("list[*]", None),
    ],
)
def test_a_path_finds_text(path: str, found: str | None) -> None:
    configuration = {
        "name": "Acme",
        "list": ["one", "two"],
        "inner": {"name": "Inner"},
        "number": 7,
        "blank": " ",
    }
    assert identify(path, configuration) == found


def test_an_expression_that_would_grow_is_never_evaluated() -> None:
    path = "|".join(["[@,@][]"] * 100)
    assert complaint_of_path(path, None) is None
    started = time.perf_counter()
    assert identify(path, {"a": "b"}) is None
    assert time.perf_counter() - started < 1


def test_an_expression_that_would_double_is_judged_at_once() -> None:
    path = "|".join(["(@||@)"] * 140)
    started = time.perf_counter()
    assert complaint_of_path(path, SCHEMA)
    assert identify(path, {"a": "b"}) is None
    assert time.perf_counter() - started < 1


@given(st.text(st.sampled_from(list("abname.[]()|&@*`'\"\\?:,{}=<>!-0123 é\n")), max_size=60))
@settings(deadline=None, max_examples=500, database=None)
def test_whatever_the_text_is_it_is_judged(path: str) -> None:
    complaint = complaint_of_path(path, SCHEMA)
    assert complaint is None or complaint
    found = identify(path, {"name": "Acme", "a": {"b": ["x"]}})
    assert found is None or isinstance(found, str)
