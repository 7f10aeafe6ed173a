"""Signing in by an OpenID provider, over real HTTP: who is let in, what proves nothing, and that all is once."""

import asyncio
import base64
import hashlib
import ipaddress
import re
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from jackfield.domain.organisation import Organisation
from jackfield.domain.principal import Capability, Origin
from jackfield.domain.session import Opening, TooManyFailures, generate_visitor_token
from jackfield.domain.sign_in import (
    ATTEMPT_LIFETIME,
    Arrival,
    IdentityProviderAway,
    IdentityUnproven,
    NotAdmitted,
    SignInDeclined,
    SignInExpired,
    SignInRules,
    texts_at,
)
from jackfield.providers._openid import CACHE_SECONDS, KEYS_AGAIN_SECONDS, OpenIdProvider, Registration
from jackfield.services.failure_limit import FAILURES, FailureLimit
from jackfield.services.sessions import OpenedSession
from jackfield.services.single_sign_on import Return, SingleSignOn
from support.openid_provider import CLIENT_ID, CLIENT_SECRET, OpenIdServer, Person, encoded
from support.operator import ORIGIN, Operator
from support.vendor_server import Behaviour, broken, floods, hangs, resets, say, web_page

REDIRECT_URI = "https://jackfield.example.com/console/sign-in/oidc/callback"
ROLES = {
    "viewers": ("hubs-integrations-view",),
    "admins": ("hubs-integrations-manage", "MANAGE_ORGANISATION"),
    "operators": ("operate",),
}


class Desk:
    """Where people sign in to one organisation, by one provider."""

    def __init__(self, operator: Operator, provider: OpenIdServer, **rules: Any) -> None:
        self.operator = operator
        self.provider = provider
        self.organisation: Organisation = operator.create_organisation()
        self.now = 1000.0
        self.origin = Origin(f"test {uuid.uuid4()}", "test-request")
        self.sessions = operator.house.services.sessions
        self.single_sign_on = SingleSignOn(
            operator.house.database,
            OpenIdProvider(operator.house.http, self.registration, lambda: self.now),
            self.sessions,
            self.rules(**rules),
            self.sessions._pepper,
            FailureLimit(),
        )

    @property
    def registration(self) -> Registration:
        scopes = ("openid", "profile")
        return Registration(
            issuer=self.provider.issuer, client_id=CLIENT_ID, client_secret=CLIENT_SECRET, scopes=scopes
        )

    def rules(self, **changed: Any) -> SignInRules:
        usual = SignInRules(
            issuer=self.provider.issuer,
            label="Test",
            organisation=self.organisation.handle,
            organisation_claim=None,
            roles_claim="roles",
            roles=ROLES,
        )
        return msgspec.structs.replace(usual, **changed)

    def start(self, browser: str, next_page: str = "") -> str:
        return self.operator.run(self.single_sign_on.start(browser, next_page, REDIRECT_URI, self.origin))

    def finish(self, browser: str, query: Mapping[str, str]) -> tuple[OpenedSession, str]:
        returned = Return(query.get("state", ""), query.get("code", ""), query.get("error", ""), query.get("iss", ""))
        return self.operator.run(self.single_sign_on.finish(browser, returned, REDIRECT_URI, self.origin))

    def sign_in(self, person: Person, next_page: str = "") -> OpenedSession:
        """There and back, as one browser does it."""
        browser = generate_visitor_token()
        opened, wanted = self.finish(browser, self.provider.sign_in(self.start(browser, next_page), person))
        assert wanted == next_page
        return opened

    def rows(self, table: str) -> list[Any]:
        return self.operator.fetch(
            f"select * from {table} where organisation_id = $1 order by id", self.organisation.id
        )


@pytest.fixture(scope="module")
def away(environment: dict[str, str]) -> Iterator[Operator]:
    """A house that may call this machine."""
    with Operator.open(environment, egress_allow=(ipaddress.ip_network("127.0.0.0/8"),)) as operator:
        yield operator


@pytest.fixture
def provider() -> Iterator[OpenIdServer]:
    with OpenIdServer.start() as provider:
        yield provider


@pytest.fixture
def desk(away: Operator, provider: OpenIdServer) -> Desk:
    return Desk(away, provider)


def somebody(**claims: Any) -> Person:
    return Person({"roles": ["viewers"], "preferred_username": "carol", **claims})


# Who comes in


def test_who_is_known_comes_in_with_what_all_their_roles_give(desk: Desk) -> None:
    person = somebody(roles=["admins", "operators", "not one of ours", 7], sub="for-ever")
    opened = desk.sign_in(person, "/console/integrations?state=live")
    session = desk.operator.run(desk.sessions.authenticate(opened.token))
    assert (session.organisation_id, session.user) == (desk.organisation.id, "carol")
    assert session.capabilities == (Capability.MANAGE, Capability.MANAGE_ORGANISATION, Capability.OPERATE)
    assert (session.opened_by, session.key_id) == (Opening.OIDC, None)
    [row] = desk.rows("session")
    assert row["subject"] == "for-ever"
    [entry] = [one for one in desk.rows("audit_entry") if one["action"] == "session.opened"]
    assert (entry["actor"], entry["fields"], entry["subject_ids"]) == ("carol", ["oidc"], [session.id])


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "EdDSA"])
def test_the_token_may_be_signed_with(desk: Desk, algorithm: str) -> None:
    desk.provider.rotate(algorithm)
    assert desk.sign_in(somebody()).session.user == "carol"


@pytest.mark.parametrize(
    ("claims", "user"),
    [
        ({}, "carol"),
        ({"preferred_username": None, "email": "carol@example.com"}, "carol@example.com"),
        ({"preferred_username": None, "email": "c@example.com", "email_verified": True}, "c@example.com"),
        ({"preferred_username": None, "email": "not@hers.example.com", "email_verified": False}, "f3b0-subject"),
        ({"preferred_username": None, "email": "c@example.com", "email_verified": "true"}, "c@example.com"),
        *(
            ({"preferred_username": None, "email": "not@hers.example.com", "email_verified": no}, "f3b0-subject")
            for no in ("false", "False", "TRUE", "no", "", 0, 1, [], [True], {"value": True})
        ),
        ({"preferred_username": "\0", "email": "x" * 256}, "f3b0-subject"),
        ({"preferred_username": 7, "email": ["a@example.com"]}, "f3b0-subject"),
    ],
    ids=str,
)
def test_people_are_called(desk: Desk, claims: Any, user: str) -> None:
    assert desk.sign_in(somebody(**claims)).session.user == user


def test_the_organisation_may_be_in_a_claim(away: Operator, provider: OpenIdServer) -> None:
    desk = Desk(away, provider, organisation=None, organisation_claim="tenant.handle")
    other = away.create_organisation()
    for organisation in (desk.organisation, other):
        session = desk.sign_in(somebody(tenant={"handle": organisation.handle})).session
        assert session.organisation_id == organisation.id
    listed = desk.sign_in(somebody(tenant={"handle": [other.handle]})).session
    assert listed.organisation_id == other.id
    gone = away.create_organisation()
    away.run(away.house.services.organisations.delete(gone.handle, ORIGIN))
    both = [desk.organisation.handle, other.handle]
    # by its handle alone: anybody could have an organisation named like another one's
    for value in (None, "", "nobody", gone.handle, other.name, str(other.id), both, 7, "a\0", "x" * 300):
        with pytest.raises(NotAdmitted):
            desk.sign_in(somebody(tenant={"handle": value}))


@pytest.mark.parametrize("roles", [None, [], "", ["nobody"], 7, {"viewers": True}, [["viewers"]]], ids=range(7))
def test_who_has_no_role_of_ours_stays_outside(desk: Desk, roles: Any) -> None:
    with pytest.raises(NotAdmitted, match="none of your roles"):
        desk.sign_in(somebody(roles=roles))
    assert desk.rows("session") == []


def test_roles_may_be_at_a_path_or_under_a_name_with_dots() -> None:
    claims = {"realm_access": {"roles": ["a", "b"]}, "https://x.example.com/roles": "c", "deep": "text"}
    assert texts_at(claims, "realm_access.roles") == ("a", "b")
    assert texts_at(claims, "https://x.example.com/roles") == ("c",)
    for path in ("realm_access", "realm_access.none", "deep.roles", "none", ""):
        assert texts_at(claims, path) == ()


def test_an_organisation_that_is_not_there_is_the_operators_to_mend(away: Operator, provider: OpenIdServer) -> None:
    desk = Desk(away, provider, organisation="no such organisation")
    with pytest.raises(IdentityProviderAway) as refused:
        desk.sign_in(somebody())
    assert "JACKFIELD_OIDC__ORGANISATION" in refused.value.reason


def test_a_provider_may_want_the_secret_in_the_body(desk: Desk) -> None:
    desk.provider.post_only = True
    assert desk.sign_in(somebody()).session.user == "carol"


# What proves nothing

Broken = Callable[[OpenIdServer], Person]


def saying(**claims: Any) -> Broken:
    return lambda _: somebody(**claims)


def signing(sign: Callable[[OpenIdServer, Mapping[str, Any]], str]) -> Broken:
    return lambda provider: Person(somebody().claims, sign=lambda claims: sign(provider, claims))


def cut(provider: OpenIdServer, claims: Mapping[str, Any]) -> str:
    head, body, signature = provider.signed(claims).split(".")
    return f"{head}.{body}.{'AAAA' + signature[4:]}"


def exchanged(provider: OpenIdServer, claims: Mapping[str, Any]) -> str:
    head, _, signature = provider.signed(claims).split(".")
    return f"{head}.{provider.signed({**claims, 'sub': 'admin'}).split('.')[1]}.{signature}"


def by_a_stranger(provider: OpenIdServer, claims: Mapping[str, Any]) -> str:
    [kid] = provider.keys
    with OpenIdServer.start() as stranger:
        return stranger.signed(claims, kid=kid)


NOW = 1_000_000_000
HOSTILE: dict[str, tuple[Broken, str]] = {
    "nonce": (saying(nonce="of-another-sign-in"), "nonce"),
    "no nonce": (saying(nonce=None), "lacks a claim"),
    "audience": (saying(aud="another-client"), "for somebody else"),
    "audiences": (saying(aud=["another", "clients"]), "for somebody else"),
    "no audience": (saying(aud=[]), "for somebody else"),
    "several audiences": (saying(aud=[CLIENT_ID, "another"]), "given to somebody else"),
    "party": (saying(azp="another-client"), "given to somebody else"),
    "issuer": (saying(iss="https://evil.example.com"), "another issuer"),
    "no issuer": (saying(iss=None), "lacks a claim"),
    "no subject": (saying(sub=None), "lacks a claim"),
    "subject": (saying(sub="a\0b"), "lacks a claim"),
    "expired": (saying(exp=NOW), "expired"),
    "never expires": (saying(exp=None), "lacks a claim"),
    "expires in words": (saying(exp="tomorrow"), "lacks a claim"),
    "from the future": (saying(iat=NOW * 100), "from the future"),
    "not yet": (saying(nbf=NOW * 100), "not valid yet"),
    "access token": (saying(at_hash="AAAA"), "another access token"),
    "none": (signing(lambda provider, claims: provider.unsigned(claims)), "not signed with one of"),
    "NONE": (signing(lambda provider, claims: provider.signed(claims, alg="NONE")), "not signed with one of"),
    "no algorithm": (signing(lambda provider, claims: provider.signed(claims, alg=None)), "no JWS"),
    "shared key": (
        signing(lambda provider, claims: provider.signed_with_what_all_can_read(claims)),
        "not signed with one of",
    ),
    "other algorithm": (signing(lambda provider, claims: provider.signed(claims, alg="PS256")), "signature"),
    "other kind": (signing(lambda provider, claims: provider.signed(claims, alg="ES256")), "does not have"),
    "signature": (signing(cut), "signature"),
    "claims": (signing(exchanged), "signature"),
    "stranger": (signing(by_a_stranger), "signature"),
    "unknown key": (signing(lambda provider, claims: provider.signed(claims, kid="nobody's")), "does not have"),
    "forbidden key": (signing(lambda provider, claims: provider.signed(claims, kid="not-for-this")), "does not have"),
    "critical": (signing(lambda provider, claims: provider.signed(claims, crit=["x"], x=1)), "signature"),
    "no token": (signing(lambda *_: "nonsense"), "no JWS"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_proves_nothing_opens_nothing(desk: Desk, name: str) -> None:
    make, reason = HOSTILE[name]
    with pytest.raises(IdentityUnproven) as refused:
        desk.sign_in(make(desk.provider))
    assert re.search(reason, refused.value.reason), refused.value.reason
    assert desk.rows("session") == []
    # and what was refused has changed nothing for others
    assert desk.sign_in(somebody()).session.user == "carol"


def test_what_is_unusual_and_right_is_taken(desk: Desk) -> None:
    now = int(time.time())
    half = hashlib.sha256(desk.provider.access_token.encode()).digest()[:16]
    for person in (
        somebody(exp=now - 30, iat=now + 30, nbf=now + 30),
        # clocks that are minutes apart
        somebody(exp=now - 240, iat=now - 3600),
        somebody(iat=now + 90, nbf=now + 90),
        somebody(iat=now + 240),
        somebody(aud=[CLIENT_ID]),
        somebody(aud=[CLIENT_ID, "another"], azp=CLIENT_ID),
        somebody(at_hash=encoded(half)),
        Person(somebody().claims, sign=lambda claims: desk.provider.signed(claims, member="of no registry")),
        Person(somebody().claims, sign=lambda claims: desk.provider.signed(claims, kid=None)),
    ):
        assert desk.sign_in(person).session.user == "carol"


def test_a_clock_that_is_far_off_is_told_as_that(desk: Desk) -> None:
    with pytest.raises(IdentityUnproven) as refused:
        desk.sign_in(somebody(iat=int(time.time()) + 1800))
    assert "by 30 minutes: check the clocks" in refused.value.reason


# Keys that change


def test_a_new_key_under_an_old_name_locks_nobody_out(desk: Desk) -> None:
    assert desk.sign_in(somebody()).session.user == "carol"
    [kid] = desk.provider.keys
    desk.provider.rotate()
    [(_, key)] = desk.provider.keys.items()
    desk.provider.keys = {kid: key}
    assert desk.sign_in(somebody()).session.user == "carol"
    # and what the new one has not signed still proves nothing
    with pytest.raises(IdentityUnproven):
        desk.sign_in(signing(by_a_stranger)(desk.provider))


def test_a_new_key_is_asked_for_when_a_token_names_it_but_not_again_and_again(desk: Desk) -> None:
    for _ in range(3):
        desk.sign_in(somebody())
    assert desk.provider.asked.count("/keys") == 1
    desk.provider.rotate()
    desk.sign_in(somebody())
    assert desk.provider.asked.count("/keys") == 2
    desk.provider.rotate()
    for _ in range(3):
        with pytest.raises(IdentityUnproven, match="does not prove"):
            desk.sign_in(somebody())
    assert desk.provider.asked.count("/keys") == 2
    desk.now += KEYS_AGAIN_SECONDS
    desk.sign_in(somebody())
    assert desk.provider.asked.count("/keys") == 3


def test_a_key_that_was_taken_back_is_forgotten_in_time(desk: Desk) -> None:
    desk.sign_in(somebody())
    before = desk.provider.keys
    desk.provider.rotate()
    desk.now += CACHE_SECONDS
    now = desk.provider.keys

    def with_the_old_one(claims: Mapping[str, Any]) -> str:
        desk.provider.keys = before
        try:
            return desk.provider.signed(claims)
        finally:
            desk.provider.keys = now

    with pytest.raises(IdentityUnproven) as refused:
        desk.sign_in(Person(somebody().claims, sign=with_the_old_one))
    assert "does not have" in refused.value.reason
    assert desk.provider.asked.count("/realms/test/.well-known/openid-configuration") == 2


# Once, and in one browser


def test_nothing_that_opens_anything_is_stored_or_shown(desk: Desk) -> None:
    browser = generate_visitor_token()
    address = desk.start(browser)
    asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    stored = repr([dict(row) for row in desk.operator.fetch("select * from sign_in_attempt")])
    arrival = Arrival(redirect_uri="", code="the code", nonce="", verifier="the verifier")
    for secret in (asked["state"], asked["nonce"], asked["code_challenge"], browser, CLIENT_SECRET):
        assert secret not in stored
    assert "the" not in repr(arrival)
    assert CLIENT_SECRET not in repr(desk.registration)
    assert len({asked["state"], asked["nonce"], asked["code_challenge"]}) == 3
    assert CLIENT_SECRET not in address
    assert base64.urlsafe_b64decode(asked["nonce"] + "=")


def test_no_two_ways_there_are_the_same(desk: Desk) -> None:
    browser = generate_visitor_token()
    queries = [parse_qs(urlsplit(desk.start(browser)).query) for _ in range(5)]
    for name in ("state", "nonce", "code_challenge"):
        assert len({query[name][0] for query in queries}) == 5


def test_of_those_who_come_back_with_one_state_one_is_let_in(desk: Desk) -> None:
    browser = generate_visitor_token()
    query = desk.provider.sign_in(desk.start(browser), somebody())
    returned = Return(query["state"], query["code"])

    async def come() -> str:
        try:
            await desk.single_sign_on.finish(browser, returned, REDIRECT_URI, desk.origin)
        except SignInExpired:
            return "refused"
        return "let in"

    async def all_come() -> list[str]:
        return await asyncio.gather(*(come() for _ in range(8)))

    assert sorted(desk.operator.run(all_come())) == ["let in"] + ["refused"] * 7
    assert desk.provider.asked.count("/token") == 1
    with pytest.raises(SignInExpired):
        desk.finish(browser, query)


def test_another_browser_gets_nothing_and_takes_nothing(desk: Desk) -> None:
    browser = generate_visitor_token()
    query = desk.provider.sign_in(desk.start(browser), somebody())
    with pytest.raises(SignInExpired):
        desk.finish(generate_visitor_token(), query)
    assert "/token" not in desk.provider.asked
    assert desk.finish(browser, query)[0].session.user == "carol"


def test_an_attempt_is_good_for_its_time_and_then_forgotten(desk: Desk) -> None:
    browser = generate_visitor_token()
    query = desk.provider.sign_in(desk.start(browser), somebody())
    digest = desk.operator.fetch("select digest, created_at, expires_at from sign_in_attempt order by created_at")[-1]
    assert digest["expires_at"] - digest["created_at"] == ATTEMPT_LIFETIME
    desk.operator.fetch("update sign_in_attempt set expires_at = now() where digest = $1", digest["digest"])
    with pytest.raises(SignInExpired):
        desk.finish(browser, query)
    desk.operator.run(desk.operator.house.upkeep.purge())
    left = desk.operator.fetch("select digest from sign_in_attempt where digest = $1", digest["digest"])
    assert left == []


@pytest.mark.parametrize("state", ["", "x", "x" * 43, "\0" * 43, "\u2603" * 43, "x" * 100_000], ids=range(6))
def test_what_is_no_state_is_none(desk: Desk, state: str) -> None:
    with pytest.raises(SignInExpired):
        desk.finish(generate_visitor_token(), {"state": state, "code": "x"})


def test_a_code_of_another_sign_in_is_of_no_use(desk: Desk) -> None:
    """As when somebody slips their own code into another's address: the verifier and the nonce are another's."""
    mine, theirs = generate_visitor_token(), generate_visitor_token()
    query = desk.provider.sign_in(desk.start(mine), somebody())
    other = desk.provider.sign_in(desk.start(theirs), somebody())
    with pytest.raises(IdentityUnproven) as refused:
        desk.finish(mine, {**query, "code": other["code"]})
    assert refused.value.reason == "the token endpoint refuses the code"


def test_an_answer_of_another_issuer_is_not_taken(desk: Desk) -> None:
    browser = generate_visitor_token()
    query = desk.provider.sign_in(desk.start(browser), somebody())
    with pytest.raises(IdentityUnproven):
        desk.finish(browser, {**query, "iss": "https://evil.example.com"})
    assert "/token" not in desk.provider.asked


@pytest.mark.parametrize("error", ["access_denied", "server_error", "<script>", "x" * 10_000, ""], ids=range(5))
def test_whoever_did_not_sign_in_there_does_not_sign_in_here(desk: Desk, error: str) -> None:
    browser = generate_visitor_token()
    query = desk.provider.sign_in(desk.start(browser), somebody())
    returned = {"state": query["state"], "error": error}
    with pytest.raises(SignInDeclined) as refused:
        desk.finish(browser, returned)
    assert "<" not in f"{refused.value} {refused.value.reason}"
    with pytest.raises(SignInExpired):
        desk.finish(browser, query)


def test_who_fails_again_and_again_has_to_wait(desk: Desk) -> None:
    for _ in range(FAILURES):
        with pytest.raises(IdentityUnproven):
            desk.sign_in(somebody(aud="another-client"))
    with pytest.raises(TooManyFailures):
        desk.start(generate_visitor_token())
    with pytest.raises(TooManyFailures):
        desk.finish(generate_visitor_token(), {"state": "x", "code": "x"})


# A provider that is broken

BROKEN: dict[str, tuple[Behaviour, type[Exception]]] = {
    "web page": (web_page, IdentityProviderAway),
    "status 500": (broken, IdentityProviderAway),
    "reset": (resets, IdentityProviderAway),
    "flood": (floods, IdentityProviderAway),
    "redirect": (say(302, {}, {"Location": "https://evil.example.com"}), IdentityProviderAway),
    "another OAuth error": (say(400, {"error": "invalid_request"}), IdentityProviderAway),
    "unknown client": (say(401, {"error": "invalid_client"}), IdentityProviderAway),
    "spent code": (say(400, {"error": "invalid_grant", "error_description": "<script>"}), IdentityUnproven),
    "no id_token": (say(200, {"access_token": "x", "token_type": "Bearer"}), IdentityProviderAway),
    "a list": (say(200, []), IdentityProviderAway),
    "no text": (say(200, {"id_token": {"alg": "none"}}), IdentityProviderAway),
    "too long": (say(200, {"id_token": "x" * 300_000}), IdentityProviderAway),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_token_endpoint_that_does_not_work(desk: Desk, name: str) -> None:
    behaviour, error = BROKEN[name]
    with pytest.raises(error) as refused:
        desk.sign_in(Person(somebody().claims, instead=behaviour))
    assert "<" not in str(refused.value)
    assert desk.sign_in(somebody()).session.user == "carol"


def test_a_token_endpoint_that_hangs_is_not_waited_for(desk: Desk) -> None:
    began = time.monotonic()
    with pytest.raises(IdentityProviderAway) as refused:
        desk.sign_in(Person(somebody().claims, instead=hangs))
    assert time.monotonic() - began < 8
    assert "within 5 s" in refused.value.reason


def test_those_who_come_together_do_not_wait_for_one_another(desk: Desk) -> None:
    desk.provider.documents["discovery"] = hangs
    began = time.monotonic()

    async def all_come() -> list[object]:
        coming = (desk.single_sign_on.start(f"browser {one}", "", REDIRECT_URI, desk.origin) for one in range(6))
        return await asyncio.gather(*coming, return_exceptions=True)

    assert [type(one) for one in desk.operator.run(all_come())] == [IdentityProviderAway] * 6
    assert time.monotonic() - began < 13
    del desk.provider.documents["discovery"]
    assert desk.sign_in(somebody()).session.user == "carol"


@pytest.mark.parametrize("document", ["discovery", "keys"])
@pytest.mark.parametrize(
    "behaviour", [web_page, broken, resets, say(200, []), say(404, {})], ids=["page", "500", "reset", "list", "404"]
)
def test_documents_that_are_none_are_asked_for_again(desk: Desk, document: str, behaviour: Behaviour) -> None:
    desk.provider.documents[document] = behaviour
    with pytest.raises(IdentityProviderAway):
        desk.sign_in(somebody())
    del desk.provider.documents[document]
    assert desk.sign_in(somebody()).session.user == "carol"


@pytest.mark.parametrize(
    "wrong",
    [
        {"issuer": "https://evil.example.com"},
        {"token_endpoint": "ftp://example.com/"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": "http://example.com/a\r\nSet-Cookie: a=b"},
        {"jwks_uri": "http://example.com/#"},
        {"jwks_uri": None},
    ],
    ids=range(6),
)
def test_a_discovery_document_that_cannot_be_right(desk: Desk, wrong: dict[str, Any]) -> None:
    right = {
        "issuer": desk.provider.issuer,
        "authorization_endpoint": f"{desk.provider.url}/authorize",
        "token_endpoint": f"{desk.provider.url}/token",
        "jwks_uri": f"{desk.provider.url}/keys",
    }
    desk.provider.documents["discovery"] = say(200, {**right, **wrong})
    with pytest.raises(IdentityProviderAway):
        desk.start(generate_visitor_token())


def test_endpoints_that_lead_into_the_house_are_not_called(operator: Operator, provider: OpenIdServer) -> None:
    """Only the issuer's own address is called wherever it leads."""
    desk = Desk(operator, provider)
    with pytest.raises(IdentityProviderAway):
        desk.start(generate_visitor_token())
    assert provider.asked == []
