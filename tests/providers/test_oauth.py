"""The vendor side of OAuth against recorded replies: what is asked, what is granted, and each way to be refused."""

import asyncio
import json
import logging
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import pytest

from jackfield.domain import provider as domain
from jackfield.domain.authorization import Authorizes, Granted, RevokesGrants, Site
from jackfield.domain.credential import Secrets
from jackfield.domain.provider import ProviderError
from jackfield.providers._http import AnswerTooLong, Endpoints
from jackfield.providers._oauth2 import AuthorizesByCode
from support.recorded import CLASSES, lies
from support.recorded_oauth import APPLICATION, OAuthCase, called_at, oauth_case, oauth_cases
from support.vendor import Answer, Behaviour, Vendor, answers, floods, hangs, path_of, resets

SLUGS: Final = ("confluence", "github", "gitlab", "jira", "linear", "sentry", "slack")
INSTANCES: Final[dict[str, Any]] = {slug: made(None, Endpoints()) for slug, made in CLASSES.items()}  # type: ignore[arg-type]
CASES: Final = [one for slug in CLASSES for one in oauth_cases(slug)]
#: the calls of which a fault is tried: each is the last that goes to the token endpoint
ASKING: Final = [(slug, name) for slug in SLUGS for name in ("exchanged", "refreshed")]
#: what each vendor shows, by the name of the file
SHOWN: Final = {
    "authorize": None,
    "authorize_with_other_rights": None,
    "exchanged": None,
    "refreshed": None,
    "code_refused": "GrantRefused",
    "refresh_refused": "GrantRefused",
    "refresh_without_a_refresh_token": "GrantRefused",
    "application_refused": "ApplicationRefused",
}
#: a clock may go on by so much while a case is played
TOLERANCE_SECONDS: Final = 30.0

every_vendor = pytest.mark.parametrize("slug", SLUGS)
every_asking = pytest.mark.parametrize(("slug", "name"), ASKING)


def test_who_connects_by_oauth_says_how() -> None:
    declared = {slug for slug, one in CLASSES.items() if one.manifest.oauth is not None}
    assert declared == set(SLUGS)
    assert declared == {slug for slug, one in INSTANCES.items() if isinstance(one, Authorizes)}
    for slug in SLUGS:
        oauth = CLASSES[slug].manifest.oauth
        assert oauth is not None
        assert oauth.registration
        assert oauth.scopes
        assert oauth.refreshes
        # the first set is the credential that everything else works with
        assert (oauth.token_sets[0].access, oauth.token_sets[0].scope_prefix) == ("access_token", "")
        members = [name for one in oauth.token_sets for name in (one.access, one.refresh, one.expires_at, one.scope)]
        assert len(members) == len(set(members))
        # times and rights open nothing, and two credentials are not the same for having the same
        telling = Secrets(
            dict.fromkeys([name for one in oauth.token_sets for name in (one.expires_at, one.scope)], "x")
        )
        assert dict(telling.without_keys()) == dict(telling)
        assert not telling.opens_with(telling)


def test_a_flow_speaks_of_token_sets_that_there_are() -> None:
    for slug in SLUGS:
        provider = INSTANCES[slug]
        assert isinstance(provider, AuthorizesByCode)
        assert set(provider.flow.places) <= {one.access for one in provider.manifest.oauth.token_sets}
        assert set(provider.flow.told) <= {setting.name for setting in provider.manifest.configuration}


@pytest.mark.parametrize(("slug", "name"), [(slug, name) for slug in SLUGS for name in SHOWN])
def test_each_way_through_is_recorded(slug: str, name: str) -> None:
    assert oauth_case(slug, name).expected.get("error") == SHOWN[name]


@pytest.mark.parametrize("slug", [slug for slug, one in INSTANCES.items() if isinstance(one, RevokesGrants)])
def test_ending_a_grant_is_recorded(slug: str) -> None:
    recorded = {one.name: one.expected for one in oauth_cases(slug) if one.call == "revoke_grant"}
    assert recorded["ended"] == {"done": True}
    assert recorded["end_application_refused"]["error"] == "ApplicationRefused"
    assert recorded["end_server_error"]["error"] == "VendorUnavailable"
    assert recorded["end_other_kind_of_token"]["error"] == "Unsupported"
    assert recorded["end_elsewhere"]["field"] == "base_url"


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_recorded_reply_means_what_is_expected(case: OAuthCase, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    result, error, at = asyncio.run(play(case))

    assert len(at.seen) == len(case.exchanges), "it did not call as often as recorded"
    for asked, exchange in zip(at.seen, case.exchanges, strict=True):
        request = exchange["request"]
        assert (asked.method, asked.path) == (request["method"], request["path"])
        assert {name: asked.headers.get(name) for name in request["headers"]} == request["headers"]
        if "form" in request:
            assert dict(parse_qsl(asked.body.decode(), strict_parsing=True)) == request["form"]
        if "json" in request:
            assert json.loads(asked.body) == request["json"]

    expected = json.loads(json.dumps(case.expected).replace("{url}", at.url))
    if "error" in expected:
        assert error is not None
        assert type(error) is getattr(domain, expected["error"]), repr(error)
        assert getattr(error, "field", None) == expected.get("field")
        check_sentence(error, case)
    elif "url" in expected:
        assert error is None
        page, _, query = result.partition("?")
        assert page == expected["url"]
        assert dict(parse_qsl(query, strict_parsing=True)) == expected["query"]
        assert APPLICATION.client_secret not in result
    elif "secrets" in expected:
        assert error is None
        check_granted(result, expected)
    else:
        assert expected == {"done": True}
        assert (result, error) == (None, None)
    for word in case.secret_words():
        assert word not in caplog.text


@every_asking
@pytest.mark.parametrize("status", [400, 401, 403, 200])
@pytest.mark.parametrize(
    ("told", "error"),
    [
        ("invalid_grant", domain.GrantRefused),
        ("invalid_client", domain.ApplicationRefused),
        ("unauthorized_client", domain.ApplicationRefused),
        ("invalid_scope", domain.ApplicationRefused),
        ("temporarily_unavailable", domain.VendorUnavailable),
        ("server_error", domain.VendorUnavailable),
        ("slow_down", domain.VendorLimited),
        ("never_heard_of", domain.UnknownRefusal),
        ({"code": 4}, domain.VendorUnavailable),
        (True, domain.VendorUnavailable),
    ],
)
def test_an_error_is_what_its_name_says_whatever_the_status(
    slug: str, name: str, status: int, told: Any, error: type[ProviderError]
) -> None:
    case = oauth_case(slug, name)
    # some say it beside tokens that look good
    body = {**case.exchanges[0]["reply"]["json"], "error": told, "error_description": "x" * 5000}
    _, raised, at = asyncio.run(play(case, answers(Answer.of(body, status))))
    # what has no name is called by its status, where that is a refusal
    nameless = not isinstance(told, str) and status >= 400
    assert type(raised) is (domain.UnknownRefusal if nameless else error)
    assert len(at.seen) == 1
    check_sentence(raised, case)


@every_asking
@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Answer(200, {"Content-Type": "text/html"}, b"<html>Log in</html>"), domain.VendorUnavailable),
        (Answer(403, {"Content-Type": "text/html"}, b"<html>Blocked</html>"), domain.UnknownRefusal),
        (Answer(404, {}, b""), domain.UnknownRefusal),
        (Answer(200, {}, b""), domain.VendorUnavailable),
        (Answer(200, {}, b'{"access_token": "recorded-trunc'), domain.VendorUnavailable),
        (Answer(200, {}, b"[" * 100_000), domain.VendorUnavailable),
        (Answer(200, {}, b"\xff\xfe"), domain.VendorUnavailable),
        (Answer(200, {}, b"null"), domain.VendorUnavailable),
        (Answer(200, {}, b"[]"), domain.VendorUnavailable),
        (Answer.of({"access_token": "good"}, 400), domain.UnknownRefusal),
        (Answer.of({"error": "invalid_grant"}, 500), domain.VendorUnavailable),
        (
            Answer.of({"error": "invalid_grant"}, 302, {"Location": "https://x.example.com"}),
            domain.ConfigurationRejected,
        ),
        (Answer(503, {}, b"away"), domain.VendorUnavailable),
        (Answer.of({"error": "invalid_grant"}, 429, {"Retry-After": "7"}), domain.VendorLimited),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else None,
)
def test_no_usable_answer_is_never_a_refusal(slug: str, name: str, answer: Answer, error: type[ProviderError]) -> None:
    case = oauth_case(slug, name)
    _, raised, at = asyncio.run(play(case, answers(answer)))
    assert type(raised) is error
    assert getattr(raised, "retry_after", None) == (7.0 if error is domain.VendorLimited else None)
    assert len(at.seen) == 1
    check_sentence(raised, case)


@every_asking
@pytest.mark.parametrize(
    ("status", "body"),
    [
        (401, {"statusCode": 401, "code": "FST_JWT_AUTHORIZATION_TOKEN_EXPIRED", "error": "Unauthorized"}),
        (401, {"message": "Authorization token expired"}),
        (400, {"error": "invalid_request", "error_description": "The refresh token is invalid."}),
        (400, {"error": "bad_request", "message": "Refresh token has been revoked"}),
        (403, {"error": "forbidden", "detail": "Unknown refresh token"}),
        (404, {"message": "Token not found"}),
    ],
)
def test_a_grant_that_is_refused_in_words_of_their_own_is_refused(
    slug: str, name: str, status: int, body: dict[str, Any]
) -> None:
    _, raised, at = asyncio.run(play(oauth_case(slug, name), answers(Answer.of(body, status))))
    assert type(raised) is domain.GrantRefused
    assert len(at.seen) == 1


@pytest.mark.parametrize(("slug", "name"), [("slack", "refreshed"), ("slack", "refreshed_of_user")])
@pytest.mark.parametrize(
    "odd",
    [
        {"token_type": None},
        {"token_type": ""},
        {"token_type": "Bearer"},
        {"token_type": "something new"},
        {"scope": None},
        {"scope": 5},
        {"expires_in": "soon"},
        {"team": None, "enterprise": 7, "authed_user": []},
    ],
    ids=str,
)
def test_a_good_token_is_kept_whatever_else_is_odd(slug: str, name: str, odd: dict[str, Any]) -> None:
    case = oauth_case(slug, name)
    full = case.exchanges[0]["reply"]["json"]
    for body in ({**full, **odd}, {member: value for member, value in full.items() if member not in odd}):
        result, raised, _ = asyncio.run(play(case, answers(Answer.of(body))))
        assert raised is None
        assert full["access_token"] in result.secrets.values()
        assert full["refresh_token"] in result.secrets.values()


@every_asking
@pytest.mark.parametrize("behaviour", [resets, hangs, floods], ids=["resets", "hangs", "floods"])
def test_a_vendor_that_breaks_off_is_unavailable(slug: str, name: str, behaviour: Behaviour) -> None:
    _, raised, at = asyncio.run(play(oauth_case(slug, name), behaviour, 0.3 if behaviour is hangs else 10.0))
    assert type(raised) is (AnswerTooLong if behaviour is floods else domain.VendorUnavailable)
    # a code and a refresh token are taken once: nobody asks twice by itself
    assert len(at.seen) == 1


@every_asking
@pytest.mark.parametrize("member", ["access_token", "refresh_token"])
@pytest.mark.parametrize("token", ["two\r\nX-Lines: 1", "line\n", "a b", "über", "x" * 8001, 5, True, ["t"], {}])
def test_a_token_that_cannot_be_sent_is_not_kept(slug: str, name: str, member: str, token: Any) -> None:
    case = oauth_case(slug, name)
    result, raised, _ = asyncio.run(play(case, answers(Answer.of(lied(case, **{member: token})))))
    assert result is None
    assert type(raised) is domain.VendorUnavailable
    check_sentence(raised, case)
    assert not isinstance(token, str) or token not in str(raised)


@every_asking
def test_an_empty_token_is_none(slug: str, name: str) -> None:
    case = oauth_case(slug, name)
    result, _, _ = asyncio.run(play(case, [Answer.of(lied(case, refresh_token="")), *case.answers()[1:]]))
    assert not result.secrets.get("refresh_token")
    _, error, _ = asyncio.run(play(case, answers(Answer.of(lied(case, access_token="")))))
    assert type(error) is domain.VendorUnavailable


@every_asking
@pytest.mark.parametrize("told", [-1, 0, 10**30, 1e300, "soon", "-5", "", None, True, [], {}, "9" * 400])
def test_a_lifetime_that_is_none_costs_no_token(slug: str, name: str, told: Any) -> None:
    """The next refresh token has come with it."""
    case = oauth_case(slug, name)
    oauth = CLASSES[slug].manifest.oauth
    assert oauth is not None
    result, raised, _ = asyncio.run(play(case, [Answer.of(lied(case, expires_in=told)), *case.answers()[1:]]))
    assert raised is None
    assert result.secrets["refresh_token"] == case.exchanges[0]["reply"]["json"]["refresh_token"]
    # what the vendor documents; a token that comes with a refresh token ends some day
    check_lasts(result.expires_at, oauth.token_sets[0].lifetime_seconds or 3600.0)
    check_text(result.secrets["expires_at"], result.expires_at)


@every_asking
@pytest.mark.parametrize(("told", "seconds"), [("1800", 1800.0), (1800.5, 1800.5), (1, 1.0)])
def test_a_lifetime_may_be_a_text_or_a_fraction(slug: str, name: str, told: Any, seconds: float) -> None:
    case = oauth_case(slug, name)
    result, _, _ = asyncio.run(play(case, [Answer.of(lied(case, expires_in=told)), *case.answers()[1:]]))
    check_lasts(result.expires_at, seconds)


@every_asking
@pytest.mark.parametrize("told", [5, None, {}, [1, None], "", "\0\x01", 'a"b', ["x" * 300]])
def test_rights_that_are_none_cost_no_token(slug: str, name: str, told: Any) -> None:
    case = oauth_case(slug, name)
    result, raised, _ = asyncio.run(play(case, [Answer.of(lied(case, scope=told)), *case.answers()[1:]]))
    assert raised is None
    assert result.scopes is None


@every_asking
def test_a_reply_that_lies_about_its_shape_is_an_error_of_ours_or_none(slug: str, name: str) -> None:
    case = oauth_case(slug, name)
    tried = 0
    for place, exchange in enumerate(case.exchanges):
        for lie in lies(exchange["reply"]["json"]):
            script = case.answers()
            script[place] = Answer.of(lie, exchange["reply"]["status"])
            result, error, _ = asyncio.run(play(case, script))
            # no KeyError, no TypeError: whatever else is raised ends this test
            assert isinstance(error, ProviderError) != isinstance(result, Granted)
            if isinstance(error, ProviderError):
                check_sentence(error, case)
            tried += 1
    assert tried > 20


@every_vendor
def test_what_the_operator_set_is_where_it_goes(slug: str) -> None:
    """Not the vendor's own address: tests and enterprises have their own."""
    _, error, at = asyncio.run(play(oauth_case(slug, "refreshed")))
    assert error is None
    assert len(at.seen) == 1


@every_vendor
def test_nothing_of_a_secret_is_printed(slug: str) -> None:
    case = oauth_case(slug, "exchanged")
    [exchange] = case.arguments({})
    result, _, _ = asyncio.run(play(case))
    told = f"{exchange!r} {exchange.application!r} {result!r}"
    for word in case.secret_words():
        assert word not in told


def test_a_beginning_of_a_scope_is_none_and_a_persons_scopes_alone_are_enough() -> None:
    oauth = CLASSES["slack"].manifest.oauth
    assert oauth is not None
    assert oauth.complaint_of(("chat:write", "user:")) == "user: is the beginning of a scope: its name has to follow"
    assert oauth.complaint_of(("user:chat:write",)) is None
    assert oauth.complaint_of(()) is None


async def play(
    case: OAuthCase, script: list[Answer] | Behaviour | None = None, total_seconds: float = 10.0
) -> tuple[Any, ProviderError | None, Vendor]:
    """Calls the provider; returns its result, what it raised, and the vendor."""
    behaviour = script if callable(script) else answers(*(case.answers() if script is None else script))
    async with called_at(case, behaviour, total_seconds) as (call, arguments, at):
        try:
            result = call(*arguments)
            return (result if isinstance(result, str) else await result), None, at
        except ProviderError as error:
            return None, error, at


def check_granted(result: Granted, expected: dict[str, Any]) -> None:
    secrets = dict(result.secrets)
    times = {name for name in secrets if name.endswith("expires_at")}
    for name in times:
        seconds = expected["secrets"].pop(name)
        told = secrets.pop(name)
        if seconds is None:
            assert told is None
        else:
            check_text(told, datetime.fromisoformat(str(told)))
            check_lasts(datetime.fromisoformat(str(told)), seconds)
    assert secrets == expected["secrets"]
    if expected["lasts"] is None:
        assert result.expires_at is None
    else:
        check_lasts(result.expires_at, expected["lasts"])
    assert result.scopes == (None if expected["scopes"] is None else tuple(expected["scopes"]))
    assert dict(result.configuration) == expected["configuration"]
    assert result.sites == tuple(Site(**site) for site in expected["sites"])
    assert result.account is None


def check_lasts(moment: datetime | None, seconds: float) -> None:
    assert moment is not None
    assert moment.tzinfo is UTC
    left = (moment - datetime.now(UTC)).total_seconds()
    assert seconds - TOLERANCE_SECONDS < left <= seconds


def check_text(told: str | None, moment: datetime | None) -> None:
    """ISO 8601, UTC, with Z, whole seconds."""
    assert moment is not None
    assert told == moment.replace(microsecond=0).isoformat().replace("+00:00", "Z")


def check_sentence(error: ProviderError | None, case: OAuthCase) -> None:
    """For a person: whose, no secret, no path, nothing that the vendor wrote."""
    sentence = str(error)
    assert sentence.startswith(CLASSES[case.slug].manifest.name), sentence
    assert len(sentence) < 250
    assert "x" * 20 not in sentence
    assert error is not None
    told = f"{sentence} {error!r} {error.__cause__!r} {error.__context__ if not error.__suppress_context__ else ''!r}"
    for word in case.secret_words():
        assert word not in told
    for exchange in case.exchanges:
        assert path_of(urlsplit(exchange["request"]["path"]).path) not in told


def lied(case: OAuthCase, **changed: Any) -> dict[str, Any]:
    """The token endpoint's recorded reply with members replaced."""
    return {**case.exchanges[0]["reply"]["json"], **changed}
