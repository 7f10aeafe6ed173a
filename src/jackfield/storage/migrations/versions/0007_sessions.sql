-- what the operator gives somebody to sign in with, once
create table console_link (
    organisation_id bigint not null references organisation (id),
    id bigint not null default new_id(),
    -- keyed hash of what stands in its address
    digest bytea not null unique,
    owner text not null,
    capabilities text[] not null,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    used_at timestamptz,
    primary key (organisation_id, id)
);
create index console_link_expiry on console_link (expires_at);

-- an administrator signed in with a browser
create table session (
    organisation_id bigint not null references organisation (id),
    id bigint not null default new_id(),
    -- keyed hash of its cookie
    digest bytea not null unique,
    owner text not null,
    capabilities text[] not null,
    opened_by text not null check (opened_by in ('link', 'key')),
    -- it is worth nothing without this key
    key_id bigint,
    created_at timestamptz not null default now(),
    seen_at timestamptz not null default now(),
    expires_at timestamptz not null,
    revoked_at timestamptz,
    primary key (organisation_id, id),
    foreign key (organisation_id, key_id) references api_key (organisation_id, id),
    check ((opened_by = 'key') = (key_id is not null))
);
create index session_key on session (organisation_id, key_id);
create index session_expiry on session (expires_at);
