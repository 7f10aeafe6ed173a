"""Vendors' replies to OAuth as they are kept in tests/providers/fixtures/*/oauth: what is asked, what comes, what it
means."""

import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from jackfield.domain.authorization import Application, Authorization, CodeExchange
from jackfield.domain.credential import Secrets
from jackfield.domain.provider import Connection, TokenSet
from jackfield.domain.send_lease import LeaseTimes
from jackfield.providers._client import open_client
from jackfield.providers._http import Endpoints
from support.recorded import CLASSES, FIXTURES, LOOPBACK
from support.vendor import Answer, Behaviour, Vendor, vendor

APPLICATION = Application("recorded-client-id", "recorded-client-secret-0123456789")
REDIRECT_URI = "https://jackfield.example.com/connect/callback"
STATE = "recorded-state"
CHALLENGE = "recorded-challenge"
CODE = "recorded-code-0123456789"
VERIFIER = "recorded-verifier-0123456789-0123456789-0123"


@dataclass
class OAuthCase:
    """One file. What it does not say of the credential and the addresses stands in the folder's connection.json.

    `call` is the provider's method. A request has the body's members as `form` or `json`. Of what was granted, times in
    `secrets` are seconds from now, and so is `lasts`.
    """

    slug: str
    name: str
    call: str
    secrets: dict[str, str]
    configuration: dict[str, str]
    endpoints: dict[str, str]
    exchanges: list[dict[str, Any]]
    expected: dict[str, Any]
    scopes: list[str] = field(default_factory=list)
    token_set: str = "access_token"

    def __str__(self) -> str:
        return f"{self.slug}-{self.name}"

    def arguments(self, configuration: dict[str, str]) -> list[Any]:
        """What the provider's method takes. `configuration` is the case's, with addresses."""
        oauth = CLASSES[self.slug].manifest.oauth
        assert oauth is not None
        connection = Connection(Secrets(dict(self.secrets)), configuration)
        match self.call:
            case "authorize_url":
                return [
                    Authorization(
                        application=APPLICATION,
                        redirect_uri=REDIRECT_URI,
                        state=STATE,
                        scopes=tuple(self.scopes) or oauth.scopes,
                        challenge=CHALLENGE,
                        configuration=configuration,
                    )
                ]
            case "exchange":
                return [
                    CodeExchange(
                        application=APPLICATION,
                        redirect_uri=REDIRECT_URI,
                        code=CODE,
                        verifier=VERIFIER,
                        configuration=configuration,
                    )
                ]
            case "refresh":
                return [APPLICATION, connection, self._token_set(oauth.token_sets)]
            case _:
                return [APPLICATION, connection]

    def answers(self) -> list[Answer]:
        return [answer_of(exchange["reply"]) for exchange in self.exchanges]

    def secret_words(self) -> list[str]:
        """What no sentence and no log may have."""
        found = [APPLICATION.client_secret, CODE, VERIFIER, *self.secrets.values()]
        for exchange in self.exchanges:
            found += _tokens(exchange["reply"].get("json"))
        return found

    def _token_set(self, token_sets: tuple[TokenSet, ...]) -> TokenSet:
        return next(one for one in token_sets if one.access == self.token_set)


def oauth_cases(slug: str) -> list[OAuthCase]:
    folder = FIXTURES / slug / "oauth"
    if not folder.is_dir():
        return []
    defaults = _load(folder / "connection.json")
    return [
        OAuthCase(slug=slug, name=path.stem, **{**defaults, **_load(path)})
        for path in sorted(folder.glob("*.json"))
        if path.stem != "connection"
    ]


def oauth_case(slug: str, name: str) -> OAuthCase:
    return next(one for one in oauth_cases(slug) if one.name == name)


@contextlib.asynccontextmanager
async def called_at(
    case: OAuthCase, behaviour: Behaviour, total_seconds: float = 10.0
) -> AsyncIterator[tuple[Any, list[Any], Vendor]]:
    """The provider's method of a case, its arguments, and the vendor that its addresses lead to."""
    async with vendor(behaviour) as there:

        def placed(values: dict[str, str]) -> dict[str, str]:
            return {name: value.replace("{url}", there.url) for name, value in values.items()}

        endpoints = placed(case.endpoints)
        # what the operator has set is called freely; the rest by the list of what is allowed
        async with open_client(LOOPBACK, {case.slug: list(endpoints.values())}, LeaseTimes(total_seconds)) as http:
            provider = CLASSES[case.slug](http, Endpoints(**endpoints))
            yield getattr(provider, case.call), case.arguments(placed(case.configuration)), there


def answer_of(reply: dict[str, Any]) -> Answer:
    if "json" in reply:
        return Answer.of(reply["json"], reply["status"], reply.get("headers"))
    return Answer(reply["status"], reply.get("headers", {}), reply.get("text", "").encode())


def _tokens(value: Any) -> list[str]:
    if not isinstance(value, dict):
        return []
    own = [value[name] for name in ("access_token", "refresh_token") if isinstance(value.get(name), str)]
    return own + [token for inner in value.values() for token in _tokens(inner)]


def _load(path: Any) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded
