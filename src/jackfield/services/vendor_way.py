"""The way of a browser to a vendor's own page, and what the code is good for with which it comes back."""

import asyncio
from collections.abc import Mapping
from typing import Final

from jackfield.domain.authorization import Authorization, CodeExchange, Granted
from jackfield.domain.connecting import (
    CALLBACK_PATH,
    ConnectSession,
    NotConnected,
    NotOffered,
    challenge_of,
    generate_state,
    generate_verifier,
)
from jackfield.domain.definition import Definition
from jackfield.domain.provider import (
    ConfigurationRejected,
    OAuth,
    ProviderError,
    VendorLimited,
    VendorUnavailable,
)
from jackfield.services.catalog import Catalog

#: a person waits, and the code is spent whatever comes
_EXCHANGE_SECONDS: Final = 25.0
_CODE_LIMIT: Final = 4096
_LOST: Final = (
    "{} gave no usable answer when the approval was to be turned into a token. It may have given access all the same, "
    "which nobody has: approve once more, and the newer approval counts"
)
#: RFC 6749 §4.1.2.1, and what vendors add to it
_DENIALS: Final = frozenset({"access_denied", "user_denied", "consent_required", "login_required"})
_OUTAGES: Final = frozenset({"server_error", "temporarily_unavailable"})


class VendorWay:
    """Vendors lead browsers back to the service's public address; where there is none, this way is not gone."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._public_url = catalog.public_url

    def is_offered(self, vendor: str, configuration: Mapping[str, str]) -> bool:
        """Whether an integration with these settings can be connected so."""
        if not self._public_url or not self._catalog.connects_by_oauth(vendor):
            return False
        try:
            self._address(vendor, (), generate_state(), generate_verifier(), configuration)
        except ConfigurationRejected:
            return False
        return True

    def oauth(self, vendor: str) -> OAuth:
        """Raises NotOffered."""
        oauth = self._catalog.oauth(vendor)
        if oauth is None:
            raise NotOffered("This vendor is not connected by OAuth")
        return oauth

    def address(self, session: ConnectSession, state: str, verifier: str, configuration: Mapping[str, str]) -> str:
        """The vendor's page. Raises NotOffered, or ConfigurationRejected when the integration is elsewhere."""
        if not self._public_url:
            raise NotOffered("The operator of this service has not set its public address, to which vendors lead back")
        return self._address(session.provider, session.scopes, state, verifier, configuration)

    async def exchange(
        self, definition: Definition, code: str, verifier: str, configuration: Mapping[str, str]
    ) -> Granted:
        """What the code is good for, once. Raises NotConnected with the true reason."""
        vendor, name = definition.vendor, definition.name
        provider, application = self._catalog.authorizer(vendor), self._catalog.application(vendor)
        if provider is None or application is None:
            raise NotConnected(f"The operator of this service has ended its registration at {name}")
        if not 0 < len(code) <= _CODE_LIMIT or not code.isprintable():
            raise NotConnected(f"{name} led back here without a code: approve once more")
        asked = CodeExchange(
            application=application,
            redirect_uri=self._redirect_uri,
            code=code,
            verifier=verifier,
            configuration=configuration,
        )
        try:
            async with asyncio.timeout(_EXCHANGE_SECONDS):
                return await provider.exchange(asked)
        except VendorLimited as error:
            raise NotConnected(f"{error}. Wait a moment, and approve once more") from None
        except (VendorUnavailable, TimeoutError):
            raise NotConnected(_LOST.format(name)) from None
        except ConfigurationRejected as error:
            raise NotConnected(str(error), error.field or "") from None
        except ProviderError as error:
            raise NotConnected(str(error)) from None

    def _address(
        self, vendor: str, scopes: tuple[str, ...], state: str, verifier: str, configuration: Mapping[str, str]
    ) -> str:
        provider, application = self._catalog.authorizer(vendor), self._catalog.application(vendor)
        if provider is None or application is None:
            raise NotOffered(
                "The operator of this service is not registered at this vendor: it cannot be approved there"
            )
        return provider.authorize_url(
            Authorization(
                application=application,
                redirect_uri=self._redirect_uri,
                state=state,
                scopes=scopes or self.oauth(vendor).scopes,
                challenge=challenge_of(verifier),
                configuration=configuration,
            )
        )

    @property
    def _redirect_uri(self) -> str:
        return f"{self._public_url}{CALLBACK_PATH}"


def is_denial(error: str) -> bool:
    """Whether the person, and not the vendor, said no: OAuth's `error` of a way back."""
    return error in _DENIALS


def complaint_of(error: str, name: str) -> str:
    """What another `error` of a way back means; nothing of it is quoted, since anybody can write it."""
    if error in _OUTAGES:
        return f"{name} answered with an error of its own: try again in a moment"
    return (
        f"{name} does not take the request of this service: "
        "the operator has to check the client ID, the callback address and the rights that are registered there"
    )
