"""Sessions of administrators in a browser: opened by a link, a key or a proven identity, asked for at every page.

Every page asks the database, so one that is revoked is over in every process at once.
"""

import hmac
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final, NoReturn

import msgspec
import structlog

from jackfield.domain import key as api_key
from jackfield.domain.audit import Action, by_caller
from jackfield.domain.errors import KeyInvalid
from jackfield.domain.ports import Database, UnitOfWork
from jackfield.domain.principal import Caller, Capability, Origin
from jackfield.domain.session import (
    SEEN_EVERY,
    FormRefused,
    LinkInvalid,
    NewSession,
    Opening,
    Session,
    SessionInvalid,
    SessionNotFound,
    form_token,
    generate_session_token,
    looks_like_link,
    looks_like_session,
)
from jackfield.domain.sign_in import Admitted
from jackfield.services.access import Access
from jackfield.services.failure_limit import FailureLimit

#: what a form is for, where it is for nothing in particular
ANY_FORM: Final = "any"
#: of a list: nobody reads more
_MOST_LISTED: Final = 500

_log = structlog.get_logger(__name__)


class OpenedSession:
    """A session just opened. `token` is what the browser keeps, and nothing here prints or stores it."""

    __slots__ = ("session", "token")

    def __init__(self, token: str, session: Session) -> None:
        self.token = token
        self.session = session

    def __repr__(self) -> str:
        return f"<OpenedSession {self.session.id}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a session in clear is not to be pickled")


class Sessions:
    def __init__(self, database: Database, access: Access, pepper: bytes, limit: FailureLimit) -> None:
        self._database = database
        self._access = access
        self._pepper = pepper
        self._limit = limit

    async def open_by_link(self, link: str, origin: Origin) -> OpenedSession:
        """Uses the link, once. Raises LinkInvalid or TooManyFailures."""
        self._limit.check(origin.address)
        token, session = generate_session_token(), None
        if looks_like_link(link):
            async with self._database.transaction() as work:
                session = await work.sessions.open_by_link(self._digest(link), self._digest(token))
                if session is not None:
                    await self._note_opening(work, session, origin)
        if session is None:
            self._failed(origin, "link")
            raise LinkInvalid
        return OpenedSession(token, session)

    async def open_by_key(self, key: str, origin: Origin) -> OpenedSession:
        """Raises KeyInvalid, KeyExpired or TooManyFailures."""
        self._limit.check(origin.address)
        try:
            principal = await self._access.authenticate(key)
        except KeyInvalid:
            self._failed(origin, "key")
            raise
        token = generate_session_token()
        new = NewSession(
            organisation_id=principal.organisation_id,
            digest=self._digest(token),
            user=principal.user,
            capabilities=tuple(sorted(principal.capabilities)),
            opened_by=Opening.KEY,
            key_id=principal.key_id,
        )
        return await self._open(token, new, origin)

    async def open_by_identity(self, admitted: Admitted, origin: Origin) -> OpenedSession:
        """For whom the OpenID provider has vouched."""
        token = generate_session_token()
        new = NewSession(
            organisation_id=admitted.organisation_id,
            digest=self._digest(token),
            user=admitted.user,
            capabilities=admitted.capabilities,
            opened_by=Opening.OIDC,
            subject=admitted.subject,
        )
        return await self._open(token, new, origin)

    async def authenticate(self, token: str) -> Session:
        """The session of a browser; its time begins anew. Raises SessionInvalid."""
        if not looks_like_session(token):
            raise SessionInvalid
        async with self._database.transaction() as work:
            session = await work.sessions.find(self._digest(token))
            if session is None:
                raise SessionInvalid
            if session.seen_at + SEEN_EVERY < datetime.now(UTC):
                await work.sessions.renew(session)
                session = msgspec.structs.replace(session, renewed=True)
        return session

    async def end(self, session: Session, origin: Origin) -> None:
        """From now on nobody is signed in by it."""
        async with self._database.transaction() as work:
            if await work.sessions.revoke(session):
                caller = Caller(session.principal, origin)
                await work.audit.add(by_caller(caller, Action.SESSION_ENDED, (session.id,)))

    async def list(self, caller: Caller) -> Sequence[Session]:
        """The live ones, the last seen first: the organisation's, or the caller's own without MANAGE_ORGANISATION."""
        principal = caller.principal
        user = None if principal.has(Capability.MANAGE_ORGANISATION) else principal.user
        async with self._database.transaction() as work:
            return await work.sessions.list(principal.organisation_id, user, _MOST_LISTED)

    async def revoke(self, caller: Caller, session_id: int) -> Session:
        """Ends a live session of the organisation: one of the caller's own, or with MANAGE_ORGANISATION anybody's.

        Raises SessionNotFound, or CapabilityMissing.
        """
        async with self._database.transaction() as work:
            session = await work.sessions.get(caller.organisation_id, session_id)
            if session is None:
                raise SessionNotFound(session_id)
            if session.user != caller.principal.user:
                caller.require(Capability.MANAGE_ORGANISATION)
            if await work.sessions.revoke(session):
                await work.audit.add(by_caller(caller, Action.SESSION_REVOKED, (session.id,)))
        return session

    def form_token(self, browser_token: str, purpose: str = ANY_FORM) -> str:
        """What forms of this browser carry; a browser is known by its session, or as a visitor."""
        return form_token(self._pepper, browser_token, purpose)

    def check_form(self, browser_token: str, sent: str, purpose: str = ANY_FORM) -> None:
        """Raises FormRefused for a form that was not given to this browser."""
        expected = self.form_token(browser_token, purpose)
        if not hmac.compare_digest(expected.encode(), sent.encode()):
            raise FormRefused

    async def _open(self, token: str, new: NewSession, origin: Origin) -> OpenedSession:
        async with self._database.transaction() as work:
            session = await work.sessions.create(new)
            await self._note_opening(work, session, origin)
        return OpenedSession(token, session)

    async def _note_opening(self, work: UnitOfWork, session: Session, origin: Origin) -> None:
        caller = Caller(session.principal, origin)
        await work.audit.add(by_caller(caller, Action.SESSION_OPENED, (session.id,), (session.opened_by,)))

    def _failed(self, origin: Origin, way: str) -> None:
        """There is no organisation whose audit could tell of it, so the log does."""
        self._limit.note(origin.address)
        _log.warning("a sign-in failed", way=way, address=origin.address, request_id=origin.request_id)

    def _digest(self, text: str) -> bytes:
        return api_key.digest(self._pepper, text)
