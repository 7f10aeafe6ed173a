"""The provider of definitions that tenants author: it knows nothing but the URL that they named.

`POST verify_url` with `{"auth": {...}, "configuration": {...}}`, answered by `{"valid": true}` when the credentials are
good, and by `{"valid": false, "message": "..."}` when they are not.
"""

from typing import Final

import msgspec

from jackfield.domain.definition import AuthoredDefinition
from jackfield.domain.provider import Account, Connection, CredentialRefused, VendorUnavailable, Verified
from jackfield.providers._http import HttpClient
from jackfield.providers._replies import raise_for_status, unexpected

_LABEL: Final = "authored"


class _Judgement(msgspec.Struct):
    valid: bool


_decoder: Final = msgspec.json.Decoder(_Judgement)


class Authored:
    """Proves credentials by asking the definition's own server. One without a verify URL proves nothing."""

    def __init__(self, http: HttpClient, name: str, verify_url: str) -> None:
        self._http = http
        self._name = name
        self._verify_url = verify_url

    async def verify(self, connection: Connection) -> Verified:
        """Raises CredentialRefused when the server says so, and VendorUnavailable for any other answer."""
        reply = await self._http.request(
            _LABEL,
            "POST",
            self._verify_url,
            json={"auth": dict(connection.secrets), "configuration": dict(connection.configuration)},
        )
        raise_for_status(reply, self._name, "to verify")
        if reply.status != 200:
            raise unexpected(reply, self._name)
        try:
            judgement = _decoder.decode(reply.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise VendorUnavailable(f'{self._name} did not answer with {{"valid": true}} or false') from None
        if not judgement.valid:
            raise CredentialRefused(f"{self._name} says that the credential is not valid")
        return Verified(account=Account(id="", name=self._name))


def make_authored(http: HttpClient, definition: AuthoredDefinition) -> object:
    """The provider of a definition; one that cannot do anything when the definition has no verify URL."""
    return Authored(http, definition.name, definition.verify_url) if definition.verify_url else None
