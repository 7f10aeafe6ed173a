"""What every provider declares, whoever wrote it."""

import re
from datetime import date

import pytest

from jackfield.domain.provider import AUTH_KEYS, Manifest, SecretField, SettingField, Verifies
from jackfield.providers._http import Endpoints
from support.recorded import CLASSES

MANIFESTS = [provider.manifest for provider in CLASSES.values()]
BUILT_IN = {
    "sentry": "access_token org_slug* project_slug base_url!",
    "github": "access_token app_id private_key repository* labels base_url! installation_id",
    "gitlab": "access_token project* base_url!",
    "slack": "access_token channel* workspace_id",
    "jira": "access_token username project_key* issue_type base_url! cloud_id! workspace_id",
    "confluence": "access_token username space_id* parent_id base_url! cloud_id! workspace_id",
    "linear": "access_token team_id* project_id workspace_id",
    "discord": "webhook_url thread_id",
    "teams": "webhook_url",
    "mantisbt": "access_token base_url*! project* category",
}


def fields_of(manifest: Manifest) -> list[SecretField | SettingField]:
    return [*manifest.secrets, *manifest.configuration]


every_manifest = pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda manifest: manifest.slug)


def test_the_folder_is_the_catalogue() -> None:
    assert set(CLASSES) >= set(BUILT_IN)
    assert list(CLASSES) == sorted(CLASSES)


@pytest.mark.parametrize("slug", BUILT_IN)
def test_the_ten_have_the_fields_that_callers_know(slug: str) -> None:
    manifest = CLASSES[slug].manifest
    fields = {secret.name for secret in manifest.secrets}
    for setting in manifest.configuration:
        fields.add(setting.name + "*" * setting.needed_to_deliver + "!" * setting.destination)
    assert set(BUILT_IN[slug].split()) <= fields


@every_manifest
def test_every_fact_has_a_source(manifest: Manifest) -> None:
    assert manifest.sources
    for source in manifest.sources:
        assert source.facts
        assert re.match(r"https://[a-z0-9.-]+\.[a-z]+/\S+$", source.url)
        assert source.checked_at <= date(2100, 1, 1)
        assert source.checked_at >= date(2026, 11, 21)


@every_manifest
def test_every_field_says_what_it_is_and_where_it_is_found(manifest: Manifest) -> None:
    for field in fields_of(manifest):
        assert re.match(r"[A-Z]", field.title)
        assert re.match(r"[A-Z].{10,}\.$", field.help), field.name


@every_manifest
def test_patterns_compile_and_are_about_the_whole_value(manifest: Manifest) -> None:
    for field in fields_of(manifest):
        if field.pattern is not None:
            assert re.compile(field.pattern)
            assert field.pattern.startswith("^")
            assert field.pattern.endswith("$")
            assert re.search(field.pattern, "\n") is None


@every_manifest
def test_a_default_is_a_value_that_the_field_takes(manifest: Manifest) -> None:
    for setting in manifest.configuration:
        if setting.default is not None:
            assert setting.options is None or setting.default in setting.options
            assert setting.pattern is None or re.search(setting.pattern, setting.default)


@every_manifest
def test_the_first_way_to_prove_oneself_is_the_required_one(manifest: Manifest) -> None:
    required = {secret.name for secret in manifest.secrets if secret.required}
    assert required == set(manifest.auth_methods[0].secrets)
    assert {secret.auth_key for secret in manifest.secrets} <= set(AUTH_KEYS)
    named = {name for method in manifest.auth_methods for name in method.secrets}
    assert named == {secret.name for secret in manifest.secrets}


@every_manifest
def test_what_decides_where_secrets_go_is_marked(manifest: Manifest) -> None:
    marked = {setting.name for setting in manifest.configuration if setting.destination}
    assert marked == {setting.name for setting in manifest.configuration} & {"base_url", "cloud_id", "region", "site"}


@every_manifest
def test_what_is_asked_for_by_oauth_is_said_in_words(manifest: Manifest) -> None:
    if manifest.oauth is None:
        return
    assert set(manifest.oauth.scopes) <= set(manifest.oauth.scope_words)
    for scope, words in manifest.oauth.scope_words.items():
        # visible ASCII, as connect sessions take scopes
        assert re.fullmatch(r"[!#-+\--\[\]-~]+", scope)
        # one short phrase, which stands in a list
        assert re.fullmatch(r"[A-Z][A-Za-z, '-]{3,118}[a-z]", words), words


@every_manifest
def test_addresses_are_ones(manifest: Manifest) -> None:
    for url in (manifest.url, manifest.base_url, manifest.api_url):
        assert url is None or re.match(r"https://[a-z0-9.-]+(/[a-z0-9/-]*[a-z0-9])?$", url)


def test_only_what_can_be_proved_in_silence_is_verified() -> None:
    silent = {slug for slug, made in CLASSES.items() if not isinstance(made(None, Endpoints()), Verifies)}  # type: ignore[arg-type]
    assert silent == {"teams"}


@pytest.mark.parametrize(
    ("url", "taken"),
    [
        ("https://prod-12.westeurope.logic.azure.com:443/workflows/0a1b/triggers/manual/paths/invoke?sig=x", True),
        ("https://default1.2.environment.api.powerplatform.com/powerautomate/automations/direct/x?sig=y", True),
        ("https://emea.powerautomate.com/webhooks/abc?sig=x", True),
        ("https://prod-00.usgovtexas.logic.azure.us:443/workflows/6/triggers/manual/paths/invoke?sig=x", True),
        ("https://default1.2.environment.api.gov.powerplatform.microsoft.us/powerautomate/x?sig=y", True),
        ("https://default1.2.environment.api.high.powerplatform.microsoft.us/powerautomate/x?sig=y", True),
        ("https://default1.2.environment.api.appsplatform.us/powerautomate/x?sig=y", True),
        ("https://prod-01.chinaeast2.logic.azure.cn/workflows/x?sig=y", True),
        ("https://acme.webhook.office.com/webhookb2/x", False),
        ("https://powerautomate.com.example.com/x", False),
        ("https://evilpowerautomate.com/x", False),
        ("https://evil.com/.logic.azure.us/x", False),
        ("https://prod-12.logic.azure.us:8443/x", False),
        ("http://prod-12.westeurope.logic.azure.com/workflows/x", False),
        ("https://logic.azure.com.example.com/workflows/x", False),
        ("https://example.com/?prod-12.logic.azure.com/x", False),
        ("https://prod-12.logic.azure.com@example.com/x", False),
    ],
)
def test_teams_takes_webhooks_of_workflows_alone(url: str, taken: bool) -> None:
    [secret] = CLASSES["teams"].manifest.secrets
    assert secret.pattern is not None
    assert (re.search(secret.pattern, url) is not None) == taken
    # as people may write the host
    scheme, _, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    shouted = secret.tidied(f"{scheme.upper()}://{host.upper()}{slash}{path}")
    assert (re.search(secret.pattern, shouted) is not None) == taken
