"""What an administrator sent, settled against the definition and what is stored."""

import json
from typing import Any

import pytest
from msgspec import UNSET

from jackfield.domain.credential import Secrets
from jackfield.domain.definition import Definition, FieldProblem, check_complete, definition_of
from jackfield.domain.integration import JsonObject
from jackfield.domain.provider import AuthMethod, Category, FieldType, SecretField, SettingField
from jackfield.domain.submission import (
    check_deliverable,
    check_sent_again,
    from_texts,
    moved_destinations,
    settle_configuration,
    settle_secrets,
    to_texts,
)
from jackfield.providers._registry import provider_classes

LONG = "0123456789abcdef"
MASK = "01234..."


def setting(name: str, **more: Any) -> SettingField:
    return SettingField(name=name, title=name, help="", **more)


DEFINITION = Definition(
    vendor="v",
    name="Vendor",
    url="",
    category=Category.CHAT,
    supports_verification=True,
    secrets=(
        SecretField(name="token", auth_key="api_key", title="Token", help="", required=True),
        SecretField(name="other", auth_key="secret", title="Other", help=""),
    ),
    configuration=(
        setting("address", destination=True),
        setting("place", needed_to_deliver=True),
        setting("size", type=FieldType.SELECT, options=("s", "l")),
    ),
    auth_methods=(
        AuthMethod(name="token", title="Token", secrets=("token",)),
        AuthMethod(name="other", title="Other", secrets=("other",), configuration=("size",)),
    ),
)


def settled(stored: dict[str, str | None] | None, auth: Any, *, moved: bool = False) -> Any:
    found = settle_secrets(DEFINITION, None if stored is None else Secrets(stored), auth, moved=moved)
    return dict(found) if isinstance(found, Secrets) else found


@pytest.mark.parametrize(
    ("stored", "auth", "after"),
    [
        ({"token": LONG}, UNSET, UNSET),
        ({"token": LONG}, {}, UNSET),
        ({"token": LONG}, {"api_key": MASK}, UNSET),
        ({"token": LONG}, {"api_key": LONG}, UNSET),
        ({"token": LONG}, {"secret": None}, UNSET),
        ({"token": LONG}, {"region": None}, UNSET),
        (None, None, UNSET),
        ({"token": LONG}, None, None),
        ({"token": LONG}, {"api_key": None}, None),
        ({"token": LONG}, {"secret": "s"}, {"token": LONG, "other": "s"}),
        ({"token": LONG, "other": "s"}, {"api_key": None, "secret": "..."}, {"other": "s"}),
        (None, {"api_key": "n"}, {"token": "n"}),
        # what has no key here goes with the credential that it belonged to, and stays as long as that does
        ({"token": LONG, "refresh_token": "r"}, {"api_key": "n"}, {"token": "n"}),
        ({"token": LONG, "refresh_token": "r"}, {"api_key": MASK}, UNSET),
    ],
)
def test_what_is_sent_is_merged_into_what_is_stored(stored: Any, auth: Any, after: Any) -> None:
    assert settled(stored, auth) == after


def test_nothing_without_a_key_goes_to_another_address() -> None:
    stored = {"token": LONG, "refresh_token": "r"}
    assert settled(stored, {"api_key": LONG}, moved=True) == {"token": LONG}


@pytest.mark.parametrize("mask", ["...", "0123...", "012345...", LONG + "...", "x..."])
@pytest.mark.parametrize("stored", [None, {"token": LONG}], ids=["new", "stored"])
def test_only_the_mask_of_what_is_stored_is_taken_for_it(stored: Any, mask: str) -> None:
    with pytest.raises(FieldProblem) as problem:
        settled(stored, {"api_key": mask})
    assert problem.value.path == ("auth", "api_key")


@pytest.mark.parametrize(("key", "value"), [("x", "v"), ("x", None), ("token", "v"), ("region", "v"), ("api_key", " ")])
def test_a_key_or_value_that_cannot_be_is_refused(key: str, value: str | None) -> None:
    with pytest.raises(FieldProblem) as problem:
        settled(None, {key: value})
    assert problem.value.path == ("auth", key)


@pytest.mark.parametrize(
    ("stored", "extra", "after"),
    [
        ({"a": "1"}, UNSET, UNSET),
        ({"a": "1"}, {}, UNSET),
        ({"a": "1"}, {"a": "1"}, UNSET),
        ({"a": "1"}, {"b": None}, UNSET),
        ({}, None, UNSET),
        ({"a": "1"}, None, {}),
        ({"a": "1"}, {"b": ""}, {"a": "1", "b": ""}),
        ({"a": "1", "size": "s"}, {"a": None, "size": "l"}, {"size": "l"}),
    ],
)
def test_settings_are_merged_by_key(stored: dict[str, str], extra: Any, after: Any) -> None:
    assert settle_configuration(DEFINITION, stored, extra) == after


@pytest.mark.parametrize("extra", [{"size": "m"}, {"size": ""}, {"own": "x" * 16_385}], ids=["option", "blank", "long"])
def test_a_setting_that_cannot_be_is_refused(extra: dict[str, str | None]) -> None:
    with pytest.raises(FieldProblem) as problem:
        settle_configuration(DEFINITION, {}, extra)
    assert problem.value.path == ("extra", *extra)


@pytest.mark.parametrize(
    ("before", "after", "moved"),
    [
        ({}, UNSET, []),
        ({}, {"place": "p"}, []),
        ({}, {"address": "a"}, ["address"]),
        ({"address": "a"}, {}, ["address"]),
        ({"address": "a"}, {"address": "b"}, ["address"]),
        ({"address": "a"}, {"address": "a", "place": "p"}, []),
    ],
)
def test_an_address_that_comes_goes_or_changes_has_moved(before: Any, after: Any, moved: list[str]) -> None:
    assert moved_destinations(DEFINITION, before, after) == moved


@pytest.mark.parametrize(
    ("before", "after", "is_same"),
    [
        ("http://git.example.com", "https://git.example.com", True),
        ("http://git.example.com:80/code/", "HTTPS://Git.Example.Com:443/code", True),
        ("http://git.example.com:8080", "https://git.example.com:8080", True),
        ("https://git.example.com", "https://GIT.example.com:443/", True),
        ("https://git.example.com", "http://git.example.com", False),
        ("http://git.example.com", "https://git.example.com:8443", False),
        ("http://git.example.com:8080", "https://git.example.com", False),
        ("http://git.example.com/a", "https://git.example.com/b", False),
        ("http://git.example.com/Code", "https://git.example.com/code", False),
        ("http://git.example.com", "https://git.example.com.evil.example", False),
        ("http://git.example.com", "https://git.example.org", False),
    ],
)
def test_one_server_in_another_or_a_safer_spelling_is_where_secrets_went(
    before: str, after: str, is_same: bool
) -> None:
    gitlab = definition_of(provider_classes()["gitlab"].manifest, supports_verification=True)
    moved = moved_destinations(gitlab, {"base_url": before}, {"base_url": after})
    assert moved == ([] if is_same else ["base_url"])
    stored = Secrets({"access_token": LONG})
    if is_same:
        check_sent_again(gitlab, stored, UNSET, moved)
    else:
        with pytest.raises(FieldProblem) as problem:
            check_sent_again(gitlab, stored, UNSET, moved)
        assert problem.value.path == ("auth", "api_key")


@pytest.mark.parametrize(
    ("auth", "missing"),
    [
        (UNSET, "api_key"),
        ({}, "api_key"),
        ({"api_key": MASK, "secret": "s"}, "api_key"),
        ({"api_key": LONG}, "secret"),
        ({"api_key": LONG, "secret": "..."}, "secret"),
    ],
)
def test_after_a_move_every_secret_is_asked_for_again(auth: Any, missing: str) -> None:
    with pytest.raises(FieldProblem) as problem:
        check_sent_again(DEFINITION, Secrets({"token": LONG, "other": "s"}), auth, ["address"])
    assert problem.value.path == ("auth", missing)


@pytest.mark.parametrize("auth", [None, {"api_key": LONG, "secret": "s"}, {"api_key": None, "secret": "n"}], ids=str)
def test_after_a_move_what_is_sent_or_cleared_is_enough(auth: Any) -> None:
    check_sent_again(DEFINITION, Secrets({"token": LONG, "other": "s"}), auth, ["address"])


def test_one_complete_way_to_prove_oneself_is_enough() -> None:
    check_complete(DEFINITION, {"token": "t"}, {})
    check_complete(DEFINITION, {"other": "o"}, {"size": "s"})
    with pytest.raises(FieldProblem, match=r"send auth.api_key or auth.secret and extra.size") as problem:
        check_complete(DEFINITION, {"other": "o"}, {})
    assert (problem.value.path, problem.value.missing) == (("auth", "api_key"), True)


def test_what_is_needed_for_items_is_named() -> None:
    check_deliverable(DEFINITION, {"place": "p"})
    with pytest.raises(FieldProblem) as problem:
        check_deliverable(DEFINITION, {"place": ""})
    assert problem.value.path == ("extra", "place")


def test_what_is_no_text_is_json_in_a_text_and_becomes_itself_again() -> None:
    stored = JsonObject('{"text":"t","number":7,"list":[1,"é"],"null":null}')
    texts = to_texts(stored)
    assert texts == {"text": "t", "number": "7", "list": '[1,"é"]', "null": "null"}
    assert json.loads(from_texts(texts, stored)) == json.loads(stored)
    assert json.loads(from_texts({"number": "8", "new": "7"}, stored)) == {"number": "8", "new": "7"}
