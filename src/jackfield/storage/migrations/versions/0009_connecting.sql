alter table integration
    -- whose credential it is, as its vendor told when it was proven last; null: nobody has asked since it changed
    add account_id text,
    add account_name text;

alter table organisation
    -- where customers may be sent back to after connecting: what is below one of these addresses
    add return_urls text[] not null default '{}';

-- a one-time link by which a customer connects a vendor in a browser
create table connect_session (
    organisation_id bigint not null references organisation (id),
    id bigint not null default new_id(),
    -- keyed hash of what stands in its address
    digest bytea not null unique,
    provider text not null,
    -- the one that is connected again, or the one that came of it
    integration_id bigint,
    reconnects boolean not null,
    scopes text[] not null,
    return_url text,
    locale text,
    name text,
    creator_user text not null,
    creator_key_id bigint not null,
    state text not null default 'open' check (state in ('open', 'authorising', 'choosing', 'connected', 'failed')),
    -- why the latest try failed
    error text,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    connected_at timestamptz,
    -- keyed hash of the cookie of the browser that began; null: none has
    browser_digest bytea,
    -- keyed hash of OAuth's state, while the browser is at the vendor; a newer one takes its place
    way_digest bytea unique,
    way_expires_at timestamptz,
    -- what belongs to that way: PKCE's verifier, and the link, to which it leads back
    sealed_way bytea,
    -- what was granted, while a person chooses a site
    sealed_grant bytea,
    primary key (organisation_id, id)
);
create index connect_session_expiry on connect_session (expires_at);
create index connect_session_grant on connect_session (expires_at) where sealed_grant is not null;
