-- ways of browsers to the OpenID provider and back, each used once; there is no organisation before the provider has
-- said who comes, and nothing here is secret: nonce and PKCE verifier follow from the state, which is not kept
create table sign_in_attempt (
    -- keyed hash of the state
    digest bytea primary key,
    -- keyed hash of the cookie of the browser that began
    browser_digest bytea not null,
    next_page text not null,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null
);
create index sign_in_attempt_expiry on sign_in_attempt (expires_at);

alter table session drop constraint session_opened_by_check;
alter table session add constraint session_opened_by_check check (opened_by in ('link', 'key', 'oidc'));
-- how the provider calls its user, whatever name they have today
alter table session add column subject text;
alter table session add constraint session_subject_check check ((opened_by = 'oidc') = (subject is not null));
