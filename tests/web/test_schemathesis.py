"""What schemathesis makes of the documents: whatever it derives from them, every answer is as they say."""

import re
from typing import Any, Final

import schemathesis
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from schemathesis.checks import CheckContext
from schemathesis.config import SchemathesisConfig
from schemathesis.core.transport import Response
from schemathesis.openapi.loaders import from_dict
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance, unsupported_method

from jackfield.domain import ids
from jackfield.web import openapi
from jackfield.web.app import DIALECTS
from support.checked_tenant import CheckedTenant, number_of

CONFIG = SchemathesisConfig.from_dict(
    {
        "generation": {
            # parameters that no document names are ignored, as the contracts want it
            "allow-extra-parameters": False,
            # a run finds what the last one found
            "deterministic": True,
        }
    }
)
SCHEMAS = {dialect.name: from_dict(openapi.document(dialect, ""), config=CONFIG) for dialect in DIALECTS}
_ID: Final = r"\{(id|integrationId|jobId|integration_id|organisation_id)\}"
#: the operations about one thing, by the name of its id in the path
WITH_ID = {
    dialect.name: SCHEMAS[dialect.name].include(path_regex=_ID)
    for dialect in DIALECTS
    if any(re.search(_ID, operation.path) for operation in dialect.operations)
}
# what is a date and time by RFC 3339, but for leap seconds, which no clock of ours has
schemathesis.openapi.format("date-time", st.datetimes().map(lambda moment: moment.isoformat() + "Z"))

run = settings(max_examples=14, deadline=None, database=None, suppress_health_check=list(HealthCheck))

Case = schemathesis.Case[Any]

#: codes of refusals in hubs that its document cannot tell of: those of any call, and those that point into the body
_OF_ALL: Final = {"400.invalid-syntax", "403.invalid-state"}
_OF_BODY: Final = {"422.invalid-argument", "422.missing-argument"}
#: what the document cannot tell all of: the body, the key of a call, and what an item may be called
_SOURCES: Final = ("/", "Idempotency-Key", "itemType", "key")
#: how those begin in the organisations contract: what a text has to hold, which paths there are, the state of things
_OF_ORGANISATIONS: Final = ("configuration", "The body is not JSON", "The organisation does not", "The integration is")


def accepts_right_data(context: CheckContext, response: Response, case: Case) -> bool | None:
    """As schemathesis has it, but for what JSON Schema cannot tell.

    Everywhere that is U+0000 and numbers of over 64 bits. In hubs also what depends on the catalogue, such as which
    vendors there are and what they take; on a list's text, whose parts the service reads and JSON Schema does not; and
    on the state of things, such as that nothing is changed that is being deleted, or that a key was another call's. In
    the organisations contract what the text of a configuration holds.
    """
    body = response.json() if response.content else {}
    if "message" in body and body["message"].startswith(_OF_ORGANISATIONS):
        return None
    # in platform, what addresses, forms and paths are; which codes and tokens there are
    if response.status_code == 400 and ("errors" in body or isinstance(body.get("error"), str)):
        return None
    if "error" in body and isinstance(body["error"], dict):
        excused = _OF_BODY if body["error"].get("source", "").startswith(_SOURCES) else _OF_ALL
        if body["error"]["code"] in excused:
            return None
    elif response.status_code == 422 and body["detail"][0]["type"] == "value_error.jsondecode":
        return None
    return positive_data_acceptance(context, response, case)


def check(case: Case, tenant: CheckedTenant, *excluded: Any) -> None:
    if case.path.startswith("/api/v1/integrations/"):
        # what is no method of a literal path is one of `{id}`, where nothing has such an id
        excluded = (*excluded, unsupported_method)
    case.call_and_validate(
        base_url=tenant.service.url,
        session=tenant.session,
        headers={"Authorization": f"Bearer {tenant.key}", "x-api-key": tenant.key},
        excluded_checks=[positive_data_acceptance, *excluded],
        additional_checks=[accepts_right_data],
    )


@schemathesis.pytest.parametrize(**SCHEMAS)
@run
def test_every_answer_is_as_documented(case: Case, tenant: CheckedTenant) -> None:
    check(case, tenant)


@schemathesis.pytest.parametrize(**WITH_ID)
@run
def test_every_answer_about_what_exists_is_as_documented(case: Case, tenant: CheckedTenant) -> None:
    parameters: dict[str, Any] = case.path_parameters
    saved = tenant.saved(integration_type="github", auth_data={"access_token": "t"})["integration_id"]
    if "integration_id" in parameters:
        parameters["integration_id"] = ids.to_decimal(number_of(saved))
    elif "organisation_id" in parameters:
        parameters["organisation_id"] = ids.to_decimal(tenant.organisation.id)
    elif "id" in parameters:
        parameters["id"] = saved
    elif "integrationId" in parameters:
        parameters["integrationId"] = ids.to_hex(number_of(saved))
    else:
        parameters["jobId"] = tenant.verification(ids.to_hex(number_of(saved)))
    # the path that was made may have been wrong, and this one is right
    check(case, tenant, negative_data_rejection)
