"""Forms made of JSON Schemas: what is asked for, what comes back, and schemas that mean no good."""

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jackfield.domain.app_schema import flaws_of_configuration, flaws_of_schema
from jackfield.domain.schema_fields import MOST_FIELDS, MOST_OPTIONS, Field, Widget
from jackfield.domain.schema_form import MOST_SHOWN, SchemaForm, with_changed_rows


def asked(schema: Any, *, required: bool = False) -> Field:
    """The field of a property of this schema."""
    needed = {"required": ["a"]} if required else {}
    [field] = SchemaForm({"type": "object", "properties": {"a": schema}, **needed}).fields
    return field


def read(schema: dict[str, Any], **sent: str | list[str]) -> tuple[Any, dict[str, list[str]]]:
    """What was filled in, by name of the property, and the flaws."""
    values = {f"/{name}": [value] if isinstance(value, str) else value for name, value in sent.items()}
    reading = SchemaForm(schema).read(values)
    return reading.value, {name: list(flaws) for name, flaws in reading.flaws.items()}


def of(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


@pytest.mark.parametrize(
    ("schema", "widget"),
    [
        ({"type": "string"}, Widget.TEXT),
        ({}, Widget.TEXT),
        (True, Widget.TEXT),
        ({"type": ["string", "null"]}, Widget.TEXT),
        ({"type": ["string", "integer"]}, Widget.TEXT),
        ({"minLength": 2}, Widget.TEXT),
        ({"type": "string", "format": "date"}, Widget.DATE),
        ({"type": "string", "format": "date-time"}, Widget.TEXT),
        ({"type": "string", "maxLength": 5000}, Widget.LINES),
        ({"type": "string", "default": "two\nlines"}, Widget.LINES),
        ({"type": "string", "format": "password"}, Widget.PASSWORD),
        ({"type": "string", "format": "uri"}, Widget.URL),
        ({"type": "string", "format": "email"}, Widget.EMAIL),
        ({"type": "number"}, Widget.NUMBER),
        ({"maximum": 3}, Widget.NUMBER),
        ({"type": "integer"}, Widget.INTEGER),
        ({"type": ["null", "integer"]}, Widget.INTEGER),
        ({"type": "boolean"}, Widget.CHECKBOX),
        ({"enum": ["a", "b"]}, Widget.SELECT),
        ({"type": "boolean", "enum": [True]}, Widget.CHECKBOX),
        ({"const": True}, Widget.CHECKBOX),
        ({"enum": [True, False]}, Widget.CHECKBOX),
        ({"const": False}, Widget.SELECT),
        ({"oneOf": [{"const": True, "title": "Yes"}, {"const": False, "title": "No"}]}, Widget.SELECT),
        ({"const": 5}, Widget.SELECT),
        ({"oneOf": [{"const": "a", "title": "A"}, {"const": "b"}]}, Widget.SELECT),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, Widget.INTEGER),
        ({"allOf": [{"type": "integer"}]}, Widget.INTEGER),
        ({"type": "array", "items": {"enum": [1, 2]}}, Widget.CHOICES),
        ({"items": {"$ref": "#/properties/b"}}, Widget.JSON),
        ({"type": "array"}, Widget.JSON),
        ({"type": "array", "items": {"type": "string"}}, Widget.LIST),
        ({"type": "array", "items": {"format": "password"}}, Widget.LIST),
        ({"type": "array", "items": {"type": "boolean"}}, Widget.LIST),
        ({"type": "array", "items": {"properties": {"x": {}}}}, Widget.LIST),
        ({"type": "array", "items": {"type": "array", "items": {"type": "integer"}}}, Widget.LIST),
        ({"type": "array", "items": {}}, Widget.JSON),
        ({"type": "array", "items": True}, Widget.JSON),
        ({"type": "array", "items": False}, Widget.JSON),
        ({"type": "array", "items": {"type": "object"}}, Widget.JSON),
        ({"type": "array", "items": {"oneOf": [{"type": "string"}, {"type": "integer"}]}}, Widget.JSON),
        ({"type": "array", "items": {"type": "string"}, "prefixItems": [{"type": "integer"}]}, Widget.JSON),
        ({"type": "array", "prefixItems": [{"enum": [1]}]}, Widget.JSON),
        ({"type": "object"}, Widget.JSON),
        ({"type": "object", "additionalProperties": {"type": "string"}}, Widget.JSON),
        ({"type": "object", "properties": {"x": {}}}, Widget.GROUP),
        ({"required": ["x"], "type": "object"}, Widget.GROUP),
        ({"oneOf": [{"type": "string"}, {"type": "integer"}]}, Widget.JSON),
        ({"anyOf": [{"type": "string"}, {"type": "integer"}, {"type": "null"}]}, Widget.JSON),
        ({"not": {"type": "string"}}, Widget.JSON),
        ({"type": ["integer", "boolean"]}, Widget.JSON),
        ({"$ref": "#/nowhere"}, Widget.JSON),
        ({"$ref": "https://example.com/schema"}, Widget.JSON),
        ({"$ref": "#/properties/a"}, Widget.JSON),
    ],
    ids=json.dumps,
)
def test_what_is_asked_for_in_which_way(schema: Any, widget: Widget) -> None:
    assert asked(schema).widget is widget


def test_a_field_tells_what_its_schema_tells() -> None:
    field = asked({"type": "integer", "title": " Seats ", "description": "How many.", "minimum": 1, "default": 5})
    assert (field.name, field.path, field.title, field.description) == ("/a", ("a",), "Seats", "How many.")
    assert (field.hint, field.initial, field.required) == ("A whole number from 1.", ("5",), False)
    assert asked({"type": "string"}, required=True).required
    assert asked({"type": "string"}).title == "a"
    assert asked({"type": "string", "pattern": "^x"}).hint == "Matching ^x."


def test_a_reference_is_followed_and_what_stands_beside_it_counts() -> None:
    schema = {**of(a={"$ref": "#/$defs/key", "title": "Mine"}), "$defs": {"key": {"title": "K", "format": "password"}}}
    [field] = SchemaForm(schema).fields
    assert (field.widget, field.title, field.secret) == (Widget.PASSWORD, "Mine", True)


def test_defaults_are_chosen_beforehand() -> None:
    assert asked({"enum": [True, 1, "1"], "default": 1}).initial == ("1",)
    assert asked({"type": "array", "items": {"enum": ["a", 0, False]}, "default": [False]}).initial == ("false",)
    assert asked({"type": "boolean", "default": True}).initial == ("true",)
    assert asked({"type": "boolean", "default": False}).initial == ()
    assert asked({"type": "array", "default": [1]}).initial == ("[\n  1\n]",)
    assert asked({"type": "string", "default": 7}).initial == ("7",)


def test_a_default_secret_is_on_no_page() -> None:
    assert asked({"type": "string", "format": "password", "default": "hunter2"}).initial == ()


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "array", "prefixItems": [{"properties": {"key": {"format": "password"}}}], "default": ["hunter2"]},
        {"anyOf": [{"$ref": "#/$defs/k"}, {"type": "integer"}], "default": "hunter2"},
    ],
    ids=["inside", "referred to"],
)
def test_json_in_which_there_may_be_a_secret_is_one(schema: dict[str, Any]) -> None:
    form = SchemaForm({**of(a=schema), "$defs": {"k": {"type": "string", "format": "password"}}})
    assert [(field.widget, field.secret, field.initial) for field in form.fields] == [(Widget.JSON, True, ())]


@pytest.mark.parametrize(
    "items",
    [
        {"type": "string", "format": "password"},
        {"$ref": "#/$defs/k"},
        {"properties": {"name": {}, "key": {"format": "password"}}},
        {"properties": {"inner": {"type": "array", "items": {"properties": {"key": {"$ref": "#/$defs/k"}}}}}},
    ],
    ids=["itself", "referred to", "beside others", "deeper"],
)
def test_secrets_in_rows_are_hidden_at_any_depth(items: dict[str, Any]) -> None:
    form = SchemaForm({**of(a={"type": "array", "items": items}), "$defs": {"k": {"format": "password"}}})
    [field] = form.fields
    assert (field.widget, field.secret) == (Widget.LIST, True)
    secret = [one for one in form.all_fields() if one.widget is Widget.PASSWORD]
    assert len(secret) == 1
    assert all(one.secret for one in secret)


def test_names_of_properties_cannot_be_mistaken_for_paths() -> None:
    schema = of(**{"a/b": {}, "a~1b": {}, "a": {"type": "object", "properties": {"b": {}}}, "": {}})
    names = [field.name for field in SchemaForm(schema).all_fields()]
    assert names == ["/a~1b", "/a~01b", "/a", "/a/b", "/"]
    value, _ = read(schema, **{"a~1b": "1", "a~01b": "2", "a/b": "3", "": "4"})
    assert value == {"a/b": "1", "a~1b": "2", "a": {"b": "3"}, "": "4"}


def test_what_is_required_and_not_declared_is_asked_for() -> None:
    [field] = SchemaForm({"required": ["site"]}).fields
    assert (field.name, field.widget, field.required) == ("/site", Widget.TEXT, True)


@pytest.mark.parametrize("schema", [None, {}, {"type": "object"}, {"properties": {"a": False}}], ids=json.dumps)
def test_a_schema_that_asks_for_nothing_has_no_fields(schema: Any) -> None:
    form = SchemaForm(schema)
    assert form.fields == ()
    assert form.read({"/a": ["x"], "token": ["y"]}).value == {}


def test_a_schema_that_no_fields_show_is_asked_for_as_json() -> None:
    schema = {"oneOf": [{"required": ["a"]}, {"required": ["b"]}]}
    form = SchemaForm(schema)
    [field] = form.fields
    assert (field.widget, field.path) == (Widget.JSON, ())
    assert form.read({field.name: ['{"a": 1}']}).value == {"a": 1}
    assert form.read({field.name: ['{"a": 1}']}).flaws == {}
    for wrong in ("", "[1]", "{", '{"c": 1}', "7"):
        assert list(form.read({field.name: [wrong]}).flaws) == [field.name], wrong


# What comes back


def test_every_kind_of_value_comes_back_as_it_is_meant() -> None:
    schema = of(
        text={"type": "string"},
        whole={"type": "integer"},
        part={"type": "number"},
        yes={"type": "boolean"},
        no={"type": "boolean"},
        one={"enum": ["1", 1, True]},
        many={"type": "array", "items": {"enum": ["a", "b", "c"]}},
        group={"type": "object", "properties": {"x": {"type": "integer"}}},
        free={"type": "array"},
        blank={"type": "string"},
    )
    sent: dict[str, Any] = {
        "text": " as typed\r\nand more",
        "whole": " -7 ",
        "part": "1.5e2",
        "yes": "true",
        "one": "1",
        "many": ['"c"', '"a"', '"z"'],
        "group/x": "3",
        "free": '[{"a": null}]',
        "blank": "  ",
    }
    assert read(schema, **sent) == (
        {
            "text": " as typed\nand more",
            "whole": -7,
            "part": 150.0,
            "yes": True,
            "no": False,
            "one": 1,
            "many": ["a", "c"],
            "group": {"x": 3},
            "free": [{"a": None}],
        },
        {},
    )


def test_a_group_that_nobody_touched_is_not_there() -> None:
    group = {"type": "object", "properties": {"x": {}, "y": {"type": "boolean"}}, "required": ["x"]}
    assert read(of(g=group)) == ({}, {})
    value, flaws = read(of(g=group), **{"g/y": "true"})
    assert (value, flaws) == ({"g": {"y": True}}, {"/g/x": ["This is required"]})
    # nought is something
    assert read(of(g={"type": "object", "properties": {"x": {"type": "integer"}}}), **{"g/x": "0"})[0] == {
        "g": {"x": 0}
    }
    value, flaws = read({**of(g=group), "required": ["g"]})
    assert list(flaws) == ["/g/x"]


RULES = {
    "type": "array",
    "title": "Rules",
    "items": {
        "type": "object",
        "required": ["field"],
        "properties": {
            "field": {"type": "string"},
            "strict": {"type": "boolean"},
            "tags": {"type": "array", "items": {"type": "string", "maxLength": 3}},
        },
    },
}


def test_rows_of_a_list_are_a_list_and_blank_ones_are_not_there() -> None:
    schema = of(names={"type": "array", "items": {"type": "string"}}, rules=RULES)
    sent = {
        "rows:/names": ["0", "2", "7"],
        "/names/0": ["a"],
        "/names/2": [" "],
        "/names/7": ["b"],
        # a row that the form does not have
        "/names/9": ["c"],
        "rows:/rules": ["1", "4", "5"],
        "/rules/1/field": ["status"],
        "rows:/rules/1/tags": ["0", "1"],
        "/rules/1/tags/0": ["x"],
        "/rules/1/tags/1": ["y"],
        "/rules/4/strict": [],
        "/rules/5/field": ["owner"],
        "/rules/5/strict": ["true"],
    }
    reading = SchemaForm(schema).read(sent)
    assert reading.flaws == {}
    assert reading.value == {
        "names": ["a", "b"],
        "rules": [
            {"field": "status", "strict": False, "tags": ["x", "y"]},
            {"field": "owner", "strict": True},
        ],
    }


def test_what_is_wrong_in_a_row_stands_at_that_row_also_behind_a_blank_one() -> None:
    sent = {
        "rows:/rules": ["0", "3", "8"],
        "/rules/3/strict": ["true"],
        "/rules/8/field": ["x"],
        "rows:/rules/8/tags": ["0", "1"],
        "/rules/8/tags/1": ["toolong"],
    }
    assert SchemaForm(of(rules=RULES)).read(sent).flaws == {
        "/rules/3/field": ["This is required"],
        "/rules/8/tags/1": ["This is longer than 3 characters"],
    }


def test_rows_that_have_to_be_are_told_at_the_list() -> None:
    schema = {**of(names={"type": "array", "items": {"type": "string"}, "minItems": 2}), "required": ["names"]}
    assert len(SchemaForm(schema).filled(None)[0].fields) == 2
    assert list(SchemaForm(schema).read({"rows:/names": ["0"], "/names/0": ["a"]}).flaws) == ["/names"]
    assert list(SchemaForm(schema).read({}).flaws) == ["/names"]


def test_a_list_of_boxes_has_one_value_for_each_row() -> None:
    schema = of(days={"type": "array", "items": {"type": "boolean"}})
    assert SchemaForm(schema).filled(None)[0].fields == ()
    assert SchemaForm(schema).read({"rows:/days": ["0", "1"], "/days/1": ["true"]}).value == {"days": [False, True]}


def test_a_default_list_has_its_rows_at_first() -> None:
    schema = of(
        names={"type": "array", "items": {"type": "string"}, "default": ["a", "b"]},
        rules={**RULES, "default": [{"field": "status", "strict": True, "tags": ["x"]}]},
        keys={"type": "array", "items": {"format": "password"}, "default": ["hunter2"]},
    )
    initial = {
        field.name: field.initial for field in SchemaForm(schema).all_fields() if field.widget is not Widget.LIST
    }
    assert initial == {
        "/names/0": ("a",),
        "/names/1": ("b",),
        "/rules/0": (),
        "/rules/0/field": ("status",),
        "/rules/0/strict": ("true",),
        "/rules/0/tags/0": ("x",),
        "/keys/0": (),
    }


def test_rows_are_added_and_removed_and_keep_their_names() -> None:
    form = SchemaForm(of(names={"type": "array", "items": {"type": "string"}}))
    sent: Any = {"rows:/names": ["0", "3"], "/names/0": ["a"], "/names/3": ["b"]}

    def names(changed: Any) -> list[tuple[str, int]]:
        return [(row.name, row.number) for row in form.filled(changed)[0].fields]

    assert names(with_changed_rows(sent, "/names", "")) == [("/names/0", 1), ("/names/3", 2), ("/names/4", 3)]
    assert names(with_changed_rows(sent, "", "/names/0")) == [("/names/3", 1)]
    # what is no list and no row changes nothing
    for add, remove in (("/nothing", ""), ("", "/names/9"), ("", "/"), ("", "names")):
        assert names(with_changed_rows(sent, add, remove)) == names(sent)
    assert sent["rows:/names"] == ["0", "3"]


@pytest.mark.parametrize("nested", [False, True])
def test_however_many_rows_are_sent_a_page_has_an_end(nested: bool) -> None:
    items = {"type": "array", "items": RULES["items"]} if nested else RULES["items"]
    form = SchemaForm(of(rules={"type": "array", "items": items}))
    rows = [str(number) for number in range(5000)]
    sent = {"rows:/rules": rows, **{f"rows:/rules/{row}": rows[:50] for row in rows}}
    started = time.process_time()
    reading = form.read(sent)
    assert list(reading.flaws)[-1:] != []
    assert any("too many rows" in message for messages in reading.flaws.values() for message in messages)
    assert len(list(form.all_fields(sent))) <= MOST_SHOWN + 10
    assert time.process_time() - started < 2.0


@pytest.mark.parametrize("index", ["", "-1", "01", "1e3", "\u0661", "99999", "x", "0/x", "*"])
def test_what_is_no_row_is_none(index: str) -> None:
    form = SchemaForm(of(names={"type": "array", "items": {"type": "string"}}))
    assert form.read({"rows:/names": [index], f"/names/{index}": ["a"]}).value == {}


def test_what_can_only_be_agreed_to_is_a_box_that_has_to_be_ticked() -> None:
    schema = {**of(terms={"const": True}, mail={"const": True}), "required": ["terms"]}
    assert read(schema, terms="true") == ({"terms": True}, {})
    assert read(schema) == ({}, {"/terms": ["Tick this box to go on"]})
    assert read(schema, terms="true", mail="true")[0] == {"terms": True, "mail": True}


@pytest.mark.parametrize(
    ("name", "wrong", "example"),
    [
        ("date", "31.12.2026", "2026-12-31"),
        ("time", "noon", "18:30:00Z"),
        ("date-time", "2026-12-31", "2026-12-31T18:30:00Z"),
        ("uuid", "x", "123e4567-e89b-12d3-a456-426614174000"),
        ("ipv4", "1.2.3", "192.0.2.10"),
        ("hostname", "-", "app.example.com"),
        ("uri", "nowhere", "https://example.com"),
        ("email", "nobody", "name@example.com"),
    ],
)
def test_a_text_of_a_format_comes_with_an_example(name: str, wrong: str, example: str) -> None:
    schema = of(a={"type": "string", "format": name})
    assert read(schema, a=example)[1] == {}
    [message] = read(schema, a=wrong)[1]["/a"]
    assert message.startswith("This isn't a")
    assert example in message
    if name not in {"uri", "email"}:
        assert example in asked(schema["properties"]["a"]).hint


@pytest.mark.parametrize(
    ("schema", "sent"),
    [
        ({"type": "integer"}, "1.5"),
        ({"type": "integer"}, "\u0661"),
        ({"type": "integer"}, "9" * 19),
        ({"type": "integer"}, "9" * 10_000),
        ({"type": "integer"}, "0x10"),
        ({"type": "number"}, "nan"),
        ({"type": "number"}, "inf"),
        ({"type": "number"}, "1e999"),
        ({"type": "number"}, "1,5"),
        ({"type": "string"}, "a\0b"),
        ({"enum": ["a"]}, "b"),
        ({"type": "array"}, "[1"),
        ({"type": "array"}, '["\\u0000"]'),
        ({"type": "array"}, '["\\ud800"]'),
        ({"type": "array"}, "[" * 100_000),
        ({"type": "array"}, "[" * 40 + "]" * 40),
        ({"type": "array"}, "[" + "9" * 5000 + "]"),
        ({"type": "array"}, "{}"),
        ({"type": "string", "format": "uri"}, "nowhere"),
        ({"type": "string", "format": "email"}, "nobody"),
        ({"type": "string", "maxLength": 2}, "abc"),
        ({"type": "integer", "minimum": 3}, "2"),
    ],
    ids=range(22),
)
def test_what_cannot_be_is_told_at_its_field_and_not_repeated(schema: Any, sent: str) -> None:
    _, flaws = read(of(a=schema), a=sent)
    [(name, messages)] = flaws.items()
    assert name == "/a"
    assert len(messages) == 1
    assert sent not in messages[0] or len(sent) < 3


def test_flaws_of_a_developers_newer_form_find_their_fields() -> None:
    form = SchemaForm(of(a={"type": "string"}, g={"type": "object", "properties": {"x": {}}}))
    newer = {"properties": {"a": {"minLength": 5}, "g": {"required": ["y"]}}, "required": ["z"]}
    flaws = form.placed(flaws_of_configuration(newer, {"a": "abc", "g": {"x": "1"}}))
    assert {name: list(messages) for name, messages in flaws.items()} == {
        "/a": ["This is shorter than 5 characters"],
        "/g": ["y: This is required"],
        "": ["z: This is required"],
    }


# Schemas that mean no good


def within(seconds: float, schema: dict[str, Any]) -> SchemaForm:
    started = time.process_time()
    form = SchemaForm(schema)
    form.read({})
    assert time.process_time() - started < seconds
    return form


def test_ten_thousand_properties_are_one_field_of_json() -> None:
    form = within(2.0, of(**{f"p{n}": {"type": "string"} for n in range(10_000)}))
    assert [(field.widget, field.path) for field in form.fields] == [(Widget.JSON, ())]
    assert len(SchemaForm(of(**{f"p{n}": {} for n in range(MOST_FIELDS)})).fields) == MOST_FIELDS


def test_many_options_have_to_be_written() -> None:
    many = [f"option {n}" for n in range(MOST_OPTIONS + 1)]
    assert asked({"type": "string", "enum": many}).widget is Widget.TEXT
    assert asked({"type": "array", "items": {"enum": many}}).widget is Widget.JSON
    value, flaws = read(of(a={"type": "string", "enum": many}), a="option 7")
    assert (value, flaws) == ({"a": "option 7"}, {})
    assert list(read(of(a={"type": "string", "enum": many}), a="x")[1]) == ["/a"]


def test_the_same_options_again_and_again_have_one_limit() -> None:
    schema = {
        **of(**{f"p{n}": {"$ref": "#/$defs/e"} for n in range(100)}),
        "$defs": {"e": {"enum": [f"option {n}" for n in range(500)]}},
    }
    form = within(2.0, schema)
    assert sum(len(field.options) for field in form.all_fields()) <= MOST_OPTIONS


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"a": {"$ref": "#"}}},
        {"properties": {"a": {"$ref": "#/properties/b"}, "b": {"$ref": "#/properties/a"}}},
        {"properties": {f"p{n}": {"$ref": "#"} for n in range(9)}},
        {"$ref": "#"},
        {"properties": {"a": {"anyOf": [{"$ref": "#/properties/a"}, {"type": "null"}]}}},
        {"allOf": [{"$ref": "#"}]},
    ],
    ids=range(6),
)
def test_a_schema_without_an_end_has_one(schema: dict[str, Any]) -> None:
    assert flaws_of_schema(schema)  # nobody can register it
    started = time.process_time()
    fields = list(SchemaForm(schema).all_fields())
    assert len(fields) <= MOST_FIELDS
    assert time.process_time() - started < 2.0


KEYWORDS = [
    *("type", "properties", "required", "enum", "const", "items", "anyOf", "oneOf", "allOf", "$ref", "default"),
    *("title", "format", "minimum", "maxLength", "pattern", "a", "b"),
]
anything = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(KEYWORDS),
            inner,
            max_size=4,
        )
    ),
    max_leaves=25,
)


@settings(max_examples=300, deadline=None)
@given(
    anything,
    st.dictionaries(
        st.sampled_from(["/a", "/b", "/a/b", "/", "rows:/a", "/a/0", "/a/0/b", "rows:/a/0"]),
        st.lists(st.text(max_size=5), max_size=2),
    ),
)
def test_any_schema_that_can_be_registered_has_a_form_that_can_be_read(
    properties: Any, sent: dict[str, list[str]]
) -> None:
    for schema in ({"properties": {"a": properties}}, properties):
        if isinstance(schema, dict) and not flaws_of_schema(schema):
            form = SchemaForm(schema)
            reading = form.read(sent)
            if not reading.flaws:
                assert flaws_of_configuration(schema, reading.value) == []
