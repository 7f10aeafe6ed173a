"""Between the organisations contract's wire objects and the core."""

import json
from typing import Any, Final, cast

import msgspec

from jackfield.domain import ids
from jackfield.domain.errors import Invalid
from jackfield.domain.integration import IntegrationNotFound, Listing, Wanted
from jackfield.domain.job import Job
from jackfield.domain.joint_configuration import JointSubmission
from jackfield.services.organisation_integrations import OrganisationIntegration
from jackfield.services.ownership import OrganisationGone
from jackfield.web import json_body
from jackfield.web.dialects.organisations.schemas import (
    PROVIDERS,
    CreateIntegration,
    Integration,
    ListQuery,
    ProviderName,
    SyncStarted,
    UpdateIntegration,
)

#: of a name in a message
_SHOWN: Final = 64


class InvalidConfiguration(Invalid):
    """The text of `configuration` is no JSON object, or one that says a thing twice."""

    code = "invalid-configuration"

    def __init__(self, message: str) -> None:
        super().__init__(f"configuration: {message}")


def to_wanted(path_id: str) -> Wanted:
    """The integration that the path names. Raises IntegrationNotFound for what is not an id of this contract."""
    try:
        return Wanted(ids.parse_decimal(path_id), path_id, PROVIDERS)
    except ids.MalformedId:
        raise IntegrationNotFound(path_id) from None


def to_organisation_id(path_id: str) -> int:
    """The organisation that the path names. Raises OrganisationGone for what is not an id of this contract."""
    try:
        return ids.parse_decimal(path_id)
    except ids.MalformedId:
        raise OrganisationGone from None


def to_listing(query: ListQuery) -> Listing:
    return Listing(providers=PROVIDERS, limit=query.limit, offset=query.offset)


def to_submission(body: CreateIntegration | UpdateIntegration) -> JointSubmission:
    """What was sent. Raises InvalidConfiguration."""
    configuration = body.configuration
    return JointSubmission(
        configuration=msgspec.UNSET if configuration is msgspec.UNSET else _to_object(configuration),
        enabled=body.enabled,
        item_type=body.item_type,
    )


def show(found: OrganisationIntegration) -> Integration:
    return Integration(
        id=ids.to_decimal(found.id),
        organisation_id=ids.to_decimal(found.organisation_id),
        item_type=found.item_type,
        provider=cast("ProviderName", found.provider),
        enabled=found.enabled,
        configuration=msgspec.json.encode(found.configuration).decode(),
    )


def show_job(job: Job) -> SyncStarted:
    return SyncStarted(job_id=ids.to_decimal(job.id))


def _to_object(text: str) -> dict[str, Any]:
    try:
        value = json_body.decode(text.encode())
    except json_body.MalformedJson as malformed:
        raise InvalidConfiguration(f"{malformed} (character {malformed.offset})") from None
    if not isinstance(value, dict):
        raise InvalidConfiguration("the text has to be a JSON object")
    # what was decoded above has only the last of several members of one name, and a secret is nothing to guess about
    json.loads(text, object_pairs_hook=_refuse_duplicates)
    return value


def _refuse_duplicates(members: list[tuple[str, Any]]) -> None:
    seen: set[str] = set()
    for name, _ in members:
        if name in seen:
            raise InvalidConfiguration(f"the name {name[:_SHOWN]!r} is there twice")
        seen.add(name)
