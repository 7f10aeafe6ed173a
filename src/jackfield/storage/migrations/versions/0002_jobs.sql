-- The queue tells its listeners of what leaves it. Of what enters it the bell tells (see storage/bell.py): a NOTIFY takes
-- a lock of the whole database at commit, and would hold up every transaction that enqueues.
drop trigger tg_pgqueuer_changed on pgqueuer;
create trigger tg_pgqueuer_changed after delete or truncate on pgqueuer execute function fn_pgqueuer_changed();

-- what people and clients see of a job; the row in the queue carries only its id
create table job (
    organisation_id bigint not null references organisation (id),
    id bigint not null default new_id(),
    kind text not null,
    integration_id bigint not null,
    caption text not null,
    header text not null,
    steps jsonb not null,
    input jsonb not null default '{}',
    output jsonb,
    state text not null default 'queued'
        check (state in ('queued', 'scheduled', 'running', 'completed', 'error', 'expired')),
    state_changed_at timestamptz not null default now(),
    error text,
    -- when it is tried again, or when it was asked to begin
    scheduled_for timestamptz,
    queued_at timestamptz not null default now(),
    started_at timestamptz,
    completed_at timestamptz,
    expires_at timestamptz not null,
    -- how often it was begun, whatever became of it; the one that runs it is fenced by this number
    starts integer not null default 0,
    -- how often it failed and was put off
    failures integer not null default 0,
    creator_user text not null,
    -- null: the service itself
    creator_key_id bigint,
    primary key (organisation_id, id)
);

-- at most one of a kind for an integration is alive
create unique index job_alive on job (organisation_id, integration_id, kind)
    where state in ('queued', 'scheduled', 'running');
create index job_kind on job (organisation_id, kind, id);
create index job_expiry on job (expires_at) where state in ('queued', 'scheduled', 'running');
create index job_finished on job (completed_at) where completed_at is not null;

alter table integration
    -- why the last verification failed
    add error text,
    add error_at timestamptz,
    -- of the credential and its configuration as they are now
    add verified_at timestamptz,
    add verification_due_at timestamptz,
    -- counts what verification speaks of, so that an answer about an older credential is not taken for this one's
    add credential_version integer not null default 1;

create index integration_state on integration (organisation_id, state, id);
create index integration_verification_due on integration (verification_due_at)
    where state = 'live' and verification_due_at is not null;
create index integration_deleted on integration (deleted_at) where deleted_at is not null;

-- every three letters in a row, each as a number that is the organisation's own
create function search_grams(organisation bigint, value text) returns bigint[]
language plpgsql immutable strict parallel safe as $$
declare
    letters text := translate(lower(value), ' ', '-');
    grams bigint[] := '{}';
begin
    for place in 1..length(letters) - 2 loop
        grams := grams || hashtextextended(substr(letters, place, 3), organisation);
    end loop;
    return grams;
end
$$;

-- most identifiers are made from the name, and have no letters that it has not
create function search_text(name text, identifier text) returns text language sql immutable strict parallel safe as $$
    select case when translate(lower(name), ' ', '-') = identifier then name else name || chr(10) || identifier end
$$;

create index integration_search on integration using gin (search_grams(organisation_id, search_text(name, identifier)));

-- catalogue entries that a tenant authored
create table definition (
    organisation_id bigint not null references organisation (id),
    id bigint not null default new_id(),
    name text not null,
    description text,
    status text not null default 'development' check (status in ('development', 'approved', 'archived')),
    -- called with the credentials of an integration, to ask whether they are good
    verify_url text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (organisation_id, id)
);
create unique index definition_id on definition (id);
