-- The statements of the hot path of the release before, as it runs them: whatever is migrated, each must go on working
-- until no server of that release is left. Recorded from its code, whose last revision is 0014, with SQLite's
-- names of functions; see test_running_version.py. Record them anew when a release is made.

-- find_password
SELECT users.id, users.password_hash FROM users WHERE users.email = :email;

-- count
INSERT INTO rate_limit_counters ("key", count, expires_at)
VALUES (:key, :first_count, :window_end)
ON CONFLICT ("key")
DO UPDATE SET count = CASE WHEN (rate_limit_counters.expires_at <= :at) THEN excluded.count WHEN (rate_limit_counters.count + :amount < 0) THEN 0 ELSE rate_limit_counters.count + :amount END, expires_at = CASE WHEN (rate_limit_counters.expires_at <= :at) THEN excluded.expires_at ELSE rate_limit_counters.expires_at END
RETURNING count;

-- find
SELECT rate_limit_counters.count, rate_limit_counters.expires_at
FROM rate_limit_counters
WHERE rate_limit_counters."key" = :key_ AND rate_limit_counters.expires_at > :at;

-- clear
DELETE FROM rate_limit_counters WHERE rate_limit_counters."key" = :key_;

-- clear_all
DELETE FROM rate_limit_counters;

-- find_signed_in
SELECT users.id, users.name, users.email, sessions.id AS session_id, sessions.issued_at, sessions.last_used_at
FROM sessions
JOIN users ON users.id = sessions.user_id
WHERE sessions.digest = :digest AND sessions.expires_at > :at AND sessions.last_used_at > :idle_since;

-- touch
UPDATE sessions SET last_used_at=:at WHERE sessions.digest = :digest_ AND sessions.last_used_at <= :stale;

-- insert_event
INSERT INTO audit_events (id, occurred_at, kind, actor_user_id, organization_id, client_id, details)
VALUES (:id, :occurred_at, :kind, :actor_user_id, :organization_id, :client_id, :details);

-- ping
SELECT 1 AS answer;

-- find_any
SELECT client_origins.origin
FROM client_origins
JOIN clients ON clients.client_id = client_origins.client_id
WHERE client_origins.origin = :origin_ AND clients.suspended_at IS NULL LIMIT 1;

-- find_own
SELECT client_origins.origin
FROM client_origins
WHERE client_origins.client_id = :client AND client_origins.origin = :origin_;

-- find_client
SELECT clients.client_id FROM clients WHERE clients.client_id = :client;

-- find_code
SELECT authorization_codes.digest, authorization_codes.client_id, authorization_codes.family_id, authorization_codes.redirect_uri, authorization_codes.scope, authorization_codes.code_challenge, authorization_codes.expires_at, authorization_codes.redeemed_at, token_families.issued_at AS family_issued_at, token_families.revoked_at AS family_revoked_at, consents.grant_id, consents.user_id, consents.scope AS consent_scope, consents.selection, consents.expires_at AS consent_expires_at, consents.revoked_at AS consent_revoked_at, consents.paused_at AS consent_paused_at, (SELECT group_concat(consent_mementos.memento_id || CASE WHEN consent_mementos.can_write THEN ' write' ELSE '' END, '
') AS chosen FROM consent_mementos
WHERE consent_mementos.grant_id = consents.grant_id) AS mementos, saved_mementos.memento_id AS saved_memento_id
FROM authorization_codes
JOIN token_families ON token_families.family_id = authorization_codes.family_id
JOIN consents ON consents.grant_id = token_families.grant_id
LEFT OUTER JOIN saved_mementos ON saved_mementos.user_id = consents.user_id AND saved_mementos.client_id = consents.client_id
WHERE authorization_codes.digest = :code_digest;

-- insert_family
INSERT INTO token_families (family_id, grant_id, issued_at) VALUES (:family_id, :grant_id, :issued_at);

-- insert_code
INSERT INTO authorization_codes (digest, client_id, family_id, redirect_uri, scope, code_challenge, issued_at, expires_at)
VALUES (:digest, :client_id, :family_id, :redirect_uri, :scope, :code_challenge, :issued_at, :expires_at);

-- redeem_code
UPDATE authorization_codes
SET redeemed_at=:at
WHERE authorization_codes.digest = :code_digest AND authorization_codes.redeemed_at IS NULL;

-- revoke_family
UPDATE token_families
SET revoked_at=:at
WHERE token_families.family_id = :family AND token_families.revoked_at IS NULL;

-- find_request
SELECT authorization_requests.digest, authorization_requests.browser_digest, authorization_requests.client_id, authorization_requests.user_id, authorization_requests.parameters, authorization_requests.defect, authorization_requests.selection, authorization_requests.memento_ids, authorization_requests.writable_ids, authorization_requests.picker_shown, authorization_requests.consent_shown, authorization_requests.account_chosen_at, authorization_requests.issued_at, authorization_requests.expires_at, authorization_requests.consumed_at
FROM authorization_requests
WHERE authorization_requests.digest = :handle_digest;

-- insert_request
INSERT INTO authorization_requests (digest, browser_digest, client_id, user_id, network, parameters, defect, memento_ids, writable_ids, issued_at, expires_at)
VALUES (:digest, :browser_digest, :client_id, :user_id, :network, :parameters, :defect, :memento_ids, :writable_ids, :issued_at, :expires_at);

-- renew_request
UPDATE authorization_requests
SET user_id=:user, network=:network, expires_at=:until
WHERE authorization_requests.digest = :handle_digest AND authorization_requests.consumed_at IS NULL AND authorization_requests.expires_at > :at AND (authorization_requests.user_id IS NULL OR authorization_requests.user_id = :user);

-- drop_expired
DELETE
FROM authorization_requests
WHERE authorization_requests.network = :network AND authorization_requests.expires_at <= :at;

-- count_unsigned
SELECT count(*) AS count FROM authorization_requests WHERE authorization_requests.network = :network;

-- drop_oldest
DELETE
FROM authorization_requests
WHERE authorization_requests.digest IN (SELECT authorization_requests.digest
FROM authorization_requests
WHERE authorization_requests.user_id = :user
ORDER BY authorization_requests.issued_at DESC LIMIT 1);

-- save_choice
UPDATE authorization_requests
SET selection=:chosen, memento_ids=:chosen_ids, writable_ids=:chosen_writable_ids
WHERE authorization_requests.digest = :handle_digest AND authorization_requests.consumed_at IS NULL AND authorization_requests.expires_at > :at AND authorization_requests.user_id = :user;

-- lock_user
SELECT users.id FROM users WHERE users.id = :user;

-- lock_client
SELECT clients.client_id FROM clients WHERE clients.client_id = :client;

-- lock_consent
SELECT consents.grant_id
FROM consents
WHERE consents.user_id = :user AND consents.client_id = :client AND consents.revoked_at IS NULL;

-- lock_request
SELECT authorization_requests.digest
FROM authorization_requests
WHERE authorization_requests.digest = :handle_digest;

-- remember_shown_picker
UPDATE authorization_requests SET picker_shown=:seal WHERE authorization_requests.digest = :handle_digest;

-- remember_shown_consent
UPDATE authorization_requests SET consent_shown=:seal WHERE authorization_requests.digest = :handle_digest;

-- choose_account
UPDATE authorization_requests
SET account_chosen_at=:at
WHERE authorization_requests.digest = :handle_digest AND authorization_requests.consumed_at IS NULL AND authorization_requests.expires_at > :at AND authorization_requests.user_id = :user;

-- consume_request
UPDATE authorization_requests
SET consumed_at=:at
WHERE authorization_requests.digest = :handle_digest AND authorization_requests.consumed_at IS NULL AND authorization_requests.expires_at > :at AND authorization_requests.user_id = :user;

-- release_request
UPDATE authorization_requests
SET user_id=:user_id, network=:from_network, selection=:selection, memento_ids=:no_ids, writable_ids=:no_ids, account_chosen_at=:account_chosen_at
WHERE authorization_requests.digest = :handle_digest AND authorization_requests.consumed_at IS NULL AND authorization_requests.expires_at > :at;

-- client_find_client
SELECT clients.client_id, clients.organization_id, clients.name, clients.type, clients.redirect_uris, clients.scope, clients.native_app, clients.require_pkce, clients.optional_scope, clients.access_token_lifetime, clients.refresh_token_lifetime, clients.suspended_at, client_secrets.digest AS secret_digest, client_secrets.last_used_at AS secret_last_used_at
FROM clients
LEFT OUTER JOIN client_secrets ON client_secrets.digest = :secret_digest AND client_secrets.client_id = clients.client_id AND client_secrets.revoked_at IS NULL AND (client_secrets.expires_at IS NULL OR client_secrets.expires_at > :at)
WHERE clients.client_id = :client_id;

-- touch_secret
UPDATE client_secrets SET last_used_at=:at WHERE client_secrets.digest = :secret_digest;

-- find_consent
SELECT consents.grant_id, consents.scope, consents.declined_scope, consents.selection, consents.expires_at, consents.paused_at
FROM consents
WHERE consents.user_id = :user_id AND consents.client_id = :client_id AND consents.revoked_at IS NULL;

-- touch_consent
UPDATE consents SET last_used_at=:at WHERE consents.grant_id = :consent;

-- close_ended_consent
UPDATE consents
SET revoked_at=:at
WHERE consents.user_id = :user AND consents.client_id = :client AND consents.revoked_at IS NULL AND consents.expires_at <= :at;

-- upsert_consent
INSERT INTO consents (grant_id, user_id, client_id, scope, declined_scope, selection, issued_at, updated_at, expires_at)
VALUES (:grant_id, :user_id, :client_id, :scope, :declined, :selection, :at, :at, :until)
ON CONFLICT (user_id, client_id)
WHERE revoked_at IS NULL
DO UPDATE SET scope = excluded.scope, declined_scope = excluded.declined_scope, selection = excluded.selection, updated_at = excluded.updated_at, expires_at = excluded.expires_at, paused_at = CASE WHEN :resumes THEN NULL ELSE consents.paused_at END
RETURNING grant_id, scope, declined_scope, selection, expires_at, paused_at;

-- find_choice
SELECT consent_mementos.memento_id, consent_mementos.can_write FROM consent_mementos
WHERE consent_mementos.grant_id = :grant;

-- delete_choice
DELETE FROM consent_mementos WHERE consent_mementos.grant_id = :grant;

-- insert_choice
INSERT INTO consent_mementos (grant_id, memento_id, can_write) SELECT :grant AS anon_1, mementos.id, :may_write AS anon_2
FROM mementos
WHERE mementos.id = :memento AND mementos.user_id = :user;

-- find_open
SELECT playground_callbacks.redirect_uri, playground_callbacks.user_id
FROM playground_callbacks
WHERE playground_callbacks.client_id = :client AND playground_callbacks.expires_at > :at;

-- find_speaking_token
SELECT access_tokens.digest, access_tokens.client_id, clients.organization_id, clients.suspended_at AS client_suspended_at, clients.scope AS client_scope, access_tokens.scope, access_tokens.issued_at, access_tokens.expires_at, access_tokens.revoked_at AS revoked_at, access_tokens.family_id, token_families.issued_at AS family_issued_at, token_families.revoked_at AS family_revoked_at, consents.grant_id, consents.user_id, consents.scope AS consent_scope, consents.selection, consents.expires_at AS consent_expires_at, consents.revoked_at AS consent_revoked_at, consents.paused_at AS consent_paused_at, consents.last_used_at AS consent_last_used_at, (SELECT group_concat(consent_mementos.memento_id || CASE WHEN consent_mementos.can_write THEN ' write' ELSE '' END, '
') AS chosen FROM consent_mementos
WHERE consent_mementos.grant_id = consents.grant_id) AS mementos, saved_mementos.memento_id AS saved_memento_id, 0, NULL, NULL, NULL, users.name AS user_name, users.email, memberships.role, organizations.id AS subject_organization_id, organizations.slug, organizations.name AS organization_name
FROM access_tokens
JOIN clients ON clients.client_id = access_tokens.client_id
LEFT OUTER JOIN token_families ON token_families.family_id = access_tokens.family_id
LEFT OUTER JOIN consents ON consents.grant_id = token_families.grant_id
LEFT OUTER JOIN saved_mementos ON saved_mementos.user_id = consents.user_id AND saved_mementos.client_id = consents.client_id
LEFT OUTER JOIN users ON users.id = consents.user_id
LEFT OUTER JOIN memberships ON memberships.user_id = users.id
LEFT OUTER JOIN organizations ON organizations.id = CASE WHEN (consents.user_id IS NULL) THEN clients.organization_id ELSE memberships.organization_id END
WHERE access_tokens.digest = :token_digest
ORDER BY organizations.name, organizations.id LIMIT 1;

-- find_access_token
SELECT access_tokens.digest, access_tokens.client_id, clients.organization_id, clients.suspended_at AS client_suspended_at, clients.scope AS client_scope, access_tokens.scope, access_tokens.issued_at, access_tokens.expires_at, access_tokens.revoked_at AS revoked_at, access_tokens.family_id, token_families.issued_at AS family_issued_at, token_families.revoked_at AS family_revoked_at, consents.grant_id, consents.user_id, consents.scope AS consent_scope, consents.selection, consents.expires_at AS consent_expires_at, consents.revoked_at AS consent_revoked_at, consents.paused_at AS consent_paused_at, consents.last_used_at AS consent_last_used_at, (SELECT group_concat(consent_mementos.memento_id || CASE WHEN consent_mementos.can_write THEN ' write' ELSE '' END, '
') AS chosen FROM consent_mementos
WHERE consent_mementos.grant_id = consents.grant_id) AS mementos, saved_mementos.memento_id AS saved_memento_id
FROM access_tokens
JOIN clients ON clients.client_id = access_tokens.client_id
LEFT OUTER JOIN token_families ON token_families.family_id = access_tokens.family_id
LEFT OUTER JOIN consents ON consents.grant_id = token_families.grant_id
LEFT OUTER JOIN saved_mementos ON saved_mementos.user_id = consents.user_id AND saved_mementos.client_id = consents.client_id
WHERE access_tokens.digest = :token_digest;

-- find_refresh_token
SELECT refresh_tokens.digest, refresh_tokens.client_id, clients.organization_id, clients.suspended_at AS client_suspended_at, clients.scope AS client_scope, refresh_tokens.scope, refresh_tokens.issued_at, refresh_tokens.expires_at, token_families.revoked_at AS revoked_at, refresh_tokens.family_id, token_families.issued_at AS family_issued_at, token_families.revoked_at AS family_revoked_at, consents.grant_id, consents.user_id, consents.scope AS consent_scope, consents.selection, consents.expires_at AS consent_expires_at, consents.revoked_at AS consent_revoked_at, consents.paused_at AS consent_paused_at, consents.last_used_at AS consent_last_used_at, (SELECT group_concat(consent_mementos.memento_id || CASE WHEN consent_mementos.can_write THEN ' write' ELSE '' END, '
') AS chosen FROM consent_mementos
WHERE consent_mementos.grant_id = consents.grant_id) AS mementos, saved_mementos.memento_id AS saved_memento_id, 1 AS is_refresh_token, refresh_tokens.rotated_at, refresh_tokens.successor_salt, refresh_tokens_1.rotated_at AS successor_rotated_at
FROM refresh_tokens
JOIN clients ON clients.client_id = refresh_tokens.client_id
JOIN token_families ON token_families.family_id = refresh_tokens.family_id
JOIN consents ON consents.grant_id = token_families.grant_id
LEFT OUTER JOIN saved_mementos ON saved_mementos.user_id = consents.user_id AND saved_mementos.client_id = consents.client_id
LEFT OUTER JOIN refresh_tokens AS refresh_tokens_1 ON refresh_tokens_1.digest = refresh_tokens.successor_digest
WHERE refresh_tokens.digest = :token_digest;

-- insert_access_token
INSERT INTO access_tokens (digest, hint, client_id, family_id, scope, issued_at, expires_at)
VALUES (:digest, :hint, :client_id, :family_id, :scope, :issued_at, :expires_at);

-- insert_refresh_token
INSERT INTO refresh_tokens (digest, hint, client_id, family_id, scope, issued_at, expires_at)
VALUES (:digest, :hint, :client_id, :family_id, :scope, :issued_at, :expires_at);

-- rotate_refresh_token
UPDATE refresh_tokens
SET rotated_at=:at, successor_digest=:next_digest, successor_salt=:next_salt
WHERE refresh_tokens.digest = :token_digest AND refresh_tokens.rotated_at IS NULL;

-- count_repeat
UPDATE refresh_tokens
SET repeats=(refresh_tokens.repeats + 1)
WHERE refresh_tokens.digest = :token_digest AND refresh_tokens.repeats < :most AND NOT (EXISTS (SELECT *
FROM refresh_tokens AS refresh_tokens_1
WHERE refresh_tokens_1.digest = refresh_tokens.successor_digest AND refresh_tokens_1.rotated_at IS NOT NULL));

-- revoke_access_token
UPDATE access_tokens
SET revoked_at=:at
WHERE access_tokens.digest = :token_digest AND access_tokens.revoked_at IS NULL;

-- insert_replay
INSERT INTO token_replays (family_id, grant_id, presented, at) VALUES (:family_id, :grant_id, :presented, :at);

