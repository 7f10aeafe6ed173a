"""An OpenID provider over real HTTP, as small as the code flow lets it be, and as bad as a test wants it.

It signs with the primitives of `cryptography` and a dozen lines, not with what the service reads with. It holds the
service to what it has to send: client, redirect address, PKCE, a code once.
"""

import base64
import contextlib
import hashlib
import hmac
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, unquote_plus, urlencode, urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from support.vendor_server import Behaviour, say

CLIENT_ID: Final = "jackfield+tests"
CLIENT_SECRET: Final = "stand-in:secret/ü"

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
#: makes the id_token from its claims
Signing = Callable[[Mapping[str, Any]], str]


@dataclass
class Person:
    """Who signs in next: the claims about them, and what is made of them. A claim that is None is left out."""

    claims: dict[str, Any] = field(default_factory=dict)
    #: in place of a signature with the newest key
    sign: Signing | None = None
    #: what the token endpoint says instead of tokens
    instead: Behaviour | None = None


@dataclass
class _Code:
    person: Person
    asked: dict[str, str]


class OpenIdServer:
    def __init__(self, server: ThreadingHTTPServer) -> None:
        self.url = f"http://127.0.0.1:{server.server_address[1]}"
        self.issuer = f"{self.url}/realms/test"
        self.post_only = False
        #: what the two documents say instead of what is so
        self.documents: dict[str, Behaviour] = {}
        self.asked: list[str] = []
        self.keys: dict[str, tuple[str, Key]] = {}
        #: who signs in with a browser of their own
        self.person = Person()
        self.access_token = secrets.token_urlsafe(16)
        self._codes: dict[str, _Code] = {}
        self.rotate()

    @classmethod
    @contextlib.contextmanager
    def start(cls) -> Iterator["OpenIdServer"]:
        server = _Server(("127.0.0.1", 0), _Handler)
        server.provider = cls(server)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield server.provider
        finally:
            server.shutdown()
            thread.join()
            server.server_close()

    def rotate(self, algorithm: str = "RS256") -> None:
        """A new key, and none but that."""
        self.keys = {secrets.token_hex(8): (algorithm, _new_key(algorithm))}

    def sign_in(self, address: str, person: Person) -> dict[str, str]:
        """The person signs in at the page that the service sent them to; what the address they come back to has."""
        parts = urlsplit(address)
        asked = {name: values[0] for name, values in parse_qs(parts.query, strict_parsing=True).items()}
        assert f"{parts.scheme}://{parts.netloc}{parts.path}" == f"{self.url}/authorize"
        assert asked["response_type"] == "code"
        assert asked["client_id"] == CLIENT_ID
        assert "openid" in asked["scope"].split()
        assert asked["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(24)
        self._codes[code] = _Code(person, asked)
        return {"code": code, "state": asked["state"], "iss": self.issuer}

    def signed(self, claims: Mapping[str, Any], **header: Any) -> str:
        """A token with the newest key; `header` over what its header would have, without what is None."""
        [(kid, (algorithm, key))] = self.keys.items()
        usual = {"alg": algorithm, "typ": "JWT", "kid": kid}
        signing_input = _parts({name: one for name, one in {**usual, **header}.items() if one is not None}, claims)
        return f"{signing_input}.{encoded(_signature(algorithm, key, signing_input.encode()))}"

    def unsigned(self, claims: Mapping[str, Any]) -> str:
        return f"{_parts({'alg': 'none'}, claims)}."

    def signed_with_what_all_can_read(self, claims: Mapping[str, Any]) -> str:
        """HS256 with the public key as its secret (CVE-2015-9256 and its like)."""
        [(kid, (_, key))] = self.keys.items()
        secret = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        signing_input = _parts({"alg": "HS256", "kid": kid}, claims)
        return f"{signing_input}.{encoded(hmac.digest(secret, signing_input.encode(), 'sha256'))}"

    # what is asked over HTTP

    def discovery(self) -> Behaviour:
        methods = ["client_secret_post"] if self.post_only else ["client_secret_basic", "client_secret_post"]
        return self.documents.get("discovery") or say(
            200,
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.url}/authorize?realm=test",
                "token_endpoint": f"{self.url}/token",
                "jwks_uri": f"{self.url}/keys",
                "token_endpoint_auth_methods_supported": methods,
            },
        )

    def key_set(self) -> Behaviour:
        listed = [
            {"kty": "oct", "kid": "not-for-this", "k": "c2VjcmV0"},
            {"kty": "RSA", "kid": "broken", "n": "!", "e": "AQAB"},
            *(_jwk(kid, algorithm, key) for kid, (algorithm, key) in self.keys.items()),
        ]
        return self.documents.get("keys") or say(200, {"keys": listed})

    def token(self, form: Mapping[str, str], authorization: str) -> Behaviour:
        if not self._is_client(form, authorization):
            return say(401, {"error": "invalid_client"})
        known = self._codes.pop(form.get("code", ""), None)
        if known is None or form.get("redirect_uri") != known.asked["redirect_uri"]:
            return say(400, {"error": "invalid_grant"})
        challenge = encoded(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if challenge != known.asked["code_challenge"]:
            return say(400, {"error": "invalid_grant"})
        person = known.person
        if person.instead is not None:
            return person.instead
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "sub": "f3b0-subject",
            "aud": CLIENT_ID,
            "exp": now + 300,
            "iat": now,
            "nonce": known.asked["nonce"],
            **person.claims,
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        token = (person.sign or self.signed)(claims)
        return say(200, {"access_token": self.access_token, "token_type": "Bearer", "id_token": token})

    def _is_client(self, form: Mapping[str, str], authorization: str) -> bool:
        if self.post_only:
            return (form.get("client_id"), form.get("client_secret")) == (CLIENT_ID, CLIENT_SECRET)
        scheme, _, pair = authorization.partition(" ")
        name, _, secret = base64.b64decode(pair).decode().partition(":")
        return (scheme, unquote_plus(name), unquote_plus(secret)) == ("Basic", CLIENT_ID, CLIENT_SECRET)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    provider: OpenIdServer


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        provider = self.server.provider
        provider.asked.append(self.path)
        if self.path == "/realms/test/.well-known/openid-configuration":
            self._say(provider.discovery())
        elif self.path == "/keys":
            self._say(provider.key_set())
        elif self.path.startswith("/authorize"):
            query = provider.sign_in(provider.url + self.path, provider.person)
            back = parse_qs(urlsplit(self.path).query)["redirect_uri"][0]
            self._say(say(302, {}, {"Location": f"{back}?{urlencode(query)}"}))
        else:
            self._say(say(404, {}))

    def do_POST(self) -> None:
        self.server.provider.asked.append(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
        form = {name: values[0] for name, values in parse_qs(body).items()}
        assert self.path == "/token"
        self._say(self.server.provider.token(form, self.headers.get("Authorization", "")))

    def _say(self, behaviour: Behaviour) -> None:
        # whoever asked may be gone before the answer
        with contextlib.suppress(ConnectionError):
            behaviour(self)

    def log_message(self, *_: Any) -> None:
        pass


def encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _parts(header: Mapping[str, Any], claims: Mapping[str, Any]) -> str:
    return ".".join(encoded(json.dumps(one).encode()) for one in (header, claims))


def _new_key(algorithm: str) -> Key:
    if algorithm == "ES256":
        return ec.generate_private_key(ec.SECP256R1())
    if algorithm == "EdDSA":
        return ed25519.Ed25519PrivateKey.generate()
    return rsa.generate_private_key(65537, 2048)


def _signature(algorithm: str, key: Key, signed: bytes) -> bytes:
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(signed)
    if isinstance(key, ec.EllipticCurvePrivateKey):
        r, s = decode_dss_signature(key.sign(signed, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")
    if algorithm == "PS256":
        return key.sign(signed, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
    return key.sign(signed, padding.PKCS1v15(), hashes.SHA256())


def _jwk(kid: str, algorithm: str, key: Key) -> dict[str, str]:
    about = {"kid": kid, "use": "sig", "alg": algorithm}
    if isinstance(key, ed25519.Ed25519PrivateKey):
        raw = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return {**about, "kty": "OKP", "crv": "Ed25519", "x": encoded(raw)}
    if isinstance(key, ec.EllipticCurvePrivateKey):
        point = key.public_key().public_numbers()
        x, y = (encoded(one.to_bytes(32, "big")) for one in (point.x, point.y))
        return {**about, "kty": "EC", "crv": "P-256", "x": x, "y": y}
    numbers = key.public_key().public_numbers()
    return {**about, "kty": "RSA", "n": encoded(numbers.n.to_bytes(256, "big")), "e": "AQAB"}
