"""A page is read along an index, whatever the planner believes: a large tenant costs what a small one costs."""

from typing import Any

import msgspec
import pytest

from jackfield.domain.integration import Filter
from jackfield.storage.integrations import list_statement
from support.operator import Operator

SEED = """
insert into integration (organisation_id, provider, name, identifier, unique_identifier, metadata, created_by,
    creator_user, creator_key_id)
select $1, (array['sentry', 'github', 'slack'])[1 + n % 3], 'n', 'n', n::text, '{}', 'u', 'u', 1
from generate_series(1, 3000) n
"""


@pytest.mark.parametrize(
    "wanted",
    [
        Filter(limit=20),
        Filter(providers=("sentry", "github", "slack"), limit=20),
        Filter(providers=("sentry",), limit=20),
        Filter(enabled=True, limit=20),
    ],
    ids=["all", "several providers", "one provider", "enabled"],
)
def test_a_page_of_a_tenant_without_statistics_reads_no_more_than_a_page(operator: Operator, wanted: Filter) -> None:
    organisation = operator.create_organisation()
    operator.fetch(SEED, organisation.id)
    sql, arguments = list_statement(organisation.id, wanted)
    plan = operator.fetch(f"explain (analyze, format json) {sql}", *arguments)[0][0]
    assert max(_rows_read(msgspec.json.decode(plan)[0]["Plan"])) <= 60


def _rows_read(node: dict[str, Any]) -> list[float]:
    read = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
    return [read, *(rows for child in node.get("Plans", []) for rows in _rows_read(child))]
