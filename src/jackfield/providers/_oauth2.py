"""The vendor side of OAuth: authorization code, refresh and what vendors make of them, RFC 6749 and RFC 7636.

A provider inherits `AuthorizesByCode` and declares with a `Flow` in what its vendor differs. No message tells anything
of a code, a token or a secret, nor what the vendor wrote.
"""

import base64
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, ClassVar, Final, NoReturn
from urllib.parse import urlencode, urlsplit

import msgspec

from jackfield.domain.authorization import Application, Authorization, CodeExchange, Granted
from jackfield.domain.credential import Secrets
from jackfield.domain.provider import (
    ApplicationRefused,
    ConfigurationRejected,
    Connection,
    GrantRefused,
    Manifest,
    TokenSet,
    VendorUnavailable,
)
from jackfield.providers._credentials import member
from jackfield.providers._endpoints import api_url, own_base_url
from jackfield.providers._errors import unknown
from jackfield.providers._http import Endpoints, HttpClient, Reply
from jackfield.providers._replies import decode, limited, raise_for_status, unexpected

#: what goes into a header unharmed, whole: `$` would let a line break pass
_Token = Annotated[str, msgspec.Meta(min_length=1, max_length=8000, pattern=r"^[\x21-\x7e]+\Z")]
#: RFC 6749 §3.3
_SCOPE: Final = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,200}")
_SCOPES_APART: Final = re.compile(r"[,\s]+")
_SETTING: Final = re.compile(r"[A-Za-z0-9._-]{1,200}")
#: no vendor has a token that lives longer, and no later moment is one
_LONGEST_LIFE_SECONDS: Final = 10 * 365 * 24 * 3600.0
#: of a token of which it is told that it ends, but not sensibly when
_SHORT_LIFE_SECONDS: Final = 3600.0

_REFUSALS: Final = frozenset({"invalid_grant"})
_MISREGISTRATIONS: Final = frozenset(
    {"invalid_client", "unauthorized_client", "unsupported_grant_type", "invalid_scope", "redirect_uri_mismatch"}
)
_OUTAGES: Final = frozenset(
    {
        "temporarily_unavailable",
        "server_error",
        "internal_error",
        "fatal_error",
        "service_unavailable",
        "request_timeout",
    }
)
_LIMITS: Final = frozenset({"ratelimited", "rate_limited", "slow_down"})


#: a refusal for good, in words that are not RFC 6749's
_ENDED: Final = re.compile(
    r"\btoken\b.{0,40}\b(expired|revoked|invalid|not found|already used)\b"
    r"|\b(expired|revoked|invalid|unknown) (refresh |authorization )?token\b"
)


class TokenPlace(msgspec.Struct, frozen=True, kw_only=True):
    """How one token set is asked for and answered.

    `at` is the member of the first reply that has it; None: the reply itself, which a refresh's always is. `called` is
    what a refresh's reply calls it, where the vendor tells its sets apart so.
    """

    scope_parameter: str = "scope"
    at: str | None = None
    called: str | None = None


class Flow(msgspec.Struct, frozen=True, kw_only=True):
    """In what a vendor differs from RFC 6749.

    `authorize_at` and `tokens_at` are addresses: {site} stands in them for where people log in, {api} for the API,
    which is `api_below` an address that the operator set. `site`: people log in elsewhere than at the manifest's
    `base_url`. `parameters` go to the vendor's page with the others, `always` are scopes asked for whatever a caller
    asks for. `basic`: the application proves itself in the header, not in the body. `json`: bodies are JSON. `places`
    are by the name of the set's access token. `told` are settings that the first reply tells, each with the way to its
    text there.

    `refusals` are names that the vendor has for RFC 6749's invalid_grant, `refused_because` beginnings of descriptions
    that mean it under another name, `misregistrations` names for its invalid_client.
    """

    authorize_at: str
    tokens_at: str
    api_below: str = ""
    site: str | None = None
    parameters: Mapping[str, str] = {}
    scope_separator: str = " "
    always: tuple[str, ...] = ()
    basic: bool = False
    json: bool = False
    places: Mapping[str, TokenPlace] = {}
    told: Mapping[str, tuple[str, ...]] = {}
    refusals: frozenset[str] = frozenset()
    refused_because: tuple[str, ...] = ()
    misregistrations: frozenset[str] = frozenset()


class _Tokens(msgspec.Struct):
    """What comes may lie about everything that is Any: a good token is not thrown away for it, since the next
    refresh token may have come with it."""

    access_token: _Token
    refresh_token: _Token | None = None
    expires_in: Any = None
    scope: Any = None
    token_type: Any = None


class CodeFlow:
    """The conversation with one vendor, which `manifest` and `flow` describe."""

    def __init__(self, http: HttpClient, endpoints: Endpoints, manifest: Manifest, flow: Flow) -> None:
        assert manifest.oauth is not None  # noqa: S101  for mypy: tests/providers/test_oauth.py looks at each
        self._http = http
        self._endpoints = endpoints
        self._manifest = manifest
        self._oauth = manifest.oauth
        self._flow = flow

    def authorize_url(self, authorization: Authorization) -> str:
        """The vendor's page. Raises ConfigurationRejected for a server where the operator is not registered."""
        self.require_registration(authorization.configuration)
        parameters = {
            "client_id": authorization.application.client_id,
            "redirect_uri": authorization.redirect_uri,
            "response_type": "code",
            "state": authorization.state,
            **self._scope_parameters(authorization.scopes),
            **self._flow.parameters,
        }
        if self._oauth.pkce:
            parameters |= {"code_challenge": authorization.challenge, "code_challenge_method": "S256"}
        return f"{self.placed(self._flow.authorize_at)}?{urlencode(parameters)}"

    async def exchange(self, exchange: CodeExchange) -> Granted:
        """The tokens for the code, of every set that the vendor gave. Raises as Authorizes says."""
        self.require_registration(exchange.configuration)
        parameters = {
            "grant_type": "authorization_code",
            "code": exchange.code,
            "redirect_uri": exchange.redirect_uri,
        }
        if self._oauth.pkce:
            parameters["code_verifier"] = exchange.verifier
        asked_at = datetime.now(UTC)
        reply, answer = await self._ask(exchange.application, parameters, "code")
        return self._first(reply, answer, asked_at)

    async def refresh(self, application: Application, connection: Connection, token_set: TokenSet) -> Granted:
        """Raises as Authorizes says; GrantRefused as well when there is no refresh token."""
        self.require_registration(connection.configuration)
        refresh_token = member(connection, token_set.refresh)
        if refresh_token is None:
            raise GrantRefused(f"{self._manifest.name} gave no refresh token: connect it once more")
        parameters = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        asked_at = datetime.now(UTC)
        reply, answer = await self._ask(application, parameters, "refresh token")
        tokens = self._tokens(reply, answer)
        if tokens.token_type in self._called_otherwise(token_set):
            raise unexpected(reply, self._manifest.name)
        ends_at = _ends_at(tokens, token_set, asked_at)
        written = {token_set.access: tokens.access_token, token_set.expires_at: _text(ends_at)}
        # a vendor that gives no new one leaves the old one valid: RFC 6749 §6
        if tokens.refresh_token is not None:
            written[token_set.refresh] = tokens.refresh_token
        scopes = _scopes(tokens.scope, token_set)
        if scopes is not None:
            written[token_set.scope] = _scope_text(scopes, token_set)
        return Granted(secrets=Secrets(written), expires_at=ends_at, scopes=scopes)

    def _called_otherwise(self, token_set: TokenSet) -> list[str | None]:
        """What the vendor calls its other token sets.

        What it asks with tells whose the answer is: a type that is left out, or one that nobody knows, is no reason
        to throw the only good refresh token away.
        """
        others = (self._place(one) for one in self._oauth.token_sets if one != token_set)
        return [place.called for place in others if place.called is not None]

    def _place(self, token_set: TokenSet) -> TokenPlace:
        return self._flow.places.get(token_set.access, TokenPlace())

    def placed(self, address: str) -> str:
        """An address of the flow, {site} and {api} filled in: where the operator says, never where a tenant does."""
        operators = self._endpoints.auth_url or (self._endpoints.base_url if self._flow.site is None else None)
        site = operators or self._flow.site or self._manifest.base_url or ""
        api = api_url(self._endpoints, self._manifest.api_url or site, self._flow.api_below)
        return address.format(site=site.rstrip("/"), api=api)

    def require_registration(self, configuration: Mapping[str, str]) -> None:
        """Raises ConfigurationRejected when the integration is at another server than the operator's registration.

        That server is the customer's: it does not know the application, and must not be sent its secret. A region of
        the vendor's is a host below the vendor's own, where the registration holds as well.
        """
        if self._flow.site is not None:
            return
        own = own_base_url(Connection(Secrets({}), configuration))
        host = (urlsplit(own or "").hostname or "").lower()
        home = (urlsplit(self.placed("{site}")).hostname or "").lower()
        if own is not None and host != home and not host.endswith(f".{home}"):
            raise ConfigurationRejected(
                f"{self._manifest.name} can be connected by OAuth at {home} alone: "
                "take the address out, or enter a token of your server",
                "base_url",
            )

    def _scope_parameters(self, scopes: Sequence[str]) -> dict[str, str]:
        asked = [*scopes, *(scope for scope in self._flow.always if scope not in scopes)]
        parameters: dict[str, str] = {}
        # the longest prefix first: the first set's is empty, and every scope starts with it
        for token_set in sorted(self._oauth.token_sets, key=lambda one: -len(one.scope_prefix)):
            its = [scope for scope in asked if scope.startswith(token_set.scope_prefix)]
            asked = [scope for scope in asked if scope not in its]
            if its:
                names = [scope.removeprefix(token_set.scope_prefix) for scope in its]
                parameters[self._place(token_set).scope_parameter] = self._flow.scope_separator.join(names)
        return parameters

    async def _ask(
        self, application: Application, parameters: dict[str, str], what: str
    ) -> tuple[Reply, dict[str, Any]]:
        """The token endpoint's answer, when it is no error. `what` is what it may not take."""
        headers: dict[str, str] = {}
        if self._flow.basic:
            headers["Authorization"] = basic(application)
        else:
            parameters |= {"client_id": application.client_id, "client_secret": application.client_secret}
        reply = await self._http.request(
            self._manifest.slug,
            "POST",
            self.placed(self._flow.tokens_at),
            headers=headers,
            json=parameters if self._flow.json else None,
            form=None if self._flow.json else parameters,
            placed=True,
        )
        # of a refusal the status says less than the name in the body, and is 200 with some
        if reply.status == 429 or reply.status >= 500 or 300 <= reply.status < 400:
            raise_for_status(reply, self._manifest.name, "")
        answer = decode(reply, dict[str, Any], self._manifest.name)
        if answer.get("error") or answer.get("ok") is False or 400 <= reply.status < 500:
            self._refuse(reply, answer, what)
        if reply.status not in {200, 201}:
            raise unexpected(reply, self._manifest.name)
        return reply, answer

    def _refuse(self, reply: Reply, answer: Mapping[str, Any], what: str) -> NoReturn:
        name = self._manifest.name
        error = answer.get("error")
        description = answer.get("error_description")
        because = description.lower() if isinstance(description, str) else ""
        if not isinstance(error, str):
            error = ""
        if error in _REFUSALS | self._flow.refusals or because.startswith(self._flow.refused_because):
            raise _grant_refused(name, what)
        if error in _MISREGISTRATIONS | self._flow.misregistrations:
            raise ApplicationRefused(
                f"{name} does not take this service's registration there: "
                "the operator has to check its client ID, client secret, callback address and rights"
            )
        if error in _LIMITS:
            raise limited(reply, name)
        if error in _OUTAGES:
            raise VendorUnavailable(f"{name} answered with an error of its own")
        if any(_ENDED.search(text) for text in _texts(answer)):
            raise _grant_refused(name, what)
        raise unknown(name, error) if error else unexpected(reply, name)

    def _first(self, reply: Reply, answer: Mapping[str, Any], asked_at: datetime) -> Granted:
        """Every member of the credential: what the vendor gave, and None for what it did not."""
        written: dict[str, str | None] = {secret.name: None for secret in self._manifest.secrets}
        ends: list[datetime] = []
        told: list[str] | None = None
        found = False
        for token_set in self._oauth.token_sets:
            written |= dict.fromkeys((token_set.access, token_set.refresh, token_set.expires_at, token_set.scope))
            place = self._place(token_set)
            part = answer if place.at is None else answer.get(place.at)
            if not isinstance(part, dict) or part.get("access_token") is None:
                continue
            found = True
            tokens = self._tokens(reply, part)
            ends_at = _ends_at(tokens, token_set, asked_at)
            scopes = _scopes(tokens.scope, token_set)
            written[token_set.access] = tokens.access_token
            written[token_set.refresh] = tokens.refresh_token
            written[token_set.expires_at] = _text(ends_at)
            if ends_at is not None:
                ends.append(ends_at)
            if scopes is not None:
                written[token_set.scope] = _scope_text(scopes, token_set)
                told = [*(told or []), *scopes]
        if not found:
            raise unexpected(reply, self._manifest.name)
        return Granted(
            secrets=Secrets({**written, "token_type": "Bearer"}),
            expires_at=min(ends, default=None),
            scopes=None if told is None else tuple(told),
            configuration=self._told(answer),
        )

    def _told(self, answer: Mapping[str, Any]) -> dict[str, str]:
        settings: dict[str, str] = {}
        for setting, way in self._flow.told.items():
            value: Any = answer
            for step in way:
                value = value.get(step) if isinstance(value, dict) else None
            if isinstance(value, str) and _SETTING.fullmatch(value):
                settings[setting] = value
        return settings

    def _tokens(self, reply: Reply, part: Mapping[str, Any]) -> _Tokens:
        try:
            return msgspec.convert({name: value for name, value in part.items() if value != ""}, _Tokens)
        except msgspec.ValidationError:
            raise unexpected(reply, self._manifest.name) from None


class AuthorizesByCode:
    """Satisfies Authorizes for a provider with `manifest.oauth` and a `flow`."""

    manifest: ClassVar[Manifest]
    flow: ClassVar[Flow]
    _http: HttpClient
    _endpoints: Endpoints

    def authorize_url(self, authorization: Authorization) -> str:
        return self._code_flow.authorize_url(authorization)

    async def exchange(self, exchange: CodeExchange) -> Granted:
        return await self._code_flow.exchange(exchange)

    async def refresh(self, application: Application, connection: Connection, token_set: TokenSet) -> Granted:
        return await self._code_flow.refresh(application, connection, token_set)

    @property
    def _code_flow(self) -> CodeFlow:
        return CodeFlow(self._http, self._endpoints, self.manifest, self.flow)


def _grant_refused(vendor: str, what: str) -> GrantRefused:
    return GrantRefused(
        f"{vendor} does not take the {what}: it was used before, has expired or was withdrawn. Connect it once more"
    )


def _texts(answer: Mapping[str, Any]) -> Iterator[str]:
    """What a refusal says in words, wherever it says them: not every token endpoint knows RFC 6749's members."""
    for name in ("error", "error_description", "code", "message", "detail", "title"):
        text = answer.get(name)
        if isinstance(text, str):
            yield text[:500].replace("_", " ").lower()


def basic(application: Application) -> str:
    """The Authorization that proves an application."""
    pair = f"{application.client_id}:{application.client_secret}"
    return f"Basic {base64.b64encode(pair.encode()).decode()}"


def _ends_at(tokens: _Tokens, token_set: TokenSet, asked_at: datetime) -> datetime | None:
    seconds = _lifetime(tokens.expires_in)
    if seconds is None:
        seconds = token_set.lifetime_seconds
        if seconds is None and (tokens.expires_in is not None or tokens.refresh_token is not None):
            seconds = _SHORT_LIFE_SECONDS
    return None if seconds is None else asked_at + timedelta(seconds=seconds)


def _lifetime(told: Any) -> float | None:
    """Seconds, some vendors' as a text; None when nothing sensible is told."""
    if isinstance(told, str) and told.isascii() and told.isdigit() and len(told) < 20:
        told = int(told)
    if isinstance(told, bool) or not isinstance(told, int | float):
        return None
    return float(told) if 1 <= told <= _LONGEST_LIFE_SECONDS else None


def _text(moment: datetime | None) -> str | None:
    """As the first contract keeps it: ISO 8601, UTC, whole seconds."""
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _scopes(told: Any, token_set: TokenSet) -> tuple[str, ...] | None:
    """The scopes, divided by blanks or commas, or as a list; None when the vendor does not tell, or nothing known."""
    parts = _SCOPES_APART.split(told) if isinstance(told, str) else told
    if not isinstance(parts, list):
        return None
    scopes = [part for part in parts if isinstance(part, str) and _SCOPE.fullmatch(part)]
    return tuple(token_set.scope_prefix + scope for scope in scopes) or None


def _scope_text(scopes: Sequence[str], token_set: TokenSet) -> str:
    return " ".join(scope.removeprefix(token_set.scope_prefix) for scope in scopes)
