"""Every tenant's rows are reached by organisation: the statements and the tables are read and checked."""

import importlib
import pkgutil
import re
from typing import Final

import jackfield.storage
from jackfield.domain.integration import Filter, Status
from jackfield.storage.integrations import list_statement
from support.operator import Operator

#: not among them: sign_in_attempt, since whose it is shows when the provider has spoken, and then its row is gone
TENANT_TABLES: Final = {
    "integration",
    "api_key",
    "data_key",
    "audit_entry",
    "job",
    "definition",
    "rest",
    "item",
    "link",
    "place",
    "delivery",
    "idempotency_key",
    "installation",
    "oauth_grant",
    "oauth_token",
    "refresh_lease",
    "event",
    "console_link",
    "connect_session",
    "session",
}

#: statements that go through several organisations' rows, and why they may
EXCEPTIONS: Final = {
    "jackfield.storage.keys.REVOKE": "the operator revokes a key by its id alone, as the command line takes it",
    "jackfield.storage.data_keys.COUNT_BY_MASTER_KEY": "`vault status` counts every organisation's keys",
    "jackfield.storage.data_keys.NOT_WRAPPED_BY": "the rotation of the master key wraps every organisation's keys",
    "jackfield.storage.integrations.DUE": "the upkeep asks for every organisation's verifications; rows give only ids",
    "jackfield.storage.deliveries.PURGE": "the upkeep deletes what ended long ago, whoever's it was",
    "jackfield.storage.jobs.PURGE": "the upkeep deletes what finished long ago, whoever's it was",
    "jackfield.storage.idempotency_keys.PURGE": "the upkeep forgets every organisation's answers that are old",
    "jackfield.storage.refresh_leases.DUE": "the upkeep asks for every organisation's refreshes; rows give only ids",
    "jackfield.storage.rests.PURGE": "upkeep forgets every organisation's limits that are over",
    "jackfield.storage.owners.FIND_OWNER": "the organisations contract says whether it is another's, or nobody's",
    "jackfield.storage.definitions.GET": "every organisation may have integrations of any definition",
    "jackfield.storage.definitions.LIST_IDS": "every organisation may have integrations of any definition",
    "jackfield.storage.definitions.GET_APP": "an app can be installed by other organisations than its own",
    "jackfield.storage.definitions.LIST_APPS": "`definitions list` shows the operator every organisation's",
    "jackfield.storage.grants.PURGE_TOKENS": "the upkeep deletes what expired long ago, whoever's it was",
    "jackfield.storage.system.COUNT_BY_DATA_KEY": "the operator sees how far every organisation's keys were rotated",
    "jackfield.storage.system.COUNT_RESTING": "the operator sees how many accounts are limited, whoever's they are",
    "jackfield.storage.sessions.PURGE": "the upkeep deletes what expired long ago, whoever's it was",
    "jackfield.storage.connect_sessions.PURGE": "the upkeep deletes what expired long ago, whoever's it was",
    "jackfield.storage.sessions.PURGE_LINKS": "the upkeep deletes what expired long ago, whoever's it was",
}

_STATEMENT: Final = re.compile(r"^\s*(select|insert|update|delete|with)\b", re.IGNORECASE)
_TABLE: Final = re.compile(r"\b(?:from|join|into|update)\s+(\w+)", re.IGNORECASE)
#: in a condition or a join
_CONDITION: Final = re.compile(r"\b(?:where|and|or|on)\s+(?:\w+\.)?organisation_id = |= \w+\.organisation_id\b")
_COLUMN: Final = re.compile(r"insert into \w+(?: as \w+)? \(\s*organisation_id\b")


def modules() -> list[str]:
    found = pkgutil.walk_packages(jackfield.storage.__path__, "jackfield.storage.")
    return [module.name for module in found if ".migrations" not in module.name]


def statements() -> dict[str, str]:
    """Every upper-case string of the modules that is a statement, by where it stands."""
    found = {}
    for name in modules():
        for constant, value in vars(importlib.import_module(name)).items():
            if constant.lstrip("_").isupper() and isinstance(value, str) and _STATEMENT.match(value):
                found[f"{name}.{constant}"] = value
    return found


def touches_a_tenant(sql: str) -> bool:
    return bool(TENANT_TABLES & set(_TABLE.findall(sql)))


def names_the_organisation(sql: str) -> bool:
    return bool(_CONDITION.search(sql) or _COLUMN.search(sql))


def test_every_statement_on_a_tenants_table_names_the_organisation() -> None:
    on_tenants = {name: sql for name, sql in statements().items() if touches_a_tenant(sql)}
    assert len(on_tenants) > 15
    nameless = {name for name, sql in on_tenants.items() if not names_the_organisation(sql)}
    assert nameless == set(EXCEPTIONS)


def test_so_does_every_list_whatever_its_filters() -> None:
    wanted = Filter(
        providers=("sentry",), status=Status.ACTIVE, enabled=True, org_slug="x", creator_user="y", limit=1, offset=1
    )
    for one in (Filter(), wanted):
        sql, arguments = list_statement(7, one)
        assert "where i.organisation_id = $1" in sql
        assert arguments[0] == 7
        # all that was asked for stands in the arguments, none of it in the statement
        assert sql.count("$") == len(arguments)


def test_no_statement_takes_whatever_columns_a_table_has() -> None:
    # such a plan breaks, once in every process, when a column is added
    for name, sql in statements().items():
        for table in re.findall(r"select\s+\*\s+from\s+(\w+)", sql):
            assert table not in {*TENANT_TABLES, "organisation", "service_secret"}, name
        assert not re.search(r"returning\s+\*", sql), name


def test_the_tables_of_tenants_are_these_and_lead_their_keys_with_the_organisation(operator: Operator) -> None:
    records = operator.fetch("""
        select c.relname, (
            select a.attname from pg_index i join pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[0]
            where i.indrelid = c.oid and i.indisprimary
        ) from pg_class c where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace and exists (
            select from pg_attribute a where a.attrelid = c.oid and a.attname = 'organisation_id'
        )
    """)
    assert {(record[0], record[1]) for record in records} == {(table, "organisation_id") for table in TENANT_TABLES}


def test_every_unique_index_of_a_tenants_table_is_of_its_organisation(operator: Operator) -> None:
    records = operator.fetch(
        """
        select c.relname || '.' || x.relname, a.attname
        from pg_index i
        join pg_class c on c.oid = i.indrelid
        join pg_class x on x.oid = i.indexrelid
        left join pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[0]
        where i.indisunique and c.relname = any($1)
    """,
        sorted(TENANT_TABLES),
    )
    elsewhere = {record[0] for record in records if record[1] != "organisation_id"}
    # a key, a code, a token, a link and a session are looked up before it is known whose they are
    # and whoever's a definition is, every organisation may have integrations of it
    assert elsewhere == {
        "api_key.api_key_digest_key",
        "connect_session.connect_session_digest_key",
        "connect_session.connect_session_way_digest_key",
        "console_link.console_link_digest_key",
        "session.session_digest_key",
        "definition.definition_id",
        "oauth_grant.oauth_grant_code_digest_key",
        "oauth_token.oauth_token_digest_key",
    }
