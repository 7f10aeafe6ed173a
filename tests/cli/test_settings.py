"""Wrong settings are said in one line, by name and never by value."""

from pathlib import Path

import pytest

from jackfield.domain.errors import Misconfigured
from jackfield.settings import read_settings
from jackfield.vault import generate_master_key
from support.command import jackfield
from support.service import free_port

WRONG = {
    "JACKFIELD_DATABASE_URL": "mysql://user:hunter2@localhost/db",
    "JACKFIELD_DATABASE_POOL_SIZE": "hunter2",
    "JACKFIELD_PUBLIC_URL": "hunter2",
    "JACKFIELD_CORS_ORIGINS": "https://fine.example.com,hunter2",
    "JACKFIELD_MAX_BODY_BYTES": "-4711",
    "JACKFIELD_LOG_LEVEL": "hunter2",
}


def test_each_wrong_setting_is_named_without_its_value(tmp_path: Path) -> None:
    complaint = jackfield(WRONG, "serve", directory=tmp_path).complaint
    for name in WRONG:
        assert f"{name}: " in complaint
    assert "hunter2" not in complaint
    assert "4711" not in complaint
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://user:hunter2@localhost:port/db",
        "postgresql://user:hunter2@[::1/db",
    ],
)
def test_a_database_address_that_cannot_be_read(address: str) -> None:
    environment = {"JACKFIELD_DATABASE_URL": address, "JACKFIELD_MASTER_KEYS": generate_master_key()}
    complaint = jackfield(environment, "migrate").complaint
    assert "hunter2" not in complaint


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://localhost/db",
        "postgres://user:hunter2@localhost:5432/db?sslmode=require",
        "postgresql://user@/db?host=%2Frun%2Fpostgresql&port=5432",
        "postgresql://user@[::1]:5432/db",
        # where one of several servers can take over, as with replicas
        "postgresql://user:hunter2@first:5432,second:5433/db?target_session_attrs=read-write",
    ],
)
def test_every_address_that_the_driver_reads_is_taken(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JACKFIELD_DATABASE_URL", address)
    taken = read_settings().database_url
    assert taken is not None
    assert taken.get_secret_value() == address


@pytest.mark.parametrize("keys", ["v1:hunter2", "v1:häßlich"])
def test_master_keys_that_are_none(environment: dict[str, str], keys: str) -> None:
    complaint = jackfield({**environment, "JACKFIELD_MASTER_KEYS": keys}, "vault", "status").complaint
    assert "A master key is written `id:base64`" in complaint
    assert keys not in complaint


def test_a_database_that_is_not_there(environment: dict[str, str]) -> None:
    address, mark, query = environment["JACKFIELD_DATABASE_URL"].partition("?")
    elsewhere = {**environment, "JACKFIELD_DATABASE_URL": f"{address}_not{mark}{query}"}
    assert "does not exist" in jackfield(elsewhere, "migrate").complaint
    away = {**environment, "JACKFIELD_DATABASE_URL": f"postgresql://127.0.0.1:{free_port()}/db"}
    assert jackfield(away, "migrate").complaint.startswith("Database connection failed")


def test_an_empty_variable_is_an_unset_one(environment: dict[str, str]) -> None:
    empty = dict.fromkeys((*WRONG, "JACKFIELD_MASTER_KEYS", "JACKFIELD_DATA_DIR"), "")
    assert jackfield({**empty, **environment}, "migrate").status == 0


def test_a_data_directory_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    complaint = jackfield({"JACKFIELD_DATA_DIR": str(tmp_path / "file" / "data")}, "migrate").complaint
    assert "JACKFIELD_DATA_DIR" in complaint


def test_a_command_line_that_is_wrong_shows_how_it_is_used() -> None:
    outcome = jackfield({}, "serve", "--port", "0")
    assert (outcome.status, outcome.out) == (2, "")
    assert "Usage:" in outcome.err


# The OpenID provider

OIDC = {
    "JACKFIELD_OIDC__ISSUER": "https://login.example.com/",
    "JACKFIELD_OIDC__CLIENT_ID": "jackfield",
    "JACKFIELD_OIDC__CLIENT_SECRET": "hunter2",
    "JACKFIELD_OIDC__ORGANISATION": "acme",
    "JACKFIELD_OIDC__ROLES": '{"admins": ["hubs-integrations-view", "operate"], "nobody": []}',
}


def test_a_provider_of_identities_is_read_as_it_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**OIDC, "JACKFIELD_OIDC__SCOPES": " openid  groups "}.items():
        monkeypatch.setenv(name, value)
    oidc = read_settings().oidc
    assert oidc is not None
    # a slash at the end is a part of it
    assert oidc.issuer == "https://login.example.com/"
    assert oidc.scopes == ("openid", "groups")
    assert oidc.roles == {"admins": ("hubs-integrations-view", "operate"), "nobody": ()}
    assert (oidc.roles_claim, oidc.label) == ("roles", "single sign-on")
    assert "hunter2" not in repr(oidc)


@pytest.mark.parametrize(
    ("variable", "value", "complaint"),
    [
        ("ISSUER", "", "OIDC__ISSUER: Field required"),
        ("ISSUER", "http://login.example.com", "with TLS unless on this machine"),
        ("ISSUER", "https://login.example.com/?a=b", "OIDC__ISSUER: "),
        ("CLIENT_ID", "", "OIDC__CLIENT_ID: Field required"),
        ("CLIENT_SECRET", "", "OIDC__CLIENT_SECRET: Field required"),
        ("ORGANISATION", "", "OIDC: Value error, set ORGANISATION or ORGANISATION_CLAIM"),
        ("ORGANISATION_CLAIM", "org", "OIDC: Value error, set ORGANISATION or ORGANISATION_CLAIM"),
        ("SCOPES", "profile email", "must have openid among them"),
        ("ROLES", "", "OIDC__ROLES: Field required"),
        ("ROLES", "{}", "OIDC__ROLES: Value error, must give each role"),
        ("ROLES", '{"admins": ["rule-the-world"]}', "OIDC__ROLES: Value error, must give each role"),
        ("ROLES", '{"admins": "operate"}', "OIDC__ROLES: Value error, must be JSON"),
        ("ROLES", "admins=operate", "OIDC__ROLES: Value error, must be JSON"),
        ("LABEL", "x" * 61, "OIDC__LABEL: "),
        ("COLOUR", "red", "OIDC__COLOUR: "),
    ],
    ids=range(15),
)
def test_a_provider_of_identities_is_set_whole_or_not_at_all(
    variable: str, value: str, complaint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, right in OIDC.items():
        monkeypatch.setenv(name, right)
    monkeypatch.setenv(f"JACKFIELD_OIDC__{variable}", value)
    with pytest.raises(Misconfigured) as refused:
        read_settings()
    assert f"JACKFIELD_{complaint}" in str(refused.value) or complaint in str(refused.value)
    assert "hunter2" not in str(refused.value)
