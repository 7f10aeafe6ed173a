"""A tenant's schema and what is filled in for it are small, and so is the memory that checking takes.

Each check runs in a process that may have so much memory and no more: a regression fails there, and harms nobody.
"""

import json
import resource
import subprocess
import sys
from typing import Any

import pytest

from jackfield.domain.app_schema import flaws_of_configuration, flaws_of_schema
from jackfield.domain.schema_form import SchemaForm

#: the interpreter and what it imports take a quarter of it
MEMORY_BYTES = 512 * 1024 * 1024
CPU_SECONDS = 60
CHECK = """
import json, sys
from jackfield.domain.app_schema import flaws_of_configuration, flaws_of_schema
schema, configuration = json.load(sys.stdin)
published = flaws_of_schema(schema)
filled_in = flaws_of_configuration(schema, configuration)
print(json.dumps([len(published), len(filled_in)]))
"""


def form(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


OBJECTS = [{"type": "object"}] * 1000
ONES = [1] * 4000
HOSTILE: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "alternatives of entries": (form(a={"type": "array", "items": {"oneOf": OBJECTS}}), {"a": ONES}),
    "any of": (form(a={"items": {"anyOf": OBJECTS}}), {"a": ONES}),
    "free names": (
        {"type": "object", "additionalProperties": {"oneOf": OBJECTS}},
        {f"n{index}": 1 for index in range(4000)},
    ),
    "names by pattern": (
        {"type": "object", "patternProperties": {"^n": {"oneOf": OBJECTS}}},
        {f"n{index}": 1 for index in range(4000)},
    ),
    "by reference": (
        {**form(a={"items": {"$ref": "#/$defs/x"}}), "$defs": {"x": {"oneOf": OBJECTS}}},
        {"a": ONES},
    ),
    "all of, each with every entry": (form(a={"allOf": [{"items": {"type": "string"}}] * 1000}), {"a": ONES}),
    "alternatives of the whole": ({"type": "object", "oneOf": [{"maxProperties": 0}] * 1000}, {"a": ONES}),
    "a copy of the list for each": (form(a={"allOf": [{"maxItems": 0}] * 1000}), {"a": ONES}),
    "a copy of a long text for each": (form(a={"allOf": [{"maxLength": 1}] * 2000}), {"a": "x" * 60_000}),
    "alternatives in alternatives": (
        form(a={"items": {"oneOf": [{"items": {"oneOf": OBJECTS[:25]}}] * 20}}),
        {"a": [[1] * 12] * 300},
    ),
    "conditions": (
        form(a={"items": {"allOf": [{"if": {"const": 1}, "then": {"type": "string"}}] * 300}}),
        {"a": ONES},
    ),
}


def checked(schema: dict[str, Any], configuration: dict[str, Any]) -> tuple[int, int]:
    """How many flaws there are in each."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))

    done = subprocess.run(
        [sys.executable, "-c", CHECK],
        input=json.dumps([schema, configuration]).encode(),
        stdout=subprocess.PIPE,
        preexec_fn=limit,
        check=True,
    )
    published, filled_in = json.loads(done.stdout)
    return published, filled_in


@pytest.mark.parametrize("name", HOSTILE)
def test_what_a_tenant_publishes_takes_little_memory_to_check(name: str) -> None:
    schema, configuration = HOSTILE[name]
    assert len(json.dumps(schema)) < 64 * 1024
    assert checked(schema, configuration)[1] >= 1


@pytest.mark.parametrize(
    "name", ["alternatives of entries", "any of", "free names", "names by pattern", "by reference"]
)
def test_many_alternatives_for_every_entry_are_refused_when_they_are_published(name: str) -> None:
    [flaw] = flaws_of_schema(HOSTILE[name][0])
    assert "alternatives" in flaw.message


def test_a_list_of_countries_is_no_attack() -> None:
    countries = form(a={"items": {"oneOf": [{"const": f"c{index}", "title": "A country"} for index in range(250)]}})
    assert flaws_of_schema(countries) == []
    assert flaws_of_configuration(countries, {"a": [f"c{index}" for index in range(250)]}) == []
    [flaw] = flaws_of_configuration(countries, {"a": ["c1", "nowhere"]})
    assert flaw.path == ("a", 1)


def test_of_a_large_form_every_wrong_or_missing_name_is_still_told() -> None:
    schema = form(a={"items": {"type": "string"}}, b={"type": "integer"}, c={"type": "string"}, d={"const": 1})
    schema["properties"]["a"]["allOf"] = [{"maxItems": 5_000}] * 200
    schema["required"] = ["c", "e"]
    flaws = flaws_of_configuration(schema, {"a": [1] * 500, "b": "x", "c": "y", "d": 1})
    assert [flaw.path for flaw in flaws] == [("e",), ("a",), ("b",)]


def test_a_large_form_that_fits_is_taken() -> None:
    schema = form(a={"items": {"anyOf": [{"type": "string"}, {"type": "integer"}] * 100}})
    assert flaws_of_configuration(schema, {"a": [1, "x"] * 2000}) == []


def test_too_many_values_are_refused_before_they_are_compared() -> None:
    [flaw] = flaws_of_configuration({"type": "object"}, {"a": [0] * 10_000})
    assert "5000 values" in flaw.message


def test_the_form_of_a_page_is_bounded_in_the_same_way() -> None:
    form_of_page = SchemaForm(form(a={"type": "object"}))
    [field] = form_of_page.fields
    reading = form_of_page.read({field.name: [json.dumps({"x": [0] * 10_000})]})
    assert any("5000 values" in message for messages in reading.flaws.values() for message in messages)
