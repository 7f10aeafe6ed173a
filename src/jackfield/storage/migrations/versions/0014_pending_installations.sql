alter table definition
    add icon_url text,
    -- keyed hash of the client secret before the present one, and until when it is still good
    add previous_secret_digest bytea,
    add previous_secret_expires_at timestamptz;

alter table installation
    -- when the app's server first said that it is complete; null: it never was
    add completed_at timestamptz,
    -- the browser's session in which it was made; null: made otherwise
    add session_id bigint;
-- of the others, only a change of the status has ever changed the time
update installation set completed_at = updated_at where status = 'complete' or updated_at <> created_at;
create index installation_pending on installation (created_at) where completed_at is null;

-- whether a person made it in a browser, rather than a program with a key
alter table integration add creator_is_account boolean not null default false;

-- telling an app that an installation has ended is a job of a kind of its own from now on
with waiting as (
    update job j set kind = 'uninstall' from installation n
    where j.kind = 'delete' and j.state in ('queued', 'scheduled', 'running')
        and n.organisation_id = j.organisation_id and n.integration_id = j.integration_id
    returning j.organisation_id, j.id
)
update pgqueuer q set entrypoint = 'uninstall' from waiting w
where q.entrypoint = 'delete' and q.payload = convert_to(w.organisation_id || ':' || w.id, 'UTF8');
