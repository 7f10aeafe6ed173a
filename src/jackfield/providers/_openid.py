"""The operator's OpenID provider over HTTP: discovery, keys, and the code for an id_token.

https://openid.net/specs/openid-connect-discovery-1_0.html, RFC 6749 §4.1, RFC 7636. What is asked for here, a person is
waiting for, so that time is short.
"""

import asyncio
import base64
import contextlib
import re
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Annotated, Any, Final, TypeVar
from urllib.parse import quote_plus, urlencode

import msgspec
from joserfc.jwk import Key

from jackfield.domain.provider import ProviderError
from jackfield.domain.sign_in import Arrival, Claims, Departure, IdentityProviderAway, IdentityUnproven
from jackfield.providers._http import HttpClient, Reply
from jackfield.providers._id_token import Expected, UnknownKey, read_keys, verify

#: what the metrics call it, and under what its addresses are trusted
LABEL: Final = "openid"
CALL_SECONDS: Final = 5.0
#: of any answer; id_tokens with hundreds of groups are a tenth of it
_MOST_BYTES: Final = 256 * 1024
#: how long what the provider says of itself is believed
CACHE_SECONDS: Final = 3600.0
#: keys are asked for again when a token names a new one, but no more often
KEYS_AGAIN_SECONDS: Final = 60.0
_ADDRESS: Final = re.compile(r"https?://[\x21-\x7e]+")
_Document = TypeVar("_Document")
_Text = Annotated[str, msgspec.Meta(min_length=1, max_length=100_000)]


class Registration(msgspec.Struct, frozen=True, kw_only=True):
    """The operator's registration at the provider. `client_secret` is never printed."""

    issuer: str
    client_id: str
    client_secret: str
    scopes: tuple[str, ...]

    def __repr__(self) -> str:
        return f"<Registration {self.client_id}>"


class _Metadata(msgspec.Struct, frozen=True):
    """OpenID Connect Discovery 1.0 §3, as far as it matters here."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)


class _Tokens(msgspec.Struct):
    id_token: _Text
    access_token: str | None = None

    def __repr__(self) -> str:
        return "<_Tokens>"


class _Refusal(msgspec.Struct):
    error: str


class OpenIdProvider:
    """One provider, as `domain.ports.IdentityProvider`."""

    def __init__(
        self, http: HttpClient, registration: Registration, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._http = http
        self._registration = registration
        self._clock = clock
        self._lock = asyncio.Lock()
        self._metadata: tuple[_Metadata, float] | None = None
        self._keys: tuple[Sequence[Key], float] | None = None
        self._may_ask_again_at = 0.0

    async def authorize_url(self, departure: Departure) -> str:
        metadata = await self._discovered()
        parameters = {
            "response_type": "code",
            "client_id": self._registration.client_id,
            "redirect_uri": departure.redirect_uri,
            "scope": " ".join(self._registration.scopes),
            "state": departure.state,
            "nonce": departure.nonce,
            "code_challenge": departure.challenge,
            "code_challenge_method": "S256",
        }
        endpoint = metadata.authorization_endpoint
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(parameters)}"

    async def identify(self, arrival: Arrival) -> Claims:
        metadata = await self._discovered()
        tokens = await self._exchange(metadata, arrival)
        expected = Expected(
            issuer=self._registration.issuer,
            client_id=self._registration.client_id,
            nonce=arrival.nonce,
            access_token=tokens.access_token,
            now=time.time(),
        )
        try:
            return verify(tokens.id_token, await self._known_keys(metadata), expected)
        except UnknownKey:
            pass
        try:
            return verify(tokens.id_token, await self._newer_keys(metadata), expected)
        except UnknownKey as error:
            raise IdentityUnproven(error.reason) from None

    async def _exchange(self, metadata: _Metadata, arrival: Arrival) -> _Tokens:
        form = {
            "grant_type": "authorization_code",
            "code": arrival.code,
            "redirect_uri": arrival.redirect_uri,
            "code_verifier": arrival.verifier,
        }
        headers = {}
        methods = metadata.token_endpoint_auth_methods_supported
        if "client_secret_basic" in methods or "client_secret_post" not in methods:
            headers["Authorization"] = f"Basic {self._basic()}"
        else:
            form |= {"client_id": self._registration.client_id, "client_secret": self._registration.client_secret}
        reply = await self._call("POST", metadata.token_endpoint, headers=headers, form=form)
        if reply.status != 200:
            raise _refused(reply)
        return _decoded(reply, _Tokens, "the token endpoint")

    def _basic(self) -> str:
        # RFC 6749 §2.3.1: both as in a form, before they are put together
        pair = f"{quote_plus(self._registration.client_id)}:{quote_plus(self._registration.client_secret)}"
        return base64.b64encode(pair.encode()).decode()

    async def _discovered(self) -> _Metadata:
        async with self._alone():
            if self._metadata is None or self._metadata[1] <= self._clock():
                address = f"{self._registration.issuer.rstrip('/')}/.well-known/openid-configuration"
                metadata = _decoded(await self._get(address), _Metadata, "the discovery document")
                self._check(metadata)
                self._metadata = metadata, self._clock() + CACHE_SECONDS
            return self._metadata[0]

    def _check(self, metadata: _Metadata) -> None:
        if metadata.issuer != self._registration.issuer:
            raise IdentityProviderAway("the discovery document is of another issuer than JACKFIELD_OIDC__ISSUER")
        # only a provider on this machine goes without TLS
        start = "https://" if self._registration.issuer.startswith("https://") else ("http://", "https://")
        for address in (metadata.authorization_endpoint, metadata.token_endpoint, metadata.jwks_uri):
            if not _ADDRESS.fullmatch(address) or not address.startswith(start) or "#" in address:
                raise IdentityProviderAway("the discovery document has an address that is none, or without TLS")

    async def _known_keys(self, metadata: _Metadata) -> Sequence[Key]:
        async with self._alone():
            if self._keys is None or self._keys[1] <= self._clock():
                await self._fetch_keys(metadata)
            return self._keys[0] if self._keys else ()

    async def _newer_keys(self, metadata: _Metadata) -> Sequence[Key]:
        async with self._alone():
            if self._clock() >= self._may_ask_again_at:
                self._may_ask_again_at = self._clock() + KEYS_AGAIN_SECONDS
                await self._fetch_keys(metadata)
            return self._keys[0] if self._keys else ()

    async def _fetch_keys(self, metadata: _Metadata) -> None:
        document = _decoded(await self._get(metadata.jwks_uri), dict[str, Any], "the key set")
        self._keys = read_keys(document), self._clock() + CACHE_SECONDS

    @contextlib.asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        """One asks for all; who had to wait for too long does not begin another wait."""
        try:
            async with asyncio.timeout(CALL_SECONDS):
                await self._lock.acquire()
        except TimeoutError:
            raise IdentityProviderAway("the provider keeps others waiting already") from None
        try:
            yield
        finally:
            self._lock.release()

    async def _get(self, address: str) -> Reply:
        reply = await self._call("GET", address)
        if reply.status != 200:
            raise IdentityProviderAway(f"the provider answered {reply.status} to a question about itself")
        return reply

    async def _call(
        self, method: str, address: str, headers: Mapping[str, str] | None = None, form: Mapping[str, str] | None = None
    ) -> Reply:
        try:
            async with asyncio.timeout(CALL_SECONDS):
                reply = await self._http.request(LABEL, method, address, headers=headers, form=form, placed=True)
        except TimeoutError:
            raise IdentityProviderAway(f"the provider did not answer within {CALL_SECONDS:.0f} s") from None
        except ProviderError as error:
            # of an address it says the host, and nothing else
            raise IdentityProviderAway(str(error)) from None
        if len(reply.body) > _MOST_BYTES:
            raise IdentityProviderAway("the provider's answer is too long")
        return reply


def _refused(reply: Reply) -> IdentityUnproven | IdentityProviderAway:
    """What a token endpoint means that gave none (RFC 6749 §5.2)."""
    try:
        error = msgspec.json.decode(reply.body, type=_Refusal).error
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return IdentityProviderAway(f"the token endpoint answered {reply.status}, not in the words of OAuth")
    if error == "invalid_grant":
        return IdentityUnproven("the token endpoint refuses the code")
    if error in {"invalid_client", "unauthorized_client"}:
        return IdentityProviderAway("the token endpoint refuses JACKFIELD_OIDC__CLIENT_ID or its secret")
    return IdentityProviderAway(f"the token endpoint answered {reply.status} with an error")


def _decoded(reply: Reply, kind: type[_Document], what: str) -> _Document:
    try:
        return msgspec.json.decode(reply.body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise IdentityProviderAway(f"{what} is not what OpenID Connect has there") from None
