"""What holds a secret does not show it by accident, however it is printed, logged or sent elsewhere."""

import copy
import io
import logging
import pickle
import pprint
from collections.abc import Callable
from datetime import UTC, datetime

import msgspec
import pytest
import structlog
from pydantic import SecretStr
from rich.console import Console

from jackfield import logs
from jackfield.domain.credential import CANONICAL_NAMES, Secrets
from jackfield.domain.integration import Integration, JsonObject, NewIntegration, Revealed, Status
from jackfield.domain.key import ApiKey
from jackfield.domain.organisation import Organisation
from jackfield.services.organisations import NewKey
from jackfield.settings import Settings
from jackfield.vault import MasterKeys, generate_master_key

HIDDEN = "hunter2-in-clear"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
MASTER_KEY = generate_master_key("v7")

SECRETS = Secrets({"access_token": HIDDEN, "scope": "org:read"})
NEW_KEY = NewKey(HIDDEN, ApiKey(1, 2, "alice", (), NOW), Organisation(2, "acme", "Acme", NOW))
NEW_INTEGRATION = NewIntegration(
    provider="sentry",
    name="Sentry",
    unique_identifier=None,
    secrets=SECRETS,
    configuration=None,
    metadata=JsonObject("{}"),
    created_by="alice",
)
REVEALED = Revealed(
    Integration(
        id=1,
        organisation_id=2,
        provider="sentry",
        name="Sentry",
        unique_identifier="x",
        sealed_secrets=b"sealed",
        configuration=JsonObject("{}"),
        metadata=JsonObject("{}"),
        status=Status.ACTIVE,
        enabled=True,
        created_by="alice",
        created_at=NOW,
        updated_at=NOW,
    ),
    SECRETS,
)
SETTINGS = Settings(
    database_url=SecretStr(f"postgresql://user:{HIDDEN}@localhost/db"),
    master_keys=SecretStr(MASTER_KEY),
)
HOLDERS = {
    "Secrets": SECRETS,
    "NewKey": NEW_KEY,
    "NewIntegration": NEW_INTEGRATION,
    "Revealed": REVEALED,
    "MasterKeys": MasterKeys.parse(MASTER_KEY),
    "Settings": SETTINGS,
}
each_holder = pytest.mark.parametrize("holder", HOLDERS.values(), ids=HOLDERS)


def by_rich(holder: object) -> str:
    """What a traceback with local variables would show, where one is installed."""
    console = Console(file=io.StringIO(), width=200)
    console.print(holder)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def by_log(holder: object) -> str:
    """A log line that has it as a value."""
    stream = io.TextIOWrapper(io.BytesIO())
    before, handlers, level = structlog.get_config(), logging.root.handlers, logging.root.level
    try:
        logs.configure("debug", stream)
        structlog.get_logger("test").info("event", holder=holder)
        logging.getLogger("test").warning("event %s %r", holder, holder)
    finally:
        structlog.configure(**before)
        logging.root.handlers = handlers
        logging.root.setLevel(level)
    stream.flush()
    written = stream.buffer
    assert isinstance(written, io.BytesIO)
    return written.getvalue().decode()


def by_copy(holder: object) -> str:
    try:
        return repr(copy.copy(holder))
    except TypeError as error:  # it cannot be copied at all
        return str(error)


WAYS: dict[str, Callable[[object], str]] = {
    "repr": repr,
    "str": str,
    "format": lambda holder: f"{holder} {holder!r} {holder!s} {holder!a}",
    "percent": lambda holder: "%s %r" % (holder, holder),  # noqa: UP031  as logging does
    "pprint": pprint.pformat,
    "in a list": lambda holder: repr([holder, {"holder": holder}]),
    "of a copy": by_copy,
    "rich": by_rich,
    "log": by_log,
}


@each_holder
@pytest.mark.parametrize("show", WAYS.values(), ids=WAYS)
def test_showing_it_does_not_show_the_secret(holder: object, show: Callable[[object], str]) -> None:
    shown = show(holder)
    assert shown
    assert HIDDEN not in shown
    assert MASTER_KEY.partition(":")[2] not in shown


@pytest.mark.parametrize("holder", [SECRETS, NEW_KEY, HOLDERS["MasterKeys"]], ids=["Secrets", "NewKey", "MasterKeys"])
def test_pickling_it_does_not_write_the_secret(holder: object) -> None:
    try:
        pickled = pickle.dumps(holder)
    except TypeError:
        return
    assert HIDDEN.encode() not in pickled


def test_settings_as_json_do_not_show_secrets() -> None:
    shown = SETTINGS.model_dump_json() + str(SETTINGS.model_dump())
    assert HIDDEN not in shown
    assert MASTER_KEY.partition(":")[2] not in shown


def test_an_encoder_that_does_not_know_secrets_refuses_them() -> None:
    with pytest.raises(TypeError):
        msgspec.json.encode({"secrets": SECRETS})


def test_secrets_name_what_they_hold() -> None:
    assert repr(SECRETS) == "<Secrets: access_token, scope>"
    assert repr(Secrets({})) == "<Secrets: none>"
    assert repr(HOLDERS["MasterKeys"]) == "<MasterKeys: v7>"
    assert repr(NEW_KEY) == "<NewKey 1>"


def test_secrets_read_as_a_mapping_and_survive_their_bytes() -> None:
    assert SECRETS["access_token"] == HIDDEN
    assert dict(SECRETS) == {"access_token": HIDDEN, "scope": "org:read"}
    assert len(SECRETS) == 2
    assert dict(Secrets.from_bytes(SECRETS.to_bytes())) == dict(SECRETS)
    assert dict(Secrets.from_bytes(Secrets({"code": None}).to_bytes())) == {"code": None}


def test_without_keys_only_what_opens_nothing_is_left() -> None:
    everything = Secrets(dict.fromkeys(CANONICAL_NAMES, "x"))
    assert set(everything.without_keys()) == {"token_type", "expires_at", "scope"}


def test_changing_the_mapping_it_was_made_from_does_not_change_it() -> None:
    values: dict[str, str | None] = {"code": "x"}
    secrets = Secrets(values)
    values["code"] = "y"
    assert secrets["code"] == "x"
