-- an integration whose vendor takes no more calls for now: every process leaves it alone until then
create table rest (
    organisation_id bigint not null references organisation (id),
    integration_id bigint not null,
    until timestamptz not null,
    primary key (organisation_id, integration_id)
);

alter table job
    -- how often it was given back without having failed, as when its account rests
    add returns integer not null default 0;
