-- what the vendor did not do of what was delivered last, and why, as one sentence; null: it did everything
alter table link add not_done text;
alter table delivery
    -- as of the link, at the time of this delivery
    add not_done text,
    -- an earlier try may have reached the vendor, which is looked through among its newest objects
    add in_doubt boolean not null default false;
create index delivery_doubted on delivery (organisation_id, integration_id, due_at)
    where state = 'pending' and in_doubt;
