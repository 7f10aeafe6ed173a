"""What is kept of an installation, and what is shown of it."""

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from jackfield.domain.app import App, AppStatus
from jackfield.domain.credential import Secrets
from jackfield.domain.installation import configuration_of, sealed_as, shown_configuration
from jackfield.domain.integration import EMPTY_OBJECT, JsonObject

PASSWORD = {"type": "string", "format": "password"}


class Row(msgspec.Struct):
    configuration: JsonObject = EMPTY_OBJECT


def app(schema: dict[str, Any] | None) -> App:
    silent = dict.fromkeys(
        ("name", "author", "call_to_action", "contact", "description", "error_codes", "oauth_callback_url", "scopes")
    )
    now = datetime.now(UTC)
    return App(
        **silent,
        organisation_id=1,
        id=1,
        status=AppStatus.APPROVED,
        created_at=now,
        updated_at=now,
        identifier_field_path="a",
        configuration_fields=schema,
        tags=None,
        uninstallation_url=None,
    )


@pytest.mark.parametrize(
    ("schema", "configuration", "shown"),
    [
        (None, {"a": "x"}, {"a": "x"}),
        ({"properties": {"a": PASSWORD}}, {"a": "hunter2"}, {"a": "..."}),
        ({"properties": {"a": PASSWORD}}, {"a": "hunter2 in clear"}, {"a": "hunte..."}),
        ({"properties": {"a": PASSWORD, "b": {}}}, {"b": "x"}, {"b": "x"}),
        (
            {"properties": {"g": {"type": "object", "properties": {"a": PASSWORD, "b": {}}}}},
            {"g": {"a": "hunter2", "b": "x"}},
            {"g": {"a": "...", "b": "x"}},
        ),
        ({"properties": {"l": {"type": "array", "items": PASSWORD}}}, {"l": ["hunter2"]}, {"l": "..."}),
        (
            {"oneOf": [{"properties": {"a": PASSWORD}}, {"required": ["b"]}]},
            {"a": "hunter2", "b": {"c": 1}},
            {"a": "...", "b": "..."},
        ),
    ],
    ids=range(7),
)
def test_secrets_among_what_was_filled_in_are_masked(schema: Any, configuration: Any, shown: Any) -> None:
    secrets = sealed_as(app(schema), configuration, "c" * 64)
    assert json.loads(shown_configuration(Row(), secrets)) == shown
    # the app's own server reads all of it
    assert configuration_of(secrets) == configuration


def test_an_integration_that_is_no_installation_shows_its_own() -> None:
    row = Row(JsonObject('{"repository": "acme/shop"}'))
    assert shown_configuration(row, None) == row.configuration
    assert shown_configuration(row, Secrets({"access_token": "x"})) == row.configuration
