"""What people copy is taken for what they mean; what is not clear stays as it is and is refused with an example."""

import re

import pytest

from jackfield.domain.copied import tidy_address, tidy_text, tidy_token
from jackfield.domain.definition import FieldProblem, check_secret, check_setting, definition_of
from jackfield.domain.provider import SecretField, SettingField
from jackfield.providers._registry import provider_classes

DEFINITIONS = {
    slug: definition_of(one.manifest, supports_verification=True) for slug, one in provider_classes().items()
}
FIELDS = [
    pytest.param(field, id=f"{slug}-{field.name}")
    for slug, one in sorted(DEFINITIONS.items())
    for field in (*one.secrets, *one.configuration)
    if field.pattern
]
TOKENS = [(slug, "access_token") for slug, one in sorted(DEFINITIONS.items()) if slug not in {"discord", "teams"}]


def secret(slug: str, name: str) -> SecretField:
    return next(field for field in DEFINITIONS[slug].secrets if field.name == name)


def setting(slug: str, name: str) -> SettingField:
    return next(field for field in DEFINITIONS[slug].configuration if field.name == name)


@pytest.mark.parametrize(
    "copied",
    [
        "{}\n",
        "{}\r\n",
        "  {}",
        "\t{}\t",
        "\ufeff{}",
        "\u200b{}\u200b",
        "\u00a0{}\u00a0",
        '"{}"',
        "'{}'",
        "`{}`",
        "“{}”",
        '"{}"\n',
        "' {} '",
        "Bearer {}",
        "bearer  {}\n",
        "token {}",
        "Authorization: Bearer {}",
        'Bearer "{}"',
    ],
)
@pytest.mark.parametrize(("slug", "name"), TOKENS)
def test_a_token_is_taken_without_what_came_along(slug: str, name: str, copied: str) -> None:
    assert check_secret(secret(slug, name), copied.format("abcdefgh01234567")) == "abcdefgh01234567"


@pytest.mark.parametrize(
    "wrapped", ["abcdefgh\n01234567", "abcdefgh\r\n  01234567\n", "abcdefgh \\\n01234567"[:8] + "\n01234567"]
)
def test_a_token_that_was_wrapped_is_one_again(wrapped: str) -> None:
    assert tidy_token(wrapped) == "abcdefgh01234567"


@pytest.mark.parametrize(("slug", "name"), TOKENS)
def test_a_token_with_a_blank_in_it_is_refused_in_a_sentence(slug: str, name: str) -> None:
    with pytest.raises(FieldProblem) as refused:
        check_secret(secret(slug, name), "two words")
    assert "no blanks or line breaks" in str(refused.value)
    assert "Example: " in str(refused.value)
    assert "two words" not in str(refused.value)


@pytest.mark.parametrize(
    "copied",
    [
        "https://vendor.example.com",
        "https://vendor.example.com/",
        "https://vendor.example.com//",
        "HTTPS://Vendor.Example.COM",
        "https://vendor.example.com:443/",
        "vendor.example.com",
        "vendor.example.com/",
        " https://vendor.example.com\n",
        "<https://vendor.example.com>",
        '"https://vendor.example.com"',
        "https://vendor.example.com/?utm_source=x",
        "https://vendor.example.com#top",
        "https://vendor.example.com/api/v3",
        "https://vendor.example.com/api/v3/",
        "https://vendor.example.com/api/v4/projects",
        "https://vendor.example.com/api/0/",
        "https://vendor.example.com/rest/api/3/myself",
        "https://vendor.example.com/browse/ENG-7",
        "https://vendor.example.com/jira/software/projects/ENG/boards/1",
        "https://vendor.example.com/wiki/spaces/DOC",
        "https://vendor.example.com/API/V4",
        "https://vendor.example.com/api/rest/users/me",
        "https://vendor.example.com/view.php?id=7",
    ],
)
@pytest.mark.parametrize(
    "slug", [slug for slug, one in DEFINITIONS.items() for f in one.configuration if f.name == "base_url"]
)
def test_an_address_is_taken_in_one_spelling(slug: str, copied: str) -> None:
    assert check_setting(setting(slug, "base_url"), copied) == "https://vendor.example.com"


@pytest.mark.parametrize(
    ("copied", "meant"),
    [
        ("http://127.0.0.1:18561/ghe/api/v3", "http://127.0.0.1:18561/ghe"),
        ("http://vendor.example.com:80/mantis/", "http://vendor.example.com/mantis"),
        ("https://vendor.example.com:8443/x/", "https://vendor.example.com:8443/x"),
        ("https://[2001:DB8::1]:443/", "https://[2001:db8::1]"),
        # a step of the path that only begins like one of ours
        ("https://vendor.example.com/wikis", "https://vendor.example.com/wikis"),
        ("https://vendor.example.com/api/v33", "https://vendor.example.com/api/v33"),
    ],
)
def test_the_address_of_a_server_below_a_path_keeps_it(copied: str, meant: str) -> None:
    assert check_setting(setting("github", "base_url"), copied) == meant


@pytest.mark.parametrize(
    "text",
    [
        "ftp://vendor.example.com",
        "https://",
        "https://user:password@vendor.example.com",
        "vendor",
        "https://a b",
        "//x.example.com",
        "https://[::1",
        "https://x:99999",
        "",
    ],
)
def test_what_is_no_address_stays_as_it_is(text: str) -> None:
    assert tidy_address(text, ("/api/v3",)) == text


@pytest.mark.parametrize(
    ("slug", "name", "copied", "meant"),
    [
        ("github", "repository", "https://github.com/acme/shop", "acme/shop"),
        ("github", "repository", "https://github.com/acme/shop/", "acme/shop"),
        ("github", "repository", "https://github.com/acme/shop.git", "acme/shop"),
        ("github", "repository", "https://github.com/acme/shop.js/issues?q=is%3Aopen", "acme/shop.js"),
        ("github", "repository", "git@github.com:acme/shop.git", "acme/shop"),
        ("github", "repository", "ssh://git@github.com/acme/shop.git", "acme/shop"),
        ("github", "repository", " acme/shop/ ", "acme/shop"),
        ("github", "repository", "/acme/shop", "acme/shop"),
        ("github", "installation_id", "https://github.com/organizations/acme/settings/installations/7", "7"),
        ("github", "org_slug", "https://github.com/acme", "acme"),
        ("gitlab", "project", "https://gitlab.com/group/sub/name/-/issues", "group/sub/name"),
        ("gitlab", "project", "https://gitlab.com/group/sub/name.git", "group/sub/name"),
        ("gitlab", "project", "git@gitlab.com:group/name.git", "group/name"),
        ("gitlab", "project", "/group/name/", "group/name"),
        ("gitlab", "project", "278964", "278964"),
        ("sentry", "org_slug", "https://acme.sentry.io/issues/", "acme"),
        ("sentry", "org_slug", "https://sentry.example.com/organizations/acme/issues/", "acme"),
        ("sentry", "project_slug", "https://acme.sentry.io/settings/projects/web-shop/", "web-shop"),
        ("slack", "channel", "https://acme.slack.com/archives/C0123456789", "C0123456789"),
        ("slack", "channel", "https://app.slack.com/client/T01/C0123456789", "C0123456789"),
        ("slack", "channel", "#general", "#general"),
        ("linear", "team_id", "https://linear.app/acme/team/ENG/all", "ENG"),
        ("discord", "thread_id", "https://discord.com/channels/111111111/222222222", "222222222"),
        ("jira", "project_key", "https://acme.atlassian.net/browse/ENG-7", "ENG"),
        ("jira", "project_key", "https://acme.atlassian.net/jira/software/projects/ENG/boards/1", "ENG"),
        ("jira", "project_key", "ENG-7", "ENG"),
        ("confluence", "parent_id", "https://acme.atlassian.net/wiki/spaces/DOC/pages/1277953/Home", "1277953"),
        ("mantisbt", "project", '"Web shop"', "Web shop"),
    ],
)
def test_a_setting_is_taken_from_the_address_of_its_page(slug: str, name: str, copied: str, meant: str) -> None:
    assert check_setting(setting(slug, name), copied) == meant


@pytest.mark.parametrize(
    ("slug", "copied", "meant"),
    [
        (
            "discord",
            "https://Discord.com/api/webhooks/123456789012345678/AbC/",
            "https://discord.com/api/webhooks/123456789012345678/AbC",
        ),
        (
            "discord",
            "https://discord.com/api/webhooks/123456789012345678/AbC?wait=true",
            "https://discord.com/api/webhooks/123456789012345678/AbC",
        ),
        (
            "discord",
            "https://discord.com/api/webhooks/123456789012345678/AbC/slack",
            "https://discord.com/api/webhooks/123456789012345678/AbC",
        ),
        (
            "discord",
            "discord.com/api/webhooks/123456789012345678/AbC\n",
            "https://discord.com/api/webhooks/123456789012345678/AbC",
        ),
        (
            "teams",
            "https://prod-00.westeurope.LOGIC.azure.com:443/workflows/6/triggers/manual/paths/invoke?sig=aB\n",
            "https://prod-00.westeurope.logic.azure.com/workflows/6/triggers/manual/paths/invoke?sig=aB",
        ),
    ],
)
def test_a_webhook_is_taken_as_it_was_copied(slug: str, copied: str, meant: str) -> None:
    assert check_secret(secret(slug, "webhook_url"), copied) == meant


@pytest.mark.parametrize("field", FIELDS)
def test_every_field_with_a_pattern_has_an_example_that_fits(field: SecretField | SettingField) -> None:
    assert field.example
    assert re.fullmatch(field.pattern or "", field.example) or field.example.endswith("...")
    assert field.tidied(field.example) == field.example


@pytest.mark.parametrize("field", FIELDS)
def test_no_refusal_shows_a_pattern(field: SecretField | SettingField) -> None:
    check = check_secret if isinstance(field, SecretField) else check_setting
    with pytest.raises(FieldProblem) as refused:
        check(field, "x y," + "z" * 9_000)  # type: ignore[arg-type]
    words = str(refused.value)
    assert field.title in words
    assert field.example in words  # type: ignore[operator]
    assert (field.pattern or "") not in words


@pytest.mark.parametrize(
    "text",
    [
        '"' * 16_000,
        " \t" * 8_000 + "x",
        "Bearer " * 2_000,
        "\n " * 8_000,
        "[" * 16_000,
        "a." * 8_000,
        "https://" + "/" * 16_000,
    ],
)
def test_the_longest_values_are_read_at_once(text: str) -> None:
    for field in (one.values[0] for one in FIELDS):
        field.tidied(text)  # what would take more than its length in steps would not end here
    assert len(tidy_text(text)) <= len(text)
