-- What lists show as an integration's health: as it is noted, or revoked (see domain/integration.py, Detail.condition).
alter table integration
    add condition text not null generated always as (
        case when status = 'inactive' and sealed_secrets is null then 'revoked' else health end
    ) stored;

-- lists of those in a condition; counts of each
create index integration_condition on integration (organisation_id, condition, id)
    where state not in ('deleting', 'deleted');
-- those that need someone, the newest first
create index integration_broken on integration (organisation_id, health_since)
    where (status = 'error' or health in ('needs_reauthorisation', 'misconfigured'))
        and state not in ('deleting', 'deleted');
-- of those that are switched off there are few
create index integration_disabled on integration (organisation_id, id)
    where not enabled and state not in ('deleting', 'deleted');
create index integration_name on integration (organisation_id, name, id);
create index integration_state_changed on integration (organisation_id, state_changed_at, id);

-- what runs, what has changed lately, what ended in an hour
create index job_state on job (organisation_id, state, state_changed_at);
create index job_integration on job (organisation_id, integration_id, id);

-- of an id it is known when it was made, so that what was made within an hour is found here as well
create index delivery_state on delivery (organisation_id, state, id);
create index delivery_item on delivery (organisation_id, item_id, id);
create index delivery_held on delivery (organisation_id, integration_id, id) where state = 'held';

create index audit_entry_subject on audit_entry (organisation_id, (subject_ids[1]), id);
create index audit_entry_action on audit_entry (organisation_id, action, id);
create index audit_entry_actor on audit_entry (organisation_id, actor, action, id);
