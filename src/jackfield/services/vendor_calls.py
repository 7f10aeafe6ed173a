"""Calling a vendor for an integration, within what the vendor allows its account.

What one process hears of a limit, every process keeps to: many jobs of one account wait together rather than each
running into the limit by itself.
"""

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import structlog

from jackfield.domain.credential import Secrets
from jackfield.domain.errors import Unavailable
from jackfield.domain.integration import Detail, to_configuration
from jackfield.domain.ports import Rests
from jackfield.domain.provider import (
    AccountResting,
    Connection,
    CredentialRefused,
    RightMissing,
    UnknownRefusal,
    VendorLimited,
)
from jackfield.services.alarms import UNKNOWN_REFUSALS, label

Result = TypeVar("Result")
_log = structlog.get_logger(__name__)

#: when a vendor limits without saying for how long
UNTOLD_SECONDS: Final = 30.0
#: calls that are left to people when machines stop
_RESERVE: Final = 1


#: what is stored in place of a credential that the vendor refused; None: nothing newer is to be had
Renew = Callable[[Detail, Secrets], Awaitable[Secrets | None]]


async def _nothing_newer(_: Detail, __: Secrets) -> None:
    """Where nothing is refreshed."""


class VendorCalls:
    def __init__(self, rests: Rests, renew: Renew = _nothing_newer) -> None:
        self._rests = rests
        self._renew = renew

    async def call(
        self, integration: Detail, secrets: Secrets, deed: Callable[[Connection], Awaitable[Result]]
    ) -> Result:
        """Does the deed with the integration's connection. Raises AccountResting before, or what the deed raises.

        A vendor that refuses the token is believed, whatever we know of its life: if a newer one is to be had, the deed
        is done once more with that. Some vendors end a token at the moment at which another process refreshes it.
        """
        seconds = await self._rests.seconds(integration.organisation_id, integration.id)
        if seconds is not None:
            raise AccountResting(seconds)
        try:
            return await self._call(integration, secrets, deed)
        except RightMissing:
            raise
        except CredentialRefused:
            newer = await self._renew(integration, secrets)
            if newer is None:
                raise
        return await self._call(integration, newer, deed)

    async def _call(
        self, integration: Detail, secrets: Secrets, deed: Callable[[Connection], Awaitable[Result]]
    ) -> Result:
        connection = Connection(secrets, to_configuration(integration))
        try:
            result = await deed(connection)
        except VendorLimited as error:
            await self.rest(integration, error.retry_after or UNTOLD_SECONDS)
            raise
        except UnknownRefusal as error:
            UNKNOWN_REFUSALS.labels(label(integration.provider)).inc()
            _log.warning(
                "a vendor refused with an error that no table knows",
                provider=label(integration.provider),
                name=error.name,
                integration_id=integration.id,
            )
            raise
        budget = connection.budget
        if budget.remaining is not None and budget.remaining < _RESERVE and budget.seconds:
            await self.rest(integration, budget.seconds)
        return result

    async def rest(self, integration: Detail, seconds: float) -> None:
        """From now on, and for so long, nobody calls the vendor for the integration."""
        try:
            await self._rests.note(integration.organisation_id, integration.id, seconds)
        except Unavailable:
            return  # the vendor says it again; the result of the call counts more
