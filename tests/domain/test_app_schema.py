"""Forms of apps: schemas from strangers, and what is filled in."""

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jackfield.domain.app_schema import BYTES, flaws_of_configuration, flaws_of_schema

CATASTROPHIC = {"properties": {"a": {"type": "string", "pattern": "^(a+)+$"}}}


def doubling(depth: int) -> dict[str, Any]:
    """Each definition names the next one twice."""
    parts = {f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(depth)}
    return {"properties": {"a": {"$ref": "#/$defs/d0"}}, "$defs": {**parts, f"d{depth}": {"type": "string"}}}


def nested(depth: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(depth):
        schema = {"properties": {"a": schema}}
    return schema


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"type": "object"},
        {"type": ["object", "null"]},
        {"required": ["undeclared"]},
        {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "https://example.com/form"},
        {"properties": {"a": {"$ref": "#/$defs/a"}}, "$defs": {"a": {"type": "string"}}},
        {"properties": {"a": {"$ref": "#there"}}, "$defs": {"a": {"$anchor": "there", "type": "string"}}},
        {"properties": {"$ref": {"type": "string"}, "$id": {"type": "string"}}},
        {"properties": {"a": {"const": {"$ref": "https://example.com/"}, "default": {"$id": "x"}}}},
        {"properties": {"a": {"enum": ["x", "y"]}, "b": {"type": "array", "items": {"enum": [1, 2]}}}},
        {"properties": {"a": {"format": "password"}, "b": {"format": "nonsense"}, "c": True}},
        CATASTROPHIC,
        doubling(8),
        nested(10),
    ],
)
def test_a_form_is_a_schema_of_draft_2020_12(schema: dict[str, Any]) -> None:
    assert flaws_of_schema(schema) == []


@pytest.mark.parametrize(
    ("schema", "path", "words"),
    [
        ([], (), "object"),
        (None, (), "object"),
        ({"type": "array"}, ("type",), "type object"),
        ({"$schema": "http://json-schema.org/draft-07/schema#"}, ("$schema",), "2020-12"),
        ({"$ref": "https://example.com/x"}, ("$ref",), "leaves the document"),
        ({"allOf": [{"$ref": "file:///etc/passwd"}]}, ("allOf", 0, "$ref"), "leaves the document"),
        ({"properties": {"a": {"$dynamicRef": "http://[::1]/"}}}, ("properties", "a", "$dynamicRef"), "leaves"),
        ({"x-mine": {"deep": {"$ref": "//example.com/"}}}, ("x-mine", "deep", "$ref"), "leaves the document"),
        ({"$defs": {"a": {"$id": "https://example.com/"}}}, ("$defs", "a", "$id"), "at the top"),
        ({"$ref": "#/$defs/missing"}, (), "2020-12"),
        ({"$ref": "#missing"}, (), "2020-12"),
        ({"$ref": "#"}, (), "refers to itself"),
        ({"properties": {"a": {"$ref": "#"}}}, (), "refers to itself"),
        ({"properties": {"a": {"items": {"$ref": "#/properties/a"}}}}, (), "refers to itself"),
        ({"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}}, (), "refers to itself"),
        ({"properties": {"a": {"pattern": "(?=a)"}}}, ("properties", "a", "pattern"), "regex"),
        ({"properties": {"a": {"pattern": "(a{1000}){1000}{1000}"}}}, ("properties", "a", "pattern"), "regex"),
        ({"properties": {"a": {"minLength": -1}}}, ("properties", "a", "minLength"), "2020-12"),
        ({"required": "a"}, ("required",), "2020-12"),
        (doubling(20), (), "parts"),
        (nested(40), (), "nests deeper"),
    ],
)
def test_what_a_form_cannot_be_is_told_with_its_place(schema: Any, path: tuple[str | int, ...], words: str) -> None:
    flaws = flaws_of_schema(schema)
    assert flaws
    assert flaws[0].path == path
    assert words in flaws[0].message


def test_a_schema_has_a_size() -> None:
    overhead = len(b'{"description":""}')
    assert flaws_of_schema({"description": "x" * (BYTES - overhead)}) == []
    assert flaws_of_schema({"description": "x" * (BYTES - overhead + 1)})


def test_every_reference_that_leaves_is_told() -> None:
    schema = {"properties": {name: {"$ref": f"https://example.com/{name}"} for name in "abc"}}
    assert [flaw.path for flaw in flaws_of_schema(schema)] == [("properties", name, "$ref") for name in "abc"]


def test_a_catastrophic_pattern_takes_no_time() -> None:
    started = time.perf_counter()
    assert flaws_of_configuration(CATASTROPHIC, {"a": "a" * 50_000 + "!"})
    assert time.perf_counter() - started < 2


def test_what_is_filled_in_is_checked_with_formats_and_without_repeating_it() -> None:
    schema = {
        "properties": {"mail": {"type": "string", "format": "email"}, "list": {"items": {"enum": ["x"]}}},
        "required": ["name"],
    }
    flaws = flaws_of_configuration(schema, {"mail": "hunter2", "list": ["hunter2"]})
    assert {flaw.path for flaw in flaws} == {
        ("mail",),
        ("list", 0),
        ("name",),
    }
    assert "hunter2" not in str(flaws)
    assert flaws_of_configuration(schema, {"name": "x", "mail": "a@example.com"}) == []


def test_what_is_filled_in_has_a_size_and_a_depth() -> None:
    assert flaws_of_configuration(None, {"a": "x" * BYTES})
    deep: Any = "x"
    for _ in range(40):
        deep = [deep]
    assert flaws_of_configuration(None, {"a": deep})
    assert flaws_of_configuration(None, {"anything": True}) == []


_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
_keywords = st.sampled_from(
    ["type", "properties", "$ref", "$defs", "allOf", "items", "pattern", "required", "enum", "$id", "$anchor", "format"]
)
_targets = st.sampled_from(
    ["#", "#/$defs/a", "#a", "#/properties/%", "#/allOf/0", "#/allOf/²", "string", "object", "("]
)


@given(
    st.dictionaries(
        _keywords | st.text(max_size=3),
        st.recursive(
            _json | _targets,
            lambda inner: (
                st.lists(inner, max_size=3) | st.dictionaries(_keywords | st.text(max_size=3), inner, max_size=4)
            ),
            max_leaves=12,
        ),
        max_size=5,
    )
)
@settings(deadline=None, max_examples=300, database=None)
def test_whatever_a_schema_is_it_is_judged_and_can_be_used_when_it_is_good(schema: dict[str, Any]) -> None:
    if not flaws_of_schema(schema):
        assert isinstance(flaws_of_configuration(schema, {"a": "b", "c": [1, None, {"d": "e"}]}), list)


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {f"p{n}": {"pattern": f"[^a]{{300}}{n}"} for n in range(1800)}},
        {"properties": {f"p{n}": {"pattern": f"[^a]{{300}}{n}"} for n in range(100)}},
        {"patternProperties": {f"[^a]{{300}}{n}": {} for n in range(1800)}},
        {
            "properties": {f"p{n}": {"$ref": f"#a{n}"} for n in range(900)},
            "$defs": {f"d{n}": {"$anchor": f"a{n}"} for n in range(900)},
        },
        doubling(30),
    ],
)
def test_no_schema_takes_long_to_judge(schema: dict[str, Any]) -> None:
    started = time.perf_counter()
    flaws_of_schema(schema)
    assert time.perf_counter() - started < 1
