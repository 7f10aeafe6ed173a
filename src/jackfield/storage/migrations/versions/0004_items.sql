-- what the product told us of its objects
create table item (
    organisation_id bigint not null references organisation (id),
    id bigint not null default new_id(),
    type text not null,
    -- the product's own, of at most 255 characters
    key text not null,
    title text not null,
    body text not null,
    url text,
    status text not null check (status in ('open', 'in_progress', 'closed')),
    priority text,
    labels jsonb not null,
    assignee text,
    -- JSON, as it was sent: jsonb writes out every digit of a number
    fields text not null,
    -- when it became so in the product; what is older does not replace it
    occurred_at timestamptz not null,
    -- counts its contents: one more with each that differs from the one before
    version bigint not null default 1,
    created_at timestamptz not null default now(),
    -- when its content changed
    updated_at timestamptz not null default now(),
    -- deleted ones are kept for a while, so that an older change that comes late does not bring them back
    deleted_at timestamptz,
    primary key (organisation_id, id)
);
create unique index item_key on item (organisation_id, type, key);
create index item_type on item (organisation_id, type, id);
create index item_deleted on item (deleted_at) where deleted_at is not null;

-- what an item is at an integration's vendor, in each place there that the integration ever named
create table link (
    organisation_id bigint not null references organisation (id),
    integration_id bigint not null,
    item_id bigint not null,
    -- a digest of the settings that say where items go
    place bytea not null,
    -- null: nothing that we know of
    vendor_id text,
    vendor_url text,
    -- a try is under way, or ended without our hearing of it, so there may be something that we do not know of
    in_doubt boolean not null default false,
    -- when the first such try began
    doubted_at timestamptz,
    -- of the item, as the vendor has it: the version, everything but the status as a digest, and the status
    delivered_version bigint,
    delivered_at timestamptz,
    delivered_content bytea,
    delivered_status text,
    -- how the vendor's object was when it was read last, or as we made it since
    vendor_status text,
    vendor_assignee text,
    read_at timestamptz,
    -- when the vendor's object was found to be gone
    vanished_at timestamptz,
    primary key (organisation_id, integration_id, item_id, place)
);
create index link_item on link (organisation_id, item_id);

-- one change of an item, to be brought to one integration's vendor
create table delivery (
    organisation_id bigint not null references organisation (id),
    id bigint not null default new_id(),
    integration_id bigint not null,
    item_id bigint not null,
    version bigint not null,
    state text not null default 'pending'
        check (state in ('pending', 'sending', 'delivered', 'superseded', 'cancelled', 'held')),
    attempts integer not null default 0,
    -- why the last attempt failed
    error text,
    error_at timestamptz,
    -- not before then
    due_at timestamptz not null default now(),
    created_at timestamptz not null default now(),
    -- when it was delivered, superseded, cancelled or held
    ended_at timestamptz,
    vendor_id text,
    vendor_url text,
    -- the synchronisation that found it missing; null: a change of the item
    job_id bigint,
    primary key (organisation_id, id)
);
create index delivery_due on delivery (organisation_id, integration_id, due_at) where state = 'pending';
create index delivery_open on delivery (organisation_id, integration_id, item_id)
    where state in ('pending', 'sending', 'held');
create index delivery_integration on delivery (organisation_id, integration_id, id);
create index delivery_job on delivery (organisation_id, job_id) where job_id is not null;
create index delivery_ended on delivery (ended_at) where state in ('delivered', 'superseded', 'cancelled');

create index integration_item_type on integration (organisation_id, item_type, id)
    where item_type <> 'none' and state not in ('deleting', 'deleted');

alter table job
    -- how far it came and what it counted, so that whoever takes it over goes on from there
    add progress jsonb;

-- answers to calls that carry an Idempotency-Key
create table idempotency_key (
    organisation_id bigint not null references organisation (id),
    -- the API key that the call came with
    key_id bigint not null,
    -- of the Idempotency-Key, as HMAC-SHA256 under the service's pepper
    digest bytea not null,
    -- of the method, the address and the body, in the same way
    request_digest bytea not null,
    -- whoever began the call is taken for dead after this; the fence of the claim
    claimed_until timestamptz not null,
    -- null: the call is under way
    status smallint,
    answer bytea,
    created_at timestamptz not null default now(),
    primary key (organisation_id, key_id, digest)
);
create index idempotency_key_age on idempotency_key (created_at);
