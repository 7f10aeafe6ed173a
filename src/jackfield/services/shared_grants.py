"""Ending what a vendor granted, where nobody else lives by it.

Some vendors give the same token however often they are asked: ending it for one would end it for all who have it.
"""

import asyncio
from collections.abc import Mapping
from typing import Final

import structlog

from jackfield.domain.credential import Secrets
from jackfield.domain.errors import JackfieldError, Unavailable
from jackfield.domain.integration import Listing
from jackfield.domain.ports import HotIntegrations, Vault
from jackfield.domain.provider import Connection, ProviderError
from jackfield.services.catalog import Catalog

#: an organisation has few integrations with one vendor; of one that has more, the newest are looked through
_LOOKED_THROUGH: Final = 1000
#: a person waits meanwhile
_REVOKE_SECONDS: Final = 10.0

_log = structlog.get_logger(__name__)


class SharedGrants:
    def __init__(self, hot: HotIntegrations, vault: Vault, catalog: Catalog) -> None:
        self._hot = hot
        self._vault = vault
        self._catalog = catalog

    async def count_sharing(self, organisation_id: int, vendor: str, secrets: Secrets) -> int:
        """How many of the organisation's integrations with the vendor would break with this credential.

        One that is being deleted does not count.
        """
        wanted = Listing(providers=(vendor,), limit=_LOOKED_THROUGH)
        found = await self._hot.list_details(organisation_id, wanted)
        sealed = [(one.secrets_place, one.sealed_secrets) for one in found if one.sealed_secrets is not None]
        opened = await self._vault.open_readable(sealed)
        return sum(secrets.opens_with(other) for other in opened if other is not None)

    async def end_orphan(
        self, organisation_id: int, vendor: str, secrets: Secrets, configuration: Mapping[str, str]
    ) -> None:
        """Ends at the vendor what was granted just now and nobody will use, as far as that can be done."""
        try:
            revoker = await self._catalog.revoker(vendor)
            if revoker is None or await self.count_sharing(organisation_id, vendor, secrets):
                return
            async with asyncio.timeout(_REVOKE_SECONDS):
                await revoker.revoke(Connection(secrets, configuration))
        except (ProviderError, Unavailable, TimeoutError) as error:
            reason = str(error) if isinstance(error, JackfieldError) else "no answer in time"
            _log.warning("an orphan grant was not revoked", provider=vendor, reason=reason)
