"""An integration's columns, and what is made of them."""

from typing import Final

import asyncpg

from jackfield.domain.health import Health
from jackfield.domain.integration import Detail, Integration, JsonObject, State, Status

#: every column that an Integration is made of, in `to_integration`'s order
COLUMNS: Final = """i.id, i.organisation_id, i.provider, i.name, i.unique_identifier, i.sealed_secrets,
    i.configuration, i.metadata, i.status, i.enabled, i.created_by, i.created_at, i.updated_at"""

#: every column that a Detail is made of, in `to_detail`'s order
DETAIL_COLUMNS: Final = f"""{COLUMNS}, i.identifier, i.item_type, i.state, i.state_changed_at, i.error, i.error_at,
    i.verified_at, i.credential_version, i.creator_user, i.creator_key_id, i.deleted_at,
    i.verification_due_at, i.health, i.health_reason, i.health_since, i.granted_at, i.token_expires_at, i.fresh_until,
    i.refresh_due_at, i.refreshed_at, i.account_id, i.account_name, i.creator_is_account"""

#: what is being deleted is not seen any more
VISIBLE: Final = "i.state not in ('deleting', 'deleted')"

_HEALTH: Final = {health.value: health for health in Health}
_STATUS: Final = {status.value: status for status in Status}


def to_integration(record: asyncpg.Record) -> Integration:
    """The row of COLUMNS."""
    return Integration(
        id=record[0],
        organisation_id=record[1],
        provider=record[2],
        name=record[3],
        unique_identifier=record[4],
        sealed_secrets=record[5],
        configuration=JsonObject(record[6]),
        metadata=JsonObject(record[7]),
        status=_STATUS[record[8]],
        enabled=record[9],
        created_by=record[10],
        created_at=record[11],
        updated_at=record[12],
    )


def to_detail(record: asyncpg.Record) -> Detail:
    """The row of DETAIL_COLUMNS."""
    return Detail(
        id=record[0],
        organisation_id=record[1],
        provider=record[2],
        name=record[3],
        unique_identifier=record[4],
        sealed_secrets=record[5],
        configuration=JsonObject(record[6]),
        metadata=JsonObject(record[7]),
        status=_STATUS[record[8]],
        enabled=record[9],
        created_by=record[10],
        created_at=record[11],
        updated_at=record[12],
        identifier=record[13],
        item_type=record[14],
        state=State(record[15]),
        state_changed_at=record[16],
        error=record[17],
        error_at=record[18],
        verified_at=record[19],
        credential_version=record[20],
        creator_user=record[21],
        creator_key_id=record[22],
        deleted_at=record[23],
        verification_due_at=record[24],
        health=_HEALTH[record[25]],
        health_reason=record[26],
        health_since=record[27],
        granted_at=record[28],
        token_expires_at=record[29],
        fresh_until=record[30],
        refresh_due_at=record[31],
        refreshed_at=record[32],
        account_id=record[33],
        account_name=record[34],
        creator_is_account=record[35],
    )
