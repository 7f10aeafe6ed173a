"""The id_token of an OpenID provider: what it has to be before a word of it is believed.

The rules are those of OpenID Connect Core 1.0 §3.1.3.7. Nothing here says more of a token than which rule it breaks.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

import msgspec
from joserfc.errors import JoseError, UnsupportedAlgorithmError
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey
from joserfc.jws import CompactSignature, JWSRegistry, extract_compact, validate_compact

from jackfield.domain.sign_in import Claims, IdentityUnproven

#: with the kind of their keys; all of them asymmetric: what everybody can read proves nothing under a shared key
ALGORITHMS: Final[Mapping[str, str]] = {"RS256": "RSA", "PS256": "RSA", "ES256": "EC", "EdDSA": "OKP"}
#: how far the provider's clock may be from ours; nobody else can make a token, so nothing is lost by patience
LEEWAY_SECONDS: Final = 300
_SMALLEST_RSA_BITS: Final = 2048
#: keys of one name that are tried
_MOST_OF_ONE_NAME: Final = 4
_CLOCKS: Final = "check the clocks of this server and of the provider"
_KINDS: Final[Mapping[str, type[RSAKey] | type[ECKey] | type[OKPKey]]] = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}
#: what a broken key or token makes joserfc raise
_BROKEN: Final = (JoseError, ValueError, TypeError, KeyError, AttributeError)


class _Required(msgspec.Struct):
    iss: str
    # what the database can keep
    sub: Annotated[str, msgspec.Meta(min_length=1, max_length=255, pattern=r"^[^\x00-\x1f\x7f]+\Z")]
    aud: str | list[str]
    exp: float
    iat: float
    nonce: str
    azp: str | None = None
    nbf: float | None = None
    at_hash: str | None = None


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """What the token has to be for. `now`: seconds since 1970."""

    issuer: str
    client_id: str
    nonce: str
    access_token: str | None
    now: float


class _Registry(JWSRegistry):
    """Only ours, and without the warning that EdDSA has a new name (RFC 9864), which no provider uses yet."""

    def get_alg(self, name: str) -> Any:
        if name not in ALGORITHMS:
            raise UnsupportedAlgorithmError
        return self.algorithms[name]


_registry: Final = _Registry(algorithms=list(ALGORITHMS), strict_check_header=False)


class UnknownKey(Exception):
    """None of the keys that the provider had when it was asked last signed the token; `reason` is for the log.

    Newer ones may have: also under an old name, since a name is the provider's choice and some use one for ever.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def read_keys(document: Mapping[str, Any]) -> Sequence[Key]:
    """The keys of a JWK set (RFC 7517 §5) that could have signed; what cannot be read is passed over."""
    listed = document.get("keys")
    return [key for one in (listed if isinstance(listed, list) else ()) if (key := _read_key(one)) is not None]


def verify(token: str, keys: Sequence[Key], expected: Expected) -> Claims:
    """The claims of the token. Raises IdentityUnproven, or UnknownKey when newer keys could help."""
    try:
        signature = extract_compact(token.encode(), registry=_registry)
        algorithm, kid = signature.protected.get("alg"), signature.protected.get("kid")
    except _BROKEN:
        raise IdentityUnproven("the id_token is no JWS") from None
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise IdentityUnproven(f"the id_token is not signed with one of {', '.join(ALGORITHMS)}")
    fitting = _choose([one for one in keys if one.key_type == ALGORITHMS[algorithm]], kid)
    if not any(_is_signed(signature, key) for key in fitting):
        raise UnknownKey("the signature of the id_token is wrong")
    return _checked(signature.payload, expected, algorithm)


def _read_key(jwk: Any) -> Key | None:
    kind = _KINDS.get(jwk.get("kty", "")) if isinstance(jwk, dict) and isinstance(jwk.get("kty"), str) else None
    if kind is None or jwk.get("use", "sig") != "sig":
        return None
    try:
        key = kind.import_key(jwk)
        if isinstance(key, RSAKey) and key.raw_value.key_size < _SMALLEST_RSA_BITS:
            return None
    except _BROKEN:
        return None
    return key


def _choose(keys: Sequence[Key], kid: object) -> Sequence[Key]:
    """The keys of that name, of which there should be one; without a name the only key there is."""
    fitting = keys if kid is None else [one for one in keys if one.kid == kid]
    if kid is None and len(keys) > 1:
        raise IdentityUnproven("the id_token does not say which of several keys signed it")
    if not fitting:
        raise UnknownKey("the id_token is signed with a key that the provider does not have")
    return fitting[:_MOST_OF_ONE_NAME]


def _is_signed(signature: CompactSignature, key: Key) -> bool:
    try:
        return validate_compact(signature, key, registry=_registry)
    except _BROKEN:
        return False


def _checked(payload: bytes, expected: Expected, algorithm: str) -> Claims:
    try:
        claims = msgspec.json.decode(payload, type=dict[str, Any])
        told = msgspec.convert(claims, _Required)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise IdentityUnproven("the id_token lacks a claim, or has one of the wrong kind") from None
    audiences = [told.aud] if isinstance(told.aud, str) else told.aud
    checks = (
        (told.iss == expected.issuer, "is of another issuer"),
        (expected.client_id in audiences, "is for somebody else"),
        # several audiences: only the party that it was given to may use it
        (told.azp == expected.client_id or (told.azp is None and len(audiences) == 1), "was given to somebody else"),
        (expected.now < told.exp + LEEWAY_SECONDS, "has expired"),
        (
            told.iat <= expected.now + LEEWAY_SECONDS,
            f"is from the future, by {_minutes(told.iat - expected.now)}: {_CLOCKS}",
        ),
        (told.nbf is None or told.nbf <= expected.now + LEEWAY_SECONDS, f"is not valid yet: {_CLOCKS}"),
        (hmac.compare_digest(told.nonce.encode(), expected.nonce.encode()), "does not have the nonce of this sign-in"),
        (_fits(told.at_hash, expected.access_token, algorithm), "came with another access token"),
    )
    for is_right, reason in checks:
        if not is_right:
            raise IdentityUnproven(f"the id_token {reason}")
    return claims


def _minutes(seconds: float) -> str:
    # a number of a stranger may be any
    return f"{min(seconds, 1e9) / 60:.0f} minutes"


def _fits(at_hash: str | None, access_token: str | None, algorithm: str) -> bool:
    """Optional in this flow (§3.1.3.8). Which hash EdDSA has is not agreed on, so there it is not looked at."""
    if at_hash is None or access_token is None or algorithm == "EdDSA":
        return True
    half = hashlib.sha256(access_token.encode()).digest()[:16]
    return hmac.compare_digest(at_hash.encode(), base64.urlsafe_b64encode(half).rstrip(b"="))
