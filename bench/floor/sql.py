"""Jackfield's statements, for one row each."""

from typing import Final

COLUMNS: Final = """id, provider, name, unique_identifier, sealed_secrets, configuration, metadata, status, enabled,
    created_by, created_at, updated_at"""

PRINCIPALS: Final = "select digest, id, owner, capabilities from api_key where organisation_id = $1"

RESERVE_ID: Final = "select new_id()"

_VISIBLE: Final = "state not in ('deleting', 'deleted') and provider = any($2::text[])"

GET: Final = f"select {COLUMNS} from integration where organisation_id = $1 and id = $3 and {_VISIBLE}"

LIST: Final = f"""
select {COLUMNS} from integration where organisation_id = $1 and {_VISIBLE} order by id desc limit $3
"""

_REVEAL: Final = """
with found as materialized ({select}), audited as (
    insert into audit_entry (organisation_id, action, key_id, actor, address, request_id, fields, subject_ids)
    select $1, 'credential.revealed', $4, $5, $6, $7, '{{secrets}}', array_agg(id)
    from found where sealed_secrets is not null having count(*) > 0
)
select * from found
"""
GET_FOR_REVEAL: Final = _REVEAL.format(select=GET)
LIST_FOR_REVEAL: Final = _REVEAL.format(select=LIST)

CREATE: Final = f"""
with created as (
    insert into integration (
        organisation_id, id, provider, name, identifier, unique_identifier, sealed_secrets, configuration,
        metadata, status, enabled, created_by, creator_user, creator_key_id
    )
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12, $13)
    on conflict do nothing
    returning {COLUMNS}
), audited as (
    insert into audit_entry (organisation_id, action, key_id, actor, address, request_id, subject_ids, fields)
    select $1, 'integration.created', $13, $12, $14, $15, array[id],
        '{{name,unique_identifier,secrets,configuration,metadata,status,enabled}}'
    from created
)
select * from created
"""
