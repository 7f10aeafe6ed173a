"""The form of a vendor: what it asks for, what people's answers mean, and what it says is wrong with them."""

from typing import Any

import pytest

from jackfield.domain.credential import Secrets, mask
from jackfield.domain.definition import Definition, FieldProblem, check_complete, definition_of
from jackfield.domain.schema_fields import Widget
from jackfield.domain.submission import settle_configuration, settle_secrets
from jackfield.providers._registry import provider_classes
from jackfield.web.pages.field_words import ENGLISH
from jackfield.web.pages.manifest_form import ManifestForm, Stored

TOKEN = "ghp_a_token_that_is_long_enough"
PRIVATE_KEY = "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----"


def definition(slug: str) -> Definition:
    return definition_of(provider_classes()[slug].manifest, True)


def sent(**values: str) -> dict[str, list[str]]:
    """What a browser sends; `__` stands for the slash of a control's name."""
    return {name.replace("__", "/"): [value] for name, value in values.items()}


def by_name(form: ManifestForm) -> dict[str, Any]:
    return {one.name: one for way in form.ways for one in way.fields} | {
        one.name: one for one in (*form.settings, *form.more)
    }


@pytest.mark.parametrize("slug", sorted(provider_classes()))
def test_every_vendor_can_be_filled_in_by_each_of_its_ways(slug: str) -> None:
    vendor = definition(slug)
    form = ManifestForm(vendor)
    assert [way.name for way in form.ways] == [method.name for method in vendor.auth_methods]
    asked = {one.path for one in by_name(form).values()}
    assert asked == {("auth", one.auth_key) for one in vendor.secrets} | {
        ("extra", one.name) for one in vendor.configuration
    }
    for way in form.ways:
        reading = form.read({"way": [way.name], **{one.name: ["x"] for one in (*way.fields, *form.settings)}})
        assert reading.way == way.name
        assert set(reading.auth) == {key for kind, key in (one.path for one in way.fields) if kind == "auth"} - {
            one.path[-1] for one in way.fields if one.name in reading.flaws
        }


def test_what_a_manifest_says_decides_how_it_is_asked_for() -> None:
    github = by_name(ManifestForm(definition("github")))
    assert github["token/auth/api_key"].widget is Widget.PASSWORD
    assert github["app/auth/base64_config"].widget is Widget.LINES
    assert github["app/auth/client_id"].widget is Widget.TEXT
    assert all(one.secret for name, one in github.items() if "/auth/" in name)
    assert github["extra/base_url"].widget is Widget.URL
    assert github["app/extra/installation_id"].required
    assert not github["extra/repository"].required
    jira = by_name(ManifestForm(definition("jira")))
    assert jira["extra/issue_type"].initial == ("Task",)
    assert jira["basic/extra/base_url"].widget is Widget.URL


def test_what_is_filled_in_is_what_a_submission_takes() -> None:
    vendor = definition("github")
    form = ManifestForm(vendor)
    reading = form.read(sent(way="token", token__auth__api_key=f" {TOKEN}\r\n", extra__repository="acme/shop"))
    assert reading.flaws == {}
    secrets = settle_secrets(vendor, None, reading.auth)
    assert secrets == Secrets({"access_token": TOKEN})
    assert settle_configuration(vendor, {}, reading.extra) == {"repository": "acme/shop"}
    check_complete(vendor, dict(reading.auth) and {"access_token": TOKEN}, {})
    assert TOKEN not in repr(reading)


def test_only_the_chosen_way_counts() -> None:
    form = ManifestForm(definition("github"))
    filled = sent(
        token__auth__api_key=TOKEN,
        app__auth__client_id="12",
        app__auth__base64_config=PRIVATE_KEY.replace("\n", "\r\n"),
        app__extra__installation_id="7",
    )
    by_app = form.read({**filled, "way": ["app"]})
    assert by_app.auth == {"client_id": "12", "base64_config": PRIVATE_KEY}
    assert by_app.extra == {"installation_id": "7"}
    assert form.read({**filled, "way": ["token"]}).auth == {"api_key": TOKEN}
    # a browser that says nothing means the first
    assert form.read({**filled, "way": ["x"]}).auth == {"api_key": TOKEN}


def test_a_way_can_be_left_out() -> None:
    form = ManifestForm(definition("jira"), without={"oauth"})
    assert [way.name for way in form.ways] == ["basic"]
    assert "extra/cloud_id" not in by_name(form)


def like(example: str) -> str:
    return ENGLISH.malformed_like.replace("{example}", example)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("token/auth/api_key", "", ENGLISH.required),
        ("token/auth/api_key", "two words", like("github_pat_11AAAAAAA0...")),
        ("token/auth/api_key", "ghp_a...", ENGLISH.masked),
        ("token/auth/api_key", "x" * 20_000, ENGLISH.too_long),
        ("extra/repository", "shop", like("acme/shop")),
        ("extra/base_url", "ftp://github.example.com", like("https://github.example.com")),
        ("extra/labels", "a\0b", like("bug, from product")),
    ],
    ids=["none", "spaces", "mask", "long", "repository", "address", "nul"],
)
def test_what_is_wrong_is_said_at_its_field(name: str, value: str, words: str) -> None:
    form = ManifestForm(definition("github"))
    filled = {**sent(way="token", token__auth__api_key=TOKEN), name: [value]}
    reading = form.read(filled)
    assert reading.flaws == {name: (words,)}
    shown = form.shown(filled, reading.flaws)
    [flawed] = shown.flawed
    assert flawed.field.name == name
    # what was typed stays, unless it is secret
    assert list(flawed.values) == ([] if flawed.field.secret else [value])
    assert shown.asks_again == bool(value or name != "token/auth/api_key")


def test_everything_wrong_is_said_at_once() -> None:
    form = ManifestForm(definition("jira"), without={"oauth"})
    reading = form.read(sent(basic__extra__base_url="acme"))
    assert set(reading.flaws) == {"basic/extra/base_url", "basic/auth/api_key", "basic/auth/client_id"}


def test_stored_settings_are_shown_and_secrets_are_not() -> None:
    stored = Stored(configuration={"repository": "acme/shop", "unknown": "x"}, masks={"api_key": mask(TOKEN)})
    shown = ManifestForm(definition("github"), stored).shown()
    [chosen] = [way for way in shown.ways if way.chosen]
    assert chosen.name == "token"
    [token] = chosen.fields
    assert (list(token.values), token.field.required) == ([], False)
    assert mask(TOKEN) in token.field.hint
    [repository] = [one for one in shown.settings if one.field.name == "extra/repository"]
    assert list(repository.values) == ["acme/shop"]


def test_an_empty_secret_stays_and_an_emptied_setting_goes() -> None:
    vendor = definition("github")
    before = {"repository": "acme/shop", "labels": "a", "unknown": "x"}
    form = ManifestForm(vendor, Stored(configuration=before, masks={"api_key": mask(TOKEN)}))
    reading = form.read(sent(way="token", extra__repository="acme/shop", extra__labels=""))
    assert reading.flaws == {}
    assert settle_configuration(vendor, before, reading.extra) == {"repository": "acme/shop", "unknown": "x"}
    assert settle_secrets(vendor, Secrets({"access_token": TOKEN}), reading.auth) == Secrets(
        {"access_token": TOKEN}
    ) or (reading.auth == {})


def test_another_way_empties_what_the_first_had() -> None:
    vendor = definition("github")
    form = ManifestForm(vendor, Stored(configuration={}, masks={"api_key": mask(TOKEN)}))
    incomplete = form.read(sent(way="app", app__auth__client_id="12"))
    assert set(incomplete.flaws) == {"app/auth/base64_config", "app/extra/installation_id"}
    reading = form.read(
        sent(
            way="app", app__auth__client_id="12", app__auth__base64_config=PRIVATE_KEY, app__extra__installation_id="7"
        )
    )
    after = settle_secrets(vendor, Secrets({"access_token": TOKEN}), reading.auth)
    assert after == Secrets({"app_id": "12", "private_key": PRIVATE_KEY})


def test_a_secret_that_two_ways_share_has_to_be_filled_in_anew_for_the_other() -> None:
    stored = Stored(
        configuration={"base_url": "https://acme.atlassian.net"}, masks={"api_key": "...", "client_id": "..."}
    )
    form = ManifestForm(definition("jira"), stored)
    reading = form.read(sent(way="oauth", oauth__extra__cloud_id="11111111-2222-4333-8444-555555555555"))
    assert reading.flaws == {"oauth/auth/api_key": (ENGLISH.required,)}


def test_what_the_service_says_stands_at_its_field() -> None:
    stored = Stored(configuration={}, masks={"api_key": mask(TOKEN)})
    form = ManifestForm(definition("github"), stored)
    moved = FieldProblem(("auth", "api_key"), "Changing base_url sends secrets elsewhere", missing=True)
    assert form.placed(moved, sent(way="token")) == {"token/auth/api_key": (ENGLISH.sent_again,)}
    needed = FieldProblem(("extra", "repository"), "Repository is needed", missing=True)
    assert form.placed(needed, {}) == {"extra/repository": (ENGLISH.required,)}
    refused = FieldProblem(("extra", "repository"), "There is no such repository")
    assert form.placed(refused, {}) == {"extra/repository": ("There is no such repository",)}
    assert form.placed(FieldProblem(("name",), "Taken"), {}) == {"": ("Taken",)}
