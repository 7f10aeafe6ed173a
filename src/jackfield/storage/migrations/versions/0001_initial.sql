-- Every tenant table leads its primary key with organisation_id, and every statement on it names organisation_id.

create sequence id_sequence as bigint minvalue 0 maxvalue 4194303 cycle;

-- (milliseconds since 2025-01-01T00:00:00Z) << 22 | sequence modulo 2^22; inlined into the statements that use it
create function new_id() returns bigint language sql volatile as $$
    select (floor(extract(epoch from clock_timestamp()) * 1000)::bigint - 1735689600000) << 22 | nextval('id_sequence')
$$;

-- convert_to is not marked immutable, since it depends on the database's encoding, which never changes
create function digest(value text) returns bytea language sql immutable strict parallel safe as $$
    select sha256(convert_to(value, 'UTF8'))
$$;

create table organisation (
    id bigint primary key default new_id(),
    handle text not null unique,
    name text not null,
    created_at timestamptz not null default now(),
    deleted_at timestamptz
);

create index organisation_name on organisation (name);

create table api_key (
    organisation_id bigint not null references organisation (id),
    id bigint not null default new_id(),
    owner text not null,
    capabilities text[] not null,
    digest bytea not null unique,
    created_at timestamptz not null default now(),
    expires_at timestamptz,
    revoked_at timestamptz,
    primary key (organisation_id, id)
);

-- keys that encrypt an organisation's secrets, wrapped by a master key that is not in the database
create table data_key (
    organisation_id bigint not null references organisation (id),
    id integer not null,
    master_key_id text not null,
    wrapped bytea not null,
    created_at timestamptz not null default now(),
    primary key (organisation_id, id)
);

-- secrets of the service itself, wrapped in the same way
create table service_secret (
    name text primary key,
    master_key_id text not null,
    wrapped bytea not null,
    created_at timestamptz not null default now()
);

create table integration (
    organisation_id bigint not null references organisation (id),
    id bigint not null default new_id(),
    provider text not null,
    name text not null,
    identifier text not null,
    unique_identifier text not null,
    sealed_secrets bytea,
    configuration jsonb not null default '{}',
    -- json, not jsonb: shown as it was sent
    metadata json not null default '{}',
    status text not null default 'active' check (status in ('active', 'inactive', 'pending', 'error')),
    enabled boolean not null default true,
    state text not null default 'new' check (state in ('new', 'verifying', 'live', 'deleting', 'deleted')),
    state_changed_at timestamptz not null default now(),
    item_type text not null default 'none',
    created_by text not null,
    creator_user text not null,
    creator_key_id bigint not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    deleted_at timestamptz,
    primary key (organisation_id, id),
    check (state <> 'deleted' or sealed_secrets is null)
);

-- a hash, since an index entry has a size limit and an identifier has none
create unique index integration_unique_identifier
    on integration (organisation_id, digest(unique_identifier))
    where state not in ('deleting', 'deleted');

create index integration_provider on integration (organisation_id, provider, id);

create table audit_entry (
    organisation_id bigint not null references organisation (id),
    id bigint not null default new_id(),
    at timestamptz not null default now(),
    action text not null,
    key_id bigint,
    actor text not null,
    address text not null,
    request_id text not null,
    subject_ids bigint[] not null,
    fields text[] not null,
    primary key (organisation_id, id)
);
