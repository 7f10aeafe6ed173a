"""Signing in by the word of the operator's OpenID provider: there and back, once each way."""

import base64
import hashlib
import re
from typing import Final

import msgspec
import structlog

from jackfield.domain import key as api_key
from jackfield.domain.errors import Conflict, NotFound
from jackfield.domain.organisation import Organisation
from jackfield.domain.ports import Database, IdentityProvider
from jackfield.domain.principal import Origin
from jackfield.domain.sign_in import (
    Admitted,
    Arrival,
    Claims,
    Departure,
    IdentityProviderAway,
    IdentityUnproven,
    NewAttempt,
    NotAdmitted,
    SignInDeclined,
    SignInExpired,
    SignInRules,
    browser_digest,
    capabilities_of,
    generate_state,
    handle_of,
    looks_like_state,
    nonce_of,
    user_of,
    verifier_of,
)
from jackfield.services.failure_limit import FailureLimit
from jackfield.services.organisations import find_one
from jackfield.services.sessions import OpenedSession, Sessions

_WAY: Final = "oidc"
#: what may be logged of what stood in an address
_ERROR: Final = re.compile(r"[a-z_]{1,40}")

_log = structlog.get_logger(__name__)


class Return(msgspec.Struct, frozen=True):
    """How a browser came back: what stood in the address. `issuer` as RFC 9207 has it, `error` as RFC 6749 §4.1.2.1.

    Never printed.
    """

    state: str
    code: str
    error: str = ""
    issuer: str = ""

    def __repr__(self) -> str:
        return "<Return>"


class SingleSignOn:
    """`rules` say who may come in; `provider` proves who comes."""

    def __init__(
        self,
        database: Database,
        provider: IdentityProvider,
        sessions: Sessions,
        rules: SignInRules,
        pepper: bytes,
        limit: FailureLimit,
    ) -> None:
        self._database = database
        self._provider = provider
        self._sessions = sessions
        self._rules = rules
        self._pepper = pepper
        self._limit = limit

    @property
    def label(self) -> str:
        """What people know the provider by."""
        return self._rules.label

    @property
    def address(self) -> str:
        return self._rules.issuer

    async def start(self, browser_token: str, next_page: str, redirect_uri: str, origin: Origin) -> str:
        """The provider's page to which this browser has to go. Raises TooManyFailures or IdentityProviderAway."""
        self._limit.check(origin.address)
        state = generate_state()
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier_of(self._pepper, state).encode()).digest())
        departure = Departure(
            redirect_uri=redirect_uri,
            state=state,
            nonce=nonce_of(self._pepper, state),
            challenge=challenge.rstrip(b"=").decode(),
        )
        try:
            address = await self._provider.authorize_url(departure)
        except IdentityProviderAway as error:
            self._note(origin, error.reason)
            raise
        async with self._database.transaction() as work:
            await work.sign_in_attempts.add(
                NewAttempt(
                    digest=api_key.digest(self._pepper, state),
                    browser_digest=browser_digest(self._pepper, browser_token),
                    next_page=next_page,
                )
            )
        return address

    async def finish(
        self, browser_token: str, returned: Return, redirect_uri: str, origin: Origin
    ) -> tuple[OpenedSession, str]:
        """The session of who came back, and the page that they wanted.

        Raises SignInExpired, SignInDeclined, IdentityUnproven, NotAdmitted, IdentityProviderAway or TooManyFailures.
        """
        self._limit.check(origin.address)
        next_page = await self._take(browser_token, returned.state)
        if next_page is None:
            # not counted: no state can be guessed, and any site can make a browser fetch this address
            self._note(origin, "no such attempt of this browser")
            raise SignInExpired
        try:
            claims = await self._identify(returned, redirect_uri)
            admitted = await self._admit(claims)
        except IdentityUnproven as error:
            self._limit.note(origin.address)
            self._note(origin, error.reason)
            raise
        except (SignInDeclined, NotAdmitted, IdentityProviderAway) as error:
            self._note(origin, error.reason)
            raise
        return await self._sessions.open_by_identity(admitted, origin), next_page

    async def _take(self, browser_token: str, state: str) -> str | None:
        if not looks_like_state(state):
            return None
        async with self._database.transaction() as work:
            return await work.sign_in_attempts.take(
                api_key.digest(self._pepper, state), browser_digest(self._pepper, browser_token)
            )

    async def _identify(self, returned: Return, redirect_uri: str) -> Claims:
        if returned.issuer and returned.issuer != self._rules.issuer:
            raise IdentityUnproven("the answer is of another issuer")
        if returned.error or not returned.code:
            named = _ERROR.fullmatch(returned.error)
            raise SignInDeclined(f"the provider sent the browser back: {named[0] if named else 'without a code'}")
        return await self._provider.identify(
            Arrival(
                redirect_uri=redirect_uri,
                code=returned.code,
                nonce=nonce_of(self._pepper, returned.state),
                verifier=verifier_of(self._pepper, returned.state),
            )
        )

    async def _admit(self, claims: Claims) -> Admitted:
        capabilities, user = capabilities_of(self._rules, claims), user_of(claims)
        organisation = await self._organisation(claims)
        return Admitted(organisation_id=organisation.id, user=user, subject=claims["sub"], capabilities=capabilities)

    async def _organisation(self, claims: Claims) -> Organisation:
        async with self._database.transaction() as work:
            if self._rules.organisation is not None:
                try:
                    return await find_one(work, self._rules.organisation)
                except (NotFound, Conflict):
                    # only the operator can mend it
                    raise IdentityProviderAway("JACKFIELD_OIDC__ORGANISATION does not name one organisation") from None
            handle = handle_of(self._rules, claims)
            # names and ids find organisations, too: a claim is to name one by its handle alone
            found = [one for one in await work.organisations.find(handle) if one.handle == handle]
        if not found:
            raise NotAdmitted(
                "You are known, but your organisation is not here: ask the operator of this service",
                f"the claim {self._rules.organisation_claim} names no organisation by its handle",
            )
        return found[0]

    def _note(self, origin: Origin, reason: str) -> None:
        """There is no organisation whose audit could tell of it, so the log does."""
        _log.warning("a sign-in failed", way=_WAY, reason=reason, address=origin.address, request_id=origin.request_id)
