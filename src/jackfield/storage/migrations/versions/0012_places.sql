-- where the items of an integration went and go; see domain/place.py
create table place (
    organisation_id bigint not null references organisation (id),
    integration_id bigint not null,
    -- what its links have as `place`; once the vendor's id is known, it stays whatever the settings say
    links bytea not null,
    -- the vendor's own id; null: not looked up yet
    vendor_id text,
    -- what the vendor calls it
    name text,
    -- a digest of the settings that lead there now; null: others do
    settings bytea,
    -- the integration's, when that was looked up
    credential_version integer,
    -- a configuration that named it, as long as it is not looked up
    former jsonb,
    learnt_at timestamptz not null default now(),
    primary key (organisation_id, integration_id, links),
    check (vendor_id is not null or former is not null)
);
create unique index place_vendor_id on place (organisation_id, integration_id, digest(vendor_id))
    where vendor_id is not null;

-- what is live learns its place within the hour, and not only when it is proven again by itself, in a day
update integration set verification_due_at = now() + random() * interval '1 hour'
where state = 'live' and item_type <> 'none' and verification_due_at > now() + interval '1 hour';
