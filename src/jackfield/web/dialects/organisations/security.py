"""Who may come in: as everywhere, except that this contract says 400 where others say that the key is dead."""

from starlette.requests import Request

from jackfield.domain import ids
from jackfield.domain.errors import KeyInvalid
from jackfield.domain.integration import IntegrationNotFound
from jackfield.domain.principal import Principal
from jackfield.services import Services
from jackfield.services.access import Access
from jackfield.services.ownership import OrganisationGone
from jackfield.web.dialects.organisations.translate import to_wanted
from jackfield.web.security import bearer_key, by_bearer


async def by_bearer_or_gone(request: Request, access: Access) -> Principal:
    """As `by_bearer`, but for the key of a deleted organisation in a call about one that exists no longer.

    That is OrganisationGone. A dead key learns nothing else: about whatever is there, it is KeyInvalid.
    """
    try:
        return await by_bearer(request, access)
    except KeyInvalid:
        if await access.is_orphaned(bearer_key(request)) and await _is_about_gone(request):
            raise OrganisationGone from None
        raise


async def _is_about_gone(request: Request) -> bool:
    services: Services = request.scope["state"]["services"]
    path = request.path_params
    try:
        if "organisation_id" in path:
            return await services.ownership.is_gone(ids.parse_decimal(path["organisation_id"]))
        return await services.ownership.has_gone_owner(to_wanted(path["integration_id"]))
    except (ids.MalformedId, IntegrationNotFound):
        return False
