alter table integration
    -- how well it works, by the class of the last error; `revoked` follows from its state
    add health text not null default 'active'
        check (health in ('active', 'degraded', 'needs_reauthorisation', 'misconfigured')),
    add health_reason text,
    add health_since timestamptz not null default now(),
    -- when its vendor granted us its tokens by OAuth; null: they are somebody else's to refresh
    add granted_at timestamptz,
    -- of the token that expires first, by this database's clock
    add token_expires_at timestamptz,
    -- until then tokens are handed out without a look at anything else
    add fresh_until timestamptz,
    add refresh_due_at timestamptz,
    -- when they were refreshed last
    add refreshed_at timestamptz,
    -- when the vendor refused a refresh for good; null: it did not, or newer tokens have come since
    add grant_refused_at timestamptz;

update integration set health = 'needs_reauthorisation', health_reason = error, health_since = coalesce(error_at, now())
where status = 'error' and error is not null;

create index integration_refresh_due on integration (refresh_due_at) where refresh_due_at is not null;

-- who may refresh a token set of an integration, until when; the fence counts the owners
create table refresh_lease (
    organisation_id bigint not null references organisation (id),
    integration_id bigint not null,
    token_set text not null,
    owner uuid not null,
    fence bigint not null,
    -- -infinity: given back
    until timestamptz not null,
    -- when the vendor was first asked without our keeping its answer; null: no answer is missing
    asked_at timestamptz,
    primary key (organisation_id, integration_id, token_set)
);

-- what was noticed of integrations by the service itself
create table event (
    organisation_id bigint not null references organisation (id),
    id bigint not null default new_id(),
    integration_id bigint not null,
    kind text not null check (kind in ('broken', 'recovered')),
    at timestamptz not null default now(),
    health text not null,
    detail text,
    primary key (organisation_id, id)
);
create index event_integration on event (organisation_id, integration_id, id);

-- by a trigger, so that there is exactly one event for each break and recovery, whichever statement wrote it
create function note_health() returns trigger language plpgsql as $$
declare
    was_broken boolean := old.health in ('needs_reauthorisation', 'misconfigured');
    is_broken boolean := new.health in ('needs_reauthorisation', 'misconfigured');
begin
    new.health_since := now();
    if was_broken <> is_broken then
        insert into event (organisation_id, integration_id, kind, health, detail)
        values (
            new.organisation_id, new.id, case when is_broken then 'broken' else 'recovered' end, new.health,
            new.health_reason
        );
    end if;
    return new;
end
$$;
create trigger integration_health before update of health on integration
    for each row when (old.health is distinct from new.health) execute function note_health();
