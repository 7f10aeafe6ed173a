"""The provider of definitions that tenants author: it knows nothing but the URLs that they named.

`DELETE uninstallation_url?installation_id=...`, signed, answered by any 2xx, tells that an installation is gone.
`POST verify_url` with `{"auth": {...}, "configuration": {...}}`, answered by `{"valid": true}` when the credentials are
good, and by `{"valid": false, "message": "..."}` when they are not.
"""

import base64
import hmac
import time
from typing import Final

import msgspec

from jackfield.domain.definition import AuthoredDefinition
from jackfield.domain.provider import Account, Connection, CredentialRefused, VendorUnavailable, Verified
from jackfield.domain.web_address import with_query
from jackfield.providers._http import HttpClient
from jackfield.providers._replies import limited, raise_for_status, unexpected

_LABEL: Final = "authored"


class _Judgement(msgspec.Struct):
    valid: bool


_decoder: Final = msgspec.json.Decoder(_Judgement)


class _OfTenant:
    """What all of them know: how to call, and the definition."""

    def __init__(self, http: HttpClient, definition: AuthoredDefinition) -> None:
        self._http = http
        self._name = definition.name
        self._verify_url = definition.verify_url or ""
        self._uninstallation_url = definition.uninstallation_url or ""


class Authored(_OfTenant):
    """Proves credentials by asking the definition's own server."""

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


class PublishedApp(_OfTenant):
    """Tells the app's own server of uninstallations, signed with the installation's secret."""

    async def uninstall(self, installation_id: str, client_secret: str) -> None:
        """Any 2xx is success. Raises VendorUnavailable for every other answer, or ConfigurationRejected."""
        url = self._uninstallation_url
        timestamp = str(int(time.time()))
        headers = {
            "x-ada-signature-V2": signature(client_secret, "delete", url, b"", timestamp),
            "x-ada-timestamp-V2": timestamp,
        }
        reply = await self._http.request(
            _LABEL, "DELETE", with_query(url, "installation_id", installation_id), headers=headers
        )
        if reply.status == 429:
            raise limited(reply, self._name)
        if not 200 <= reply.status < 300:
            raise VendorUnavailable(f"{self._name} did not take the uninstallation ({reply.status})")


class VerifiedApp(Authored, PublishedApp):
    """Both."""


def signature(secret: str, method: str, url: str, body: bytes, timestamp: str) -> str:
    """What the app's server compares with: base64 of the HMAC-SHA256 of method, URL without query, body and time."""
    signed = b"\n".join((method.encode(), url.partition("?")[0].encode(), body, timestamp.encode()))
    return base64.b64encode(hmac.digest(secret.encode(), signed, "sha256")).decode()


def make_authored(http: HttpClient, definition: AuthoredDefinition) -> object:
    """The provider of a definition; None where it has no address to call."""
    kinds = {(True, True): VerifiedApp, (True, False): Authored, (False, True): PublishedApp}
    kind = kinds.get((bool(definition.verify_url), bool(definition.uninstallation_url)))
    return kind(http, definition) if kind else None
