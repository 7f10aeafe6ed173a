-- Health is unknown until the first proof. What was never proven is so from now on.
alter table integration drop constraint integration_health_check;
alter table integration add constraint integration_health_check
    check (health in ('unknown', 'active', 'degraded', 'needs_reauthorisation', 'misconfigured'));
alter table integration alter column health set default 'unknown';

alter table event drop constraint event_kind_check;
alter table event add constraint event_kind_check check (kind in ('broken', 'recovered', 'unproven'));

-- nothing has happened to them, so nothing is noted
alter table integration disable trigger integration_health;
update integration i set health = 'unknown'
where i.health = 'active' and i.verified_at is null
    and not exists (
        select from delivery d
        where d.organisation_id = i.organisation_id and d.integration_id = i.id and d.state = 'delivered'
    )
    -- an app's server has said that it is complete
    and not exists (
        select from installation n
        where n.organisation_id = i.organisation_id and n.integration_id = i.id and n.status = 'complete'
    );
alter table integration enable trigger integration_health;

-- Exactly one event for each break and recovery, whichever statement wrote it. A changed credential ends neither: what
-- was told as broken is so until it is proven.
create or replace function note_health() returns trigger language plpgsql as $$
declare
    was_broken boolean := old.health in ('needs_reauthorisation', 'misconfigured');
    is_broken boolean := new.health in ('needs_reauthorisation', 'misconfigured');
    told text;
    news text;
begin
    new.health_since := now();
    select e.kind into told from event e
    where e.organisation_id = new.organisation_id and e.integration_id = new.id and e.kind <> 'unproven'
    order by e.organisation_id desc, e.integration_id desc, e.id desc limit 1;
    if is_broken and not was_broken and told is distinct from 'broken' then
        news := 'broken';
    elsif new.health in ('active', 'degraded') and (was_broken or told = 'broken') then
        news := 'recovered';
    elsif new.health = 'unknown' and new.health_reason is not null then
        news := 'unproven';
    end if;
    if news is not null then
        insert into event (organisation_id, integration_id, kind, health, detail)
        values (new.organisation_id, new.id, news, new.health, new.health_reason);
    end if;
    return new;
end
$$;

-- those that need someone, the newest first
drop index integration_broken;
create index integration_attention on integration (organisation_id, health_since)
    where (status = 'error' or health in ('needs_reauthorisation', 'misconfigured')
        or status = 'pending' and state = 'new') and state not in ('deleting', 'deleted');

-- What people sort names by: without case, accents and blanks around it. Not every server that this runs on is built with
-- ICU, so there is no collation to do it.
create function people_order(value text) returns text language sql immutable strict parallel safe as $$
    select replace(replace(replace(translate(
        lower(regexp_replace(
            normalize(btrim(value), NFKD), U&'[\0300-\036F\1AB0-\1AFF\1DC0-\1DFF\20D0-\20FF]', '', 'g'
        )),
        U&'\00F8\0142\0111\0127\0131\0167', 'oldhit'
    ), U&'\00DF', 'ss'), U&'\00E6', 'ae'), U&'\0153', 'oe')
$$;
drop index integration_name;
create index integration_name on integration (organisation_id, (people_order(name) collate "C"), id);
