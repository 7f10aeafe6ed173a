"""Version 2 of the integrations contract: save, by `x-api-key`."""

from typing import Final

from jackfield.web.contract import Dialect
from jackfield.web.dialects.integrations import errors
from jackfield.web.dialects.integrations import reference as shared
from jackfield.web.dialects.integrations.saving import SAVE
from jackfield.web.dialects.integrations_v2 import reference
from jackfield.web.security import by_api_key_header

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
    security_scheme=errors.API_KEY_SCHEME,
    shared_answers=errors.SHARED_ANSWERS,
    invalid_answers=errors.INVALID_ANSWERS,
    render=errors.render,
    operations=[SAVE],
)
