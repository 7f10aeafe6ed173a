-- what its author sent of it; null: not sent
alter table definition
    alter name drop not null,
    add identifier_field_path text not null default '',
    add author text,
    add call_to_action text,
    -- json, not jsonb: shown as they were sent
    add configuration_fields json,
    add error_codes json,
    add contact text,
    add oauth_callback_url text,
    add uninstallation_url text,
    add scopes text[],
    add tags text[],
    -- keyed hash of its client secret; null: made otherwise than by a developer, so nothing can act for it
    add client_secret_digest bytea;

-- what makes an integration the installation of an app; its configuration and its secret are the integration's secrets
create table installation (
    -- who installed it
    organisation_id bigint not null references organisation (id),
    integration_id bigint not null,
    definition_organisation_id bigint not null,
    definition_id bigint not null,
    -- as the app's own server says
    status text not null default 'incomplete' check (status in ('incomplete', 'complete')),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (organisation_id, integration_id),
    foreign key (organisation_id, integration_id) references integration (organisation_id, id) on delete cascade,
    foreign key (definition_organisation_id, definition_id) references definition (organisation_id, id)
);
create index installation_definition on installation (definition_organisation_id, definition_id);

-- one authorization code, and through it the family of all tokens that came of it
create table oauth_grant (
    organisation_id bigint not null references organisation (id),
    id bigint not null default new_id(),
    integration_id bigint not null,
    scopes text[] not null,
    code_digest bytea not null unique,
    code_expires_at timestamptz not null,
    exchanged_at timestamptz,
    -- with it every token of the family is dead
    revoked_at timestamptz,
    created_at timestamptz not null default now(),
    primary key (organisation_id, id),
    foreign key (organisation_id, integration_id) references installation (organisation_id, integration_id)
        on delete cascade
);
create index oauth_grant_installation on oauth_grant (organisation_id, integration_id);
create index oauth_grant_age on oauth_grant (created_at);

create table oauth_token (
    organisation_id bigint not null references organisation (id),
    id bigint not null default new_id(),
    grant_id bigint not null,
    kind text not null check (kind in ('access', 'refresh')),
    digest bytea not null unique,
    scopes text[] not null,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    -- when a refresh token was exchanged for the next
    spent_at timestamptz,
    revoked_at timestamptz,
    primary key (organisation_id, id),
    foreign key (organisation_id, grant_id) references oauth_grant (organisation_id, id) on delete cascade
);
create index oauth_token_grant on oauth_token (organisation_id, grant_id);
create index oauth_token_expiry on oauth_token (expires_at);
