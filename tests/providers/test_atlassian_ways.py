"""Where a login to Jira or Confluence goes, and what is told when it is refused."""

import asyncio
import dataclasses
from typing import Any

import pytest

from jackfield.domain.credential import Secrets
from jackfield.domain.provider import (
    ConfigurationRejected,
    Connection,
    CredentialRefused,
    Delivered,
    ObjectVanished,
    ProviderError,
    RightMissing,
    VendorLimited,
)
from support.recorded import case, provider_at
from support.vendor import Answer, Behaviour, routed

CLOUD_ID = "99999999-8888-4777-a666-555555555555"
SLUGS = ("jira", "confluence")
ME = {"jira": "/rest/api/3/myself", "confluence": "/wiki/rest/api/user/current"}
USER = Answer.of({"type": "known", "accountId": "5b10", "displayName": "Mia"})
REFUSED = Answer(401, {}, b"Client must be authenticated to access this resource.")
UNKNOWN_CLOUD_ID = Answer.of({"code": 404, "message": "Not Found"}, 404)


async def called(
    slug: str,
    behaviour: Behaviour,
    configuration: dict[str, str],
    *,
    name: str = "verified",
    times: int = 1,
    secrets: dict[str, str] | None = None,
) -> tuple[Any, list[str]]:
    """What came of the last call, or its error, and the paths that were asked for."""
    one = case(slug, name)
    replaced = {"configuration": configuration, "endpoints": {"api_url": "{url}/gw"}, "secrets": secrets or one.secrets}
    one = dataclasses.replace(one, **replaced)
    came: Any = None
    async with provider_at(one, behaviour) as (provider, connection, there):
        for _ in range(times):
            try:
                came = await getattr(provider, one.call)(connection, *one.arguments())
            except ProviderError as error:
                came = error
        return came, [asked.path.partition("?")[0] for asked in there.seen]


def at_both(slug: str, *, gateway: Answer, site: Answer) -> Behaviour:
    return routed(("GET", rf"^/gw/ex/{slug}/", gateway), ("GET", r"^/site/", site))


@pytest.mark.parametrize("slug", SLUGS)
def test_a_token_with_scopes_works_at_the_gateway_once_the_cloud_id_is_known(slug: str) -> None:
    settings = {"base_url": "{url}/site", "cloud_id": CLOUD_ID}
    came, paths = asyncio.run(called(slug, at_both(slug, gateway=USER, site=REFUSED), settings))
    assert came.account.name == "Mia"
    assert paths == [f"/gw/ex/{slug}/{CLOUD_ID}{ME[slug]}"]


@pytest.mark.parametrize("slug", SLUGS)
@pytest.mark.parametrize("refusal", [REFUSED, Answer(401), UNKNOWN_CLOUD_ID])
def test_a_login_that_the_gateway_refuses_goes_to_the_site_and_there_at_once_from_then_on(
    slug: str, refusal: Answer
) -> None:
    settings = {"base_url": "{url}/site", "cloud_id": CLOUD_ID}
    came, paths = asyncio.run(called(slug, at_both(slug, gateway=refusal, site=USER), settings, times=3))
    assert came.account.id == "5b10"
    assert paths == [f"/gw/ex/{slug}/{CLOUD_ID}{ME[slug]}", *[f"/site{ME[slug]}"] * 3]


@pytest.mark.parametrize("slug", SLUGS)
@pytest.mark.parametrize("of", SLUGS)
@pytest.mark.parametrize("rest", ["", "/", "/rest/api/3", "/wiki/api/v2/"])
def test_the_gateway_given_as_the_address_is_the_gateway(slug: str, of: str, rest: str) -> None:
    settings = {"base_url": f"{{url}}/elsewhere/ex/{of}/{CLOUD_ID.upper()}{rest}"}
    behaviour = routed(("GET", rf"^/elsewhere/ex/{slug}/{CLOUD_ID.upper()}{ME[slug]}", USER))
    came, _ = asyncio.run(called(slug, behaviour, settings))
    assert came.account.name == "Mia"


@pytest.mark.parametrize("slug", SLUGS)
def test_an_oauth_token_goes_to_the_gateway_that_is_given_as_the_address(slug: str) -> None:
    settings = {"base_url": f"{{url}}/gw/ex/{slug}/{CLOUD_ID}"}
    behaviour = at_both(slug, gateway=USER, site=REFUSED)
    came, _ = asyncio.run(called(slug, behaviour, settings, secrets={"access_token": "an-oauth-token"}))
    assert came.account.name == "Mia"


def test_links_lead_to_the_site_though_the_gateway_is_the_address() -> None:
    settings = {"base_url": f"{{url}}/gw/ex/jira/{CLOUD_ID}", "project_key": "ENG"}
    behaviour = routed(
        ("POST", r"^/gw/ex/jira/[^/]+/rest/api/3/issue$", Answer.of({"id": "7", "key": "ENG-7"}, 201)),
        ("GET", r"/serverInfo$", Answer.of({"baseUrl": "https://acme.atlassian.net"})),
    )
    came, _ = asyncio.run(called("jira", behaviour, settings, name="deliver_created"))
    assert came == Delivered(vendor_id="7", url="https://acme.atlassian.net/browse/ENG-7")


@pytest.mark.parametrize("slug", SLUGS)
def test_a_refused_login_at_the_site_names_the_possibility_of_scopes(slug: str) -> None:
    came, _ = asyncio.run(called(slug, at_both(slug, gateway=USER, site=REFUSED), {"base_url": "{url}/site"}))
    assert type(came) is CredentialRefused
    assert "scopes" in str(came)
    assert "cloud ID" in str(came)


@pytest.mark.parametrize("slug", SLUGS)
@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (Answer(403, {"X-Authentication-Denied-Reason": "CAPTCHA_CHALLENGE; login-url=https://x"}), "cred", "CAPTCHA"),
        (Answer(401, {"X-Seraph-LoginReason": "AUTHENTICATION_DENIED"}), "cred", "CAPTCHA"),
        (Answer(404, {"X-Seraph-LoginReason": "OUT, AUTHENTICATED_FAILED"}), "cred", "expired"),
        (Answer(401, {"X-Failure-Category": "FAILURE_CLIENT_SCOPE_CHECK"}), "right", "lacks a scope"),
        (Answer.of({"code": 401, "message": "Unauthorized; scope does not match"}, 401), "right", "lacks a scope"),
        (
            Answer.of({"statusCode": 403, "message": "Current user not permitted to use Confluence"}, 403),
            "right",
            "acc",
        ),
        (
            Answer.of(
                {"errorMessages": ["The IP address has been rejected because it is not on the allowed list."]}, 403
            ),
            "settings",
            "IP allowlist",
        ),
        (Answer(403, {}, b"<p>Your token has been blocked by an admin</p>"), "settings", "blocked API tokens"),
        (
            Answer.of({"code": 403, "message": "The app is not installed on this instance"}, 403),
            "cred",
            "connect again",
        ),
        (Answer(404, {}, b"<h1>This site has been deactivated</h1>"), "settings", "reactivate"),
    ],
)
def test_a_refusal_says_which_of_its_many_reasons_it_has(slug: str, answer: Answer, kind: str, words: str) -> None:
    settings = {"base_url": "{url}/site", "cloud_id": CLOUD_ID}
    came, _ = asyncio.run(called(slug, at_both(slug, gateway=answer, site=answer), settings))
    kinds = {"cred": CredentialRefused, "right": RightMissing, "settings": ConfigurationRejected}
    assert type(came) is kinds[kind], repr(came)
    assert words in str(came)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "41", "RateLimit-Reason": "jira-quota-tenant-based"}, 41.0),
        ({"X-RateLimit-Reset": "2020-01-01T00:00Z", "RateLimit-Reason": "jira-burst-based"}, 0.0),
        ({"RateLimit-Reason": "jira-never-heard-of"}, None),
    ],
)
def test_a_limit_waits_as_long_as_any_header_says(headers: dict[str, str], seconds: float | None) -> None:
    limited = Answer(429, headers)
    came, _ = asyncio.run(called("jira", at_both("jira", gateway=limited, site=limited), {"base_url": "{url}/site"}))
    assert type(came) is VendorLimited
    assert came.retry_after == seconds


@pytest.mark.parametrize(("slug", "object_id"), [("jira", "10042"), ("confluence", "98765")])
def test_an_object_that_an_expired_token_cannot_see_has_not_vanished(slug: str, object_id: str) -> None:
    hidden = Answer.of({"errorMessages": ["Issue does not exist"], "errors": [{"title": "Not Found"}]}, 404)
    settings = {"base_url": "{url}/site", "project_key": "ENG", "space_id": "5"}
    for user, kind in ((USER, ObjectVanished), (REFUSED, CredentialRefused)):
        behaviour = routed(("GET", ME[slug], user), ("GET", rf"/(issue|pages)/{object_id}", hidden))
        came, _ = asyncio.run(called(slug, behaviour, settings, name="deliver_updated"))
        assert type(came) is kind


def test_issues_that_nobody_is_shown_have_not_all_vanished() -> None:
    nothing = Answer.of({"issues": [], "issueErrors": []})

    async def read(user: Answer) -> Any:
        behaviour = routed(("POST", "/bulkfetch", nothing), ("GET", "/myself", user))
        async with provider_at(case("jira", "read_back_states"), behaviour) as (provider, connection, _):
            return await provider.read_back(connection, ["1", "2"])

    assert asyncio.run(read(USER)) == {}
    with pytest.raises(CredentialRefused):
        asyncio.run(read(REFUSED))


@pytest.mark.parametrize(
    "address",
    [
        "https://ACME.atlassian.net/jira/software/projects/ABC/boards/1",
        "https://acme.atlassian.net/wiki/spaces/DOC/overview",
        "https://acme.atlassian.net/",
        "https://acme.atlassian.net/jira/for-you",
        "http://acme.atlassian.net/issues",
    ],
)
@pytest.mark.parametrize("slug", SLUGS)
def test_the_address_of_any_page_of_a_site_is_the_site(slug: str, address: str) -> None:
    async def site() -> str | None:
        async with provider_at(case(slug, "verified"), routed()) as (provider, _, _there):
            found: str | None = provider._site.site(Connection(Secrets({}), {"base_url": address}))
            return found

    assert asyncio.run(site()) == "https://acme.atlassian.net"
