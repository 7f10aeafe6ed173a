"""Secrets and settings as one: what is kept, replaced, removed and refused, and that none of it prints a secret."""

from typing import Any

import pytest

from jackfield.domain.credential import Secrets
from jackfield.domain.definition import Definition, FieldProblem, definition_of
from jackfield.domain.integration import JsonObject
from jackfield.domain.item import ItemType
from jackfield.domain.joint_configuration import (
    NOTHING,
    JointConfiguration,
    JointSubmission,
    check_complete,
    joint,
    sends_elsewhere,
    settle,
)
from jackfield.providers._registry import provider_classes

TOKEN = "ghp_0123456789abcdef"
GITHUB = definition_of(provider_classes()["github"].manifest, supports_verification=True)
JIRA = definition_of(provider_classes()["jira"].manifest, supports_verification=True)
STORED = JointConfiguration(Secrets({"access_token": TOKEN, "scope": "repo"}), {"repository": "a/b", "nested": [1]})


def problem(sent: dict[str, Any], stored: JointConfiguration = STORED, definition: Definition = GITHUB) -> FieldProblem:
    with pytest.raises(FieldProblem) as caught:
        settle(definition, stored, sent)
    return caught.value


def test_what_is_shown_is_masked_and_in_the_order_of_the_names() -> None:
    assert list(STORED.masked.items()) == [
        ("access_token", "ghp_0..."),
        ("scope", "..."),
        ("nested", [1]),
        ("repository", "a/b"),
    ]


def test_what_is_shown_and_sent_back_is_what_is_stored() -> None:
    assert settle(GITHUB, STORED, STORED.masked) == STORED
    assert settle(GITHUB, NOTHING, {}) == NOTHING


def test_what_is_stored_as_null_is_not_there() -> None:
    assert joint(Secrets({"access_token": None, "code": "c"}), JsonObject("{}")).secrets == {"code": "c"}
    assert joint(None, JsonObject('{"a": "b"}')) == JointConfiguration(Secrets({}), {"a": "b"})


def test_a_secret_hides_a_setting_of_its_name() -> None:
    assert JointConfiguration(Secrets({"code": "c"}), {"code": "setting"}).masked == {"code": "..."}


def test_a_stored_value_that_is_no_text_stays_and_another_is_refused() -> None:
    sent = {"access_token": "ghp_0...", "nested": [True]}
    # Python takes the two for equal; what is stored stays
    assert settle(GITHUB, STORED, sent).settings["nested"][0] is not True
    assert problem({"nested": [2]}).path == ("configuration", "nested")


def test_a_setting_of_the_definition_is_never_a_secret_and_a_core_secret_never_a_setting() -> None:
    after = settle(GITHUB, NOTHING, {"org_slug": "acme", "refresh_token": "r", "private_key": "aw==", "note": "n"})
    assert after == JointConfiguration(
        Secrets({"refresh_token": "r", "private_key": "aw=="}), {"org_slug": "acme", "note": "n"}
    )


@pytest.mark.parametrize("sent", [{}, {"access_token": TOKEN}, {"access_token": "ghp_0...", "scope": "repo"}])
def test_another_address_asks_for_every_secret(sent: dict[str, str]) -> None:
    error = problem({"base_url": "https://x.example", **sent})
    assert error.path[1] in {"access_token", "scope"}
    assert error.missing == (error.path[1] not in sent)


def test_a_new_credential_or_address_is_told_from_a_new_setting() -> None:
    def after(**change: Any) -> JointConfiguration:
        return settle(GITHUB, STORED, {"access_token": TOKEN, "scope": "repo", "repository": "a/b", **change})

    assert not sends_elsewhere(GITHUB, STORED, after(repository="c/d"))
    assert sends_elsewhere(GITHUB, STORED, after(access_token="another"))
    assert sends_elsewhere(GITHUB, STORED, after(base_url="https://x.example"))


def test_what_is_missing_is_named_canonically() -> None:
    whole = JointConfiguration(Secrets({"username": "a@b.example"}), {"base_url": "https://x.example"})
    with pytest.raises(FieldProblem) as caught:
        check_complete(JIRA, whole, ItemType.NONE)
    assert (caught.value.path, caught.value.missing) == (("configuration", "access_token"), True)
    assert "access_token and username and base_url or access_token and cloud_id" in str(caught.value)


def test_nothing_prints_a_secret() -> None:
    submission = JointSubmission(configuration={"access_token": TOKEN}, enabled=True)
    assert repr(submission) == "<JointSubmission: configuration, enabled>"
    assert repr(JointSubmission()) == "<JointSubmission: nothing>"
    for one in (STORED, submission, (STORED, [submission])):
        assert TOKEN not in f"{one!r} {one}"


def test_a_server_that_is_reached_over_tls_from_now_on_asks_for_no_secret_again() -> None:
    stored = JointConfiguration(Secrets({"access_token": TOKEN}), {"base_url": "http://git.example.com"})
    after = settle(GITHUB, stored, {"access_token": "ghp_0...", "base_url": "https://git.example.com"})
    assert after.secrets == stored.secrets
    assert not sends_elsewhere(GITHUB, stored, after)
    assert problem({"access_token": "ghp_0...", "base_url": "http://git.example.com"}, after).path[1] == "access_token"
