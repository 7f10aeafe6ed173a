"""What schemathesis makes of the documents: whatever it derives from them, every answer is as they say."""

from typing import Any

import schemathesis
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from schemathesis.checks import CheckContext
from schemathesis.config import SchemathesisConfig
from schemathesis.core.transport import Response
from schemathesis.openapi.loaders import from_dict
from schemathesis.specs.openapi.checks import positive_data_acceptance

from jackfield.web import openapi
from jackfield.web.app import DIALECTS
from support.checked_tenant import CheckedTenant

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
WITH_ID = {
    dialect.name: SCHEMAS[dialect.name].include(path_regex=r"\{id\}")
    for dialect in DIALECTS
    if any("{id}" in operation.path for operation in dialect.operations)
}
# what is a date and time by RFC 3339, but for leap seconds, which no clock of ours has
schemathesis.openapi.format("date-time", st.datetimes().map(lambda moment: moment.isoformat() + "Z"))

run = settings(max_examples=20, deadline=None, database=None, suppress_health_check=list(HealthCheck))

Case = schemathesis.Case[Any]


def accepts_right_data(context: CheckContext, response: Response, case: Case) -> bool | None:
    """As schemathesis has it, but for what JSON Schema cannot forbid everywhere: U+0000 and numbers of over 64 bits."""
    if response.status_code == 422 and response.json()["detail"][0]["type"] == "value_error.jsondecode":
        return None
    return positive_data_acceptance(context, response, case)


def check(case: Case, tenant: CheckedTenant) -> None:
    case.call_and_validate(
        base_url=tenant.service.url,
        session=tenant.session,
        headers={"Authorization": f"Bearer {tenant.key}", "x-api-key": tenant.key},
        excluded_checks=[positive_data_acceptance],
        additional_checks=[accepts_right_data],
    )


@schemathesis.pytest.parametrize(**SCHEMAS)
@run
def test_every_answer_is_as_documented(case: Case, tenant: CheckedTenant) -> None:
    check(case, tenant)


@schemathesis.pytest.parametrize(**WITH_ID)
@run
def test_every_answer_about_an_integration_that_exists_is_as_documented(case: Case, tenant: CheckedTenant) -> None:
    parameters: dict[str, Any] = case.path_parameters
    parameters["id"] = tenant.saved(auth_data={"access_token": "t"})["integration_id"]
    check(case, tenant)
