"""Version 2 of the integrations contract: save, by `x-api-key`."""

from typing import Final

from jackfield.domain.principal import Capability
from jackfield.web.contract import Answer, Call, Dialect, Operation
from jackfield.web.dialects.integrations import errors
from jackfield.web.dialects.integrations import reference as shared
from jackfield.web.dialects.integrations_v2 import reference
from jackfield.web.dialects.integrations_v2.schemas import Saved, SaveIntegration
from jackfield.web.dialects.integrations_v2.translate import render, show_saved, to_new_integration
from jackfield.web.security import by_api_key_header


async def save(call: Call[SaveIntegration, None]) -> Saved:
    new = to_new_integration(call.body, call.sent, call.caller)
    return show_saved(await call.services.integrations.save(call.caller, new))


DIALECT: Final = Dialect(
    name="integrations_v2",
    title="Integrations API, version 2",
    version="2.0.0",
    description=reference.DESCRIPTION,
    tags=shared.TAGS,
    faults=shared.FAULTS,
    errors_text=shared.ERRORS_TEXT,
    prefix="/api/v2/integrations",
    authenticate=by_api_key_header,
    security_scheme={
        "type": "apiKey",
        "in": "header",
        "name": "x-api-key",
        "description": "An API key of your organisation.",
    },
    shared_answers=errors.SHARED_ANSWERS,
    invalid_answers=errors.INVALID_ANSWERS,
    render=render,
    operations=[
        Operation(
            name="saveIntegration",
            method="POST",
            path="/save",
            summary="Save an integration",
            description="Creates the integration, or replaces the one that has this `unique_identifier`.",
            tag="Integrations",
            handler=save,
            body=SaveIntegration,
            capability=Capability.MANAGE,
            failure="Failed to save integration",
            answers={
                200: Answer("The integration as saved.", Saved),
                409: errors.CONFLICT,
                413: errors.TOO_LARGE,
            },
        ),
    ],
)
