"""A customer's way through a connect session: look, go to the vendor and come back, or fill in a form.

No transaction is open while a vendor is asked. What a vendor granted and nobody can use is ended there.
"""

import contextlib
import hmac
from collections.abc import Mapping

import msgspec

from jackfield.domain import ids
from jackfield.domain import key as api_key
from jackfield.domain.authorization import Granted, Site
from jackfield.domain.connecting import (
    BrowserUnknown,
    ConnectLinkInvalid,
    ConnectSession,
    ConnectState,
    ConnectStatus,
    FormProblems,
    NotConnected,
    NotOffered,
    OpenedElsewhere,
    Outcome,
    Shown,
    StateInvalid,
    generate_state,
    generate_verifier,
    looks_like_link,
    looks_like_state,
)
from jackfield.domain.credential import SealedValueBroken, Secrets
from jackfield.domain.definition import Definition
from jackfield.domain.freshness import by_database_clock
from jackfield.domain.integration import Detail, to_configuration
from jackfield.domain.ports import Database, HotIntegrations, Vault
from jackfield.domain.principal import Origin
from jackfield.domain.session import looks_like_session, looks_like_visitor
from jackfield.domain.submission import to_texts
from jackfield.services.catalog import Catalog
from jackfield.services.connect_form import read_form
from jackfield.services.finishing import GONE, Finishing, Offer
from jackfield.services.shared_grants import SharedGrants
from jackfield.services.vendor_way import VendorWay, complaint_of, is_denial


class KeptGrant(msgspec.Struct, frozen=True):
    """What was granted, as it is sealed while a person chooses a site."""

    secrets: dict[str, str | None]
    configuration: dict[str, str]
    sites: tuple[Site, ...]


class Connecting:
    """`browser_token` is what a browser keeps in its cookie, made by `session.generate_visitor_token`."""

    def __init__(
        self,
        hot: HotIntegrations,
        database: Database,
        vault: Vault,
        catalog: Catalog,
        pepper: bytes,
    ) -> None:
        self._hot = hot
        self._database = database
        self._vault = vault
        self._catalog = catalog
        self._pepper = pepper
        self._way = VendorWay(catalog)
        self._finishing = Finishing(hot, database, vault, catalog)
        self._grants = SharedGrants(hot, vault, catalog)

    async def show(self, token: str, browser_token: str) -> Shown:
        """What the link is for; looking neither uses nor binds it. `browser_token` may be empty.

        A connected session is shown, for an hour, to the browser that connected it. Raises ConnectLinkInvalid or
        OpenedElsewhere.
        """
        session = await self._find(token)
        if session.state is ConnectState.EXPIRED:
            raise ConnectLinkInvalid
        self._check_browser(session, browser_token)
        definition, again = await self._definition(session), await self._again(session)
        if definition is None or (session.reconnects and again is None):
            raise ConnectLinkInvalid
        oauth = self._catalog.oauth(session.provider)
        by_oauth = self._way.is_offered(session.provider, _settings(again))
        return Shown(
            session=session,
            definition=definition,
            organisation_name=await self._organisation_name(session),
            integration_name=None if again is None else again.name,
            by_oauth=by_oauth,
            by_form=bool(definition.secrets),
            rights=oauth.rights(session.scopes) if oauth is not None and by_oauth else (),
            settings={} if again is None else to_texts(again.configuration),
            sites=() if session.state is not ConnectState.CHOOSING else (await self._kept(session)).sites,
            account_name=await self._account_name(session),
        )

    async def begin(self, token: str, browser_token: str) -> str:
        """The vendor's address, to which the browser goes; the session is this browser's from now on.

        Raises ConnectLinkInvalid, OpenedElsewhere, BrowserUnknown, NotOffered or ProviderError (its sentence is for
        the page).
        """
        session = await self._begun(token, browser_token)
        again = await self._again(session)
        if session.reconnects and again is None:
            raise ConnectLinkInvalid
        state, verifier = generate_state(), generate_verifier()
        address = self._way.address(session, state, verifier, _settings(again))
        sealed = await self._vault.seal(session.way_place, Secrets({"verifier": verifier, "token": token}))
        async with self._database.transaction() as work:
            begun, unchosen = await work.connect_sessions.begin(
                session, self._browser(browser_token), self._digest(state), sealed
            )
        if not begun:
            raise OpenedElsewhere
        if unchosen is not None:
            await self._end(session, await self._open_grant(session, unchosen))
        return address

    async def come_back(self, browser_token: str, parameters: Mapping[str, str], origin: Origin) -> Outcome:
        """With what the vendor sent the browser back: `parameters` is the query of CALLBACK_PATH.

        The outcome's state is connected, choosing, failed, or open when it was denied. Raises StateInvalid,
        OpenedElsewhere or BrowserUnknown.
        """
        state = parameters.get("state", "")
        if not looks_like_state(state):
            raise StateInvalid
        async with self._database.transaction() as work:
            session = await work.connect_sessions.come_back(self._digest(state))
        if session is None or session.sealed_way is None:
            raise StateInvalid
        # only now, so that a state that was seen elsewhere is worth nothing there or here
        if session.browser_digest is None or not hmac.compare_digest(
            session.browser_digest, self._browser(browser_token)
        ):
            raise OpenedElsewhere
        way = await self._vault.open(session.way_place, session.sealed_way)
        token, verifier = way["token"] or "", way["verifier"] or ""
        error = parameters.get("error")
        if error is not None and is_denial(error):
            return Outcome(token, await self._tell(session, ConnectState.OPEN, None), denied=True)
        try:
            if error is not None:
                raise NotConnected(complaint_of(error, await self._catalog.name(session.provider)))
            return Outcome(token, await self._exchange(session, parameters.get("code", ""), verifier, origin))
        except NotConnected as reason:
            return Outcome(token, await self._tell(session, ConnectState.FAILED, str(reason)))

    async def choose(self, token: str, browser_token: str, index: int, origin: Origin) -> Outcome:
        """One of the sites of a session that is choosing.

        Raises ConnectLinkInvalid, OpenedElsewhere, BrowserUnknown, or NotOffered when there is no such choice (any
        more).
        """
        session = await self._begun(token, browser_token)
        kept = await self._kept(session)
        if not 0 <= index < len(kept.sites):
            raise NotOffered("There is no such choice: open the link again")
        async with self._database.transaction() as work:
            if await work.connect_sessions.take_grant(session) is None:
                raise NotOffered("A choice was made already: open the link again")
        told = {**kept.configuration, **kept.sites[index].configuration}
        try:
            return Outcome(token, await self._finish_granted(session, Secrets(kept.secrets), told, origin))
        except NotConnected as reason:
            return Outcome(token, await self._tell(session, ConnectState.FAILED, str(reason)))

    async def submit(self, token: str, browser_token: str, values: Mapping[str, str], origin: Origin) -> Outcome:
        """What a customer filled in: values by the secrets' auth keys and the settings' names; blanks are nothing.

        Raises ConnectLinkInvalid, OpenedElsewhere, BrowserUnknown, NotOffered or FormProblems; what the vendor does not
        take is a problem of the form as well.
        """
        session = await self._begun(token, browser_token)
        definition, again = await self._definition(session), await self._again(session)
        if definition is None or (session.reconnects and again is None):
            raise ConnectLinkInvalid
        if not definition.secrets:
            raise NotOffered(f"{definition.name} is not connected with a token")
        secrets, settings = read_form(definition, values, {} if again is None else to_texts(again.configuration))
        async with self._database.transaction() as work:
            bound = await work.connect_sessions.bind(session, self._browser(browser_token))
        if bound is None:
            raise OpenedElsewhere
        offer = Offer(
            definition=definition,
            secrets=secrets,
            settings=settings,
            of_account=all(method.of_account for method in definition.auth_methods),
            again=again,
        )
        try:
            return Outcome(token, await self._finishing.finish(bound, offer, origin))
        except NotConnected as reason:
            field = reason.field if reason.field in {one.name for one in definition.configuration} else ""
            raise FormProblems({field: str(reason)}) from None

    async def status(self, token: str) -> ConnectStatus:
        """How far it is, also for an hour after its end. Raises ConnectLinkInvalid."""
        session = await self._find(token)
        return ConnectStatus(state=session.state, integration_id=session.integration_id, error=session.error)

    async def end_unchosen(self, most: int) -> None:
        """Ends what was granted to sessions whose time was over before a site was chosen, of up to `most`."""
        async with self._database.transaction() as work:
            unchosen = await work.connect_sessions.take_unchosen(most)
        for session in unchosen:
            # of an organisation that is deleted nothing opens any more
            with contextlib.suppress(SealedValueBroken):
                await self._end(session, await self._open_grant(session, session.sealed_grant or b""))

    async def _exchange(self, session: ConnectSession, code: str, verifier: str, origin: Origin) -> ConnectSession:
        """Raises NotConnected."""
        definition, again = await self._definition(session), await self._again(session)
        if definition is None or (session.reconnects and again is None):
            raise NotConnected(GONE)
        granted = await self._way.exchange(definition, code, verifier, _settings(again))
        async with self._database.transaction() as work:
            now = await work.connect_sessions.now()
        secrets = by_database_clock(granted.secrets, self._way.oauth(session.provider).token_sets, now)
        if not granted.sites:
            return await self._finish_granted(session, secrets, granted.configuration, origin)
        return await self._keep(session, msgspec.structs.replace(granted, secrets=secrets))

    async def _keep(self, session: ConnectSession, granted: Granted) -> ConnectSession:
        """Until a person has chosen one of the sites."""
        kept = KeptGrant(dict(granted.secrets), dict(granted.configuration), granted.sites)
        text = msgspec.json.encode(kept).decode()
        sealed = await self._vault.seal(session.grant_place, Secrets({"grant": text}))
        async with self._database.transaction() as work:
            choosing = await work.connect_sessions.keep_grant(session, sealed)
        if choosing is None:
            await self._end(session, kept)
            raise NotConnected("It was begun once more meanwhile, or is connected")
        return choosing

    async def _finish_granted(
        self, session: ConnectSession, secrets: Secrets, told: Mapping[str, str], origin: Origin
    ) -> ConnectSession:
        """Raises NotConnected."""
        definition, again = await self._definition(session), await self._again(session)
        if definition is None or (session.reconnects and again is None):
            await self._grants.end_orphan(session.organisation_id, session.provider, secrets, told)
            raise NotConnected(GONE)
        stored = Secrets({})
        if again is not None and again.sealed_secrets is not None:
            stored = await self._vault.open(again.secrets_place, again.sealed_secrets)
        whole = {name: value for name, value in {**stored, **secrets}.items() if value is not None}
        offer = Offer(
            definition=definition,
            secrets=Secrets(whole),
            settings={**({} if again is None else to_texts(again.configuration)), **told},
            token_sets=self._way.oauth(session.provider).token_sets,
            again=again,
        )
        return await self._finishing.finish(session, offer, origin)

    async def _tell(self, session: ConnectSession, state: ConnectState, error: str | None) -> ConnectSession:
        """How the try went, unless the session has gone on since."""
        async with self._database.transaction() as work:
            told = await work.connect_sessions.tell(session, state, error)
            if told is None:
                told = await work.connect_sessions.get(session.organisation_id, session.id)
        return session if told is None else told

    async def _find(self, token: str) -> ConnectSession:
        if not looks_like_link(token):
            raise ConnectLinkInvalid
        async with self._database.transaction() as work:
            session = await work.connect_sessions.find(self._digest(token))
        if session is None:
            raise ConnectLinkInvalid
        return session

    async def _begun(self, token: str, browser_token: str) -> ConnectSession:
        """A session with which this browser may do something."""
        session = await self._find(token)
        if session.is_over:
            raise ConnectLinkInvalid
        self._browser(browser_token)
        self._check_browser(session, browser_token)
        return session

    def _check_browser(self, session: ConnectSession, browser_token: str) -> None:
        if session.browser_digest is None:
            return
        if not _is_browser(browser_token) or not hmac.compare_digest(
            session.browser_digest, self._browser(browser_token)
        ):
            # of a link that was used nobody else is told anything
            raise ConnectLinkInvalid if session.is_over else OpenedElsewhere

    def _browser(self, browser_token: str) -> bytes:
        """What the browser is known by. Raises BrowserUnknown."""
        if not _is_browser(browser_token):
            raise BrowserUnknown
        return self._digest(f"connect\n{browser_token}")

    async def _definition(self, session: ConnectSession) -> Definition | None:
        return await self._catalog.get(session.provider)

    async def _again(self, session: ConnectSession) -> Detail | None:
        """The integration that is connected again, as it is now; None when there is none, or not any more."""
        if not session.reconnects or session.integration_id is None:
            return None
        found = await self._hot.get_detail(session.organisation_id, session.integration_id)
        return None if found is None or found.is_going else found

    async def _account_name(self, session: ConnectSession) -> str | None:
        """Whose account is connected; None while it is not."""
        if session.state is not ConnectState.CONNECTED or session.integration_id is None:
            return None
        found = await self._hot.get_detail(session.organisation_id, session.integration_id)
        return None if found is None else found.account_name

    async def _organisation_name(self, session: ConnectSession) -> str:
        async with self._database.transaction() as work:
            [organisation] = await work.organisations.find(ids.to_decimal(session.organisation_id))
        return organisation.name

    async def _kept(self, session: ConnectSession) -> KeptGrant:
        """Raises NotOffered when nothing is to be chosen."""
        if session.state is not ConnectState.CHOOSING or session.sealed_grant is None:
            raise NotOffered("There is nothing to choose: open the link again")
        return await self._open_grant(session, session.sealed_grant)

    async def _open_grant(self, session: ConnectSession, sealed: bytes) -> KeptGrant:
        opened = await self._vault.open(session.grant_place, sealed)
        return msgspec.json.decode(opened["grant"] or "", type=KeptGrant)

    async def _end(self, session: ConnectSession, kept: KeptGrant) -> None:
        secrets = Secrets(kept.secrets)
        await self._grants.end_orphan(session.organisation_id, session.provider, secrets, kept.configuration)

    def _digest(self, text: str) -> bytes:
        return api_key.digest(self._pepper, text)


def _is_browser(browser_token: str) -> bool:
    return looks_like_visitor(browser_token) or looks_like_session(browser_token)


def _settings(again: Detail | None) -> Mapping[str, str]:
    """Where the vendor is, for OAuth: a new integration is at the vendor's own address."""
    return {} if again is None else to_configuration(again)
