-- The statements of the hot path of the version before, as it runs them: whatever is migrated, each must go on working
-- until no server of that version is left. Recorded from its code, whose last revision is 0019, with SQLite's names of
-- functions; see test_running_version.py. Record them anew when a release is made.

-- find_password
SELECT users.id, users.password_hash
FROM users
WHERE users.email = :email;

-- sessions_find_signed_in
SELECT users.id, users.name, users.email, sessions.id AS session_id, sessions.issued_at, sessions.last_used_at
FROM sessions JOIN users ON users.id = sessions.user_id
WHERE sessions.digest = :digest AND sessions.expires_at > :at;

-- audit_add_event
INSERT INTO audit_events (id, occurred_at, kind, actor_user_id, organization_id, client_id, details) VALUES (:id, :occurred_at, :kind, :actor_user_id, :organization_id, :client_key, :details);

-- find_client
SELECT clients."key", clients.client_id, clients.origin, clients.organization_id, clients.name, clients.type, clients.redirect_uris, clients.scope, clients.native_app, clients.require_pkce, clients.optional_scope, clients.access_token_lifetime, clients.refresh_token_lifetime, clients.suspended_at, client_secrets.digest AS secret_digest, client_secrets.last_used_at AS secret_last_used_at
FROM clients LEFT OUTER JOIN client_secrets ON client_secrets.digest = :secret_digest AND client_secrets.client_id = clients."key" AND client_secrets.revoked_at IS NULL AND (client_secrets.expires_at IS NULL OR client_secrets.expires_at > :at)
WHERE clients.client_id = :client_id AND clients.ended_at IS NULL;

-- self_registration_find_default
SELECT client_registrations.default_scope
FROM client_registrations
WHERE client_registrations.client_key = :client;

-- self_registration_note_use
UPDATE client_registrations SET used_at=:at WHERE client_registrations.client_key = :client AND client_registrations.used_at IS NULL;

-- consents_add_event
INSERT INTO consent_events (user_id, grant_id, client_key, client_name, at, kind, actor, changed) SELECT consents.user_id, consents.grant_id, consents.client_id, clients.name, :at AS anon_1, :kind AS anon_2, :actor AS anon_3, :changed AS anon_4
FROM consents JOIN clients ON clients."key" = consents.client_id
WHERE consents.grant_id = :grant;

-- find_consent
SELECT consents.grant_id, consents.scope, consents.declined_scope, consents.selection || coalesce((SELECT '
' || group_concat(CASE WHEN consent_mementos.can_write THEN '+' ELSE '-' END || consent_mementos.memento_id, '
') AS anon_1
FROM consent_mementos
WHERE consent_mementos.grant_id = consents.grant_id), '') AS choice, consents.resources, consents.expires_at, consents.paused_at
FROM consents
WHERE consents.user_id = :user_id AND consents.client_id = :client_key AND consents.installation = :installation AND consents.revoked_at IS NULL AND (consents.expires_at IS NULL OR consents.expires_at > :at);

-- consents_find_open
SELECT consents.grant_id, consents.scope, consents.declined_scope, consents.selection || coalesce((SELECT '
' || group_concat(CASE WHEN consent_mementos.can_write THEN '+' ELSE '-' END || consent_mementos.memento_id, '
') AS anon_1
FROM consent_mementos
WHERE consent_mementos.grant_id = consents.grant_id), '') AS choice, consents.resources, consents.expires_at, consents.paused_at
FROM consents
WHERE consents.user_id = :user AND consents.client_id = :client AND consents.installation = :installation AND consents.revoked_at IS NULL;

-- consents_lock_person
SELECT users.id
FROM users
WHERE users.id = :user;

-- consents_lock
SELECT consents.grant_id
FROM consents JOIN users ON users.id = consents.user_id
WHERE consents.grant_id = :grant AND consents.user_id = :user AND consents.revoked_at IS NULL AND (consents.expires_at IS NULL OR consents.expires_at > :at);

-- consents_read
SELECT consents.grant_id, consents.scope, consents.declined_scope, consents.selection || coalesce((SELECT '
' || group_concat(CASE WHEN consent_mementos.can_write THEN '+' ELSE '-' END || consent_mementos.memento_id, '
') AS anon_1
FROM consent_mementos
WHERE consent_mementos.grant_id = consents.grant_id), '') AS choice, consents.resources, consents.expires_at, consents.paused_at
FROM consents
WHERE consents.grant_id = :grant AND consents.user_id = :user;

-- consents_end
UPDATE consents SET revoked_at=:at WHERE consents.grant_id = :grant AND consents.user_id = :user AND consents.revoked_at IS NULL;

-- consents_end_by_grant
UPDATE consents SET revoked_at=:at WHERE consents.grant_id = :grant AND consents.revoked_at IS NULL;

-- consents_upsert
INSERT INTO consents (grant_id, user_id, client_id, installation, scope, declined_scope, selection, resources,
            issued_at, updated_at, expires_at)
        VALUES (:grant_id, :user, :client, :installation, :scope, :declined, :selection, :resources,
            :at, :at, :until)
        ON CONFLICT (user_id, client_id, installation) WHERE revoked_at IS NULL
        DO UPDATE SET scope = excluded.scope, declined_scope = excluded.declined_scope,
            selection = excluded.selection, resources = excluded.resources, updated_at = excluded.updated_at,
            expires_at = excluded.expires_at,
            paused_at = CASE WHEN :resumes THEN NULL ELSE consents.paused_at END
        RETURNING grant_id, paused_at;

-- consents_delete_choice
DELETE FROM consent_mementos WHERE consent_mementos.grant_id = :grant;

-- consents_insert_choice
INSERT INTO consent_mementos (grant_id, memento_id, can_write) SELECT :grant AS anon_1, mementos.id, :may_write AS anon_2
FROM mementos
WHERE mementos.id = :memento AND mementos.user_id = :user;

-- consents_set_choice
UPDATE consents SET selection=:chosen, updated_at=:at WHERE consents.grant_id = :grant;

-- consents_set_end
UPDATE consents SET expires_at=:until WHERE consents.grant_id = :grant;

-- consents_set_pause
UPDATE consents SET paused_at=:since WHERE consents.grant_id = :grant;

-- consents_list_of_client
SELECT consents.grant_id
FROM consents
WHERE consents.client_id = :client AND consents.revoked_at IS NULL ORDER BY consents.grant_id;

-- consents_list_with_memento
SELECT consent_mementos.grant_id, consent_mementos.can_write
FROM consent_mementos JOIN consents ON consents.grant_id = consent_mementos.grant_id
WHERE consent_mementos.memento_id = :memento AND consents.selection = 'selected' AND consents.revoked_at IS NULL AND (consents.expires_at IS NULL OR consents.expires_at > :at) ORDER BY consent_mementos.grant_id;

-- limits_count
INSERT INTO rate_limit_counters ("key", count, expires_at) VALUES (:key, :first_count, :window_end) ON CONFLICT ("key") DO UPDATE SET count = CASE WHEN (rate_limit_counters.expires_at <= :at) THEN excluded.count WHEN (rate_limit_counters.count + :amount < 0) THEN 0 ELSE rate_limit_counters.count + :amount END, expires_at = CASE WHEN (rate_limit_counters.expires_at <= :at) THEN excluded.expires_at ELSE rate_limit_counters.expires_at END RETURNING count;

-- limits_find
SELECT rate_limit_counters.count, rate_limit_counters.expires_at
FROM rate_limit_counters
WHERE rate_limit_counters."key" = :key_ AND rate_limit_counters.expires_at > :at;

-- limits_clear
DELETE FROM rate_limit_counters WHERE rate_limit_counters."key" = :key_;

-- limits_clear_all
DELETE FROM rate_limit_counters;

-- insert_request
INSERT INTO authorization_requests (digest, browser_digest, client_id, user_id, network, parameters, defect, memento_ids, writable_ids, issued_at, expires_at) SELECT :digest AS anon_1, :browser_digest AS anon_2, CAST(:client_key AS VARCHAR) AS anon_3, :user_id AS anon_4, :network AS anon_5, :parameters AS anon_6, :defect AS anon_7, :memento_ids AS anon_8, :writable_ids AS anon_9, :issued_at AS anon_10, :expires_at AS anon_11
FROM clients
WHERE clients."key" = :client_key AND clients.ended_at IS NULL;

-- drop_expired
DELETE FROM authorization_requests WHERE authorization_requests.network = :network AND authorization_requests.expires_at <= :at;

-- drop
DELETE FROM authorization_requests WHERE authorization_requests.digest = :digest_;

-- count_unsigned
SELECT count(*) AS count
FROM authorization_requests
WHERE authorization_requests.network = :network;

-- drop_oldest
DELETE FROM authorization_requests WHERE authorization_requests.digest IN (SELECT authorization_requests.digest
FROM authorization_requests
WHERE authorization_requests.user_id = :user ORDER BY authorization_requests.issued_at DESC
 LIMIT 1 OFFSET 0);

-- lock_user
SELECT users.id
FROM users
WHERE users.id = :user;

-- lock_client
SELECT clients."key"
FROM clients
WHERE clients."key" = :client;

-- lock_consent
SELECT consents.grant_id
FROM consents
WHERE consents.user_id = :user AND consents.client_id = :client AND consents.revoked_at IS NULL;

-- lock_request
SELECT authorization_requests.digest
FROM authorization_requests
WHERE authorization_requests.digest = :handle_digest;

-- find_request
SELECT authorization_requests.digest, authorization_requests.browser_digest, authorization_requests.client_id, authorization_requests.user_id, authorization_requests.parameters AS stored_parameters, authorization_requests.defect, authorization_requests.selection, authorization_requests.memento_ids, authorization_requests.writable_ids, authorization_requests.picker_shown, authorization_requests.consent_shown, authorization_requests.account_chosen_at, authorization_requests.issued_at, authorization_requests.expires_at, authorization_requests.consumed_at
FROM authorization_requests
WHERE authorization_requests.digest = :handle_digest;

-- renew_request
UPDATE authorization_requests SET user_id=:user, network=:network, expires_at=:until WHERE authorization_requests.digest = :handle_digest AND authorization_requests.consumed_at IS NULL AND authorization_requests.expires_at > :at AND (authorization_requests.user_id IS NULL OR authorization_requests.user_id = :user);

-- save_choice
UPDATE authorization_requests SET selection=:chosen, memento_ids=:chosen_ids, writable_ids=:chosen_writable_ids WHERE authorization_requests.digest = :handle_digest AND authorization_requests.consumed_at IS NULL AND authorization_requests.expires_at > :at AND authorization_requests.user_id = :user;

-- remember_shown_picker
UPDATE authorization_requests SET picker_shown=:seal WHERE authorization_requests.digest = :handle_digest;

-- remember_shown_consent
UPDATE authorization_requests SET consent_shown=:seal WHERE authorization_requests.digest = :handle_digest;

-- choose_account
UPDATE authorization_requests SET account_chosen_at=:at WHERE authorization_requests.digest = :handle_digest AND authorization_requests.consumed_at IS NULL AND authorization_requests.expires_at > :at AND authorization_requests.user_id = :user;

-- consume_request
UPDATE authorization_requests SET consumed_at=:at WHERE authorization_requests.digest = :handle_digest AND authorization_requests.consumed_at IS NULL AND authorization_requests.expires_at > :at AND authorization_requests.user_id = :user;

-- release_request
UPDATE authorization_requests SET user_id=:user_id, network=:from_network, selection=:selection, memento_ids=:no_ids, writable_ids=:no_ids, account_chosen_at=:account_chosen_at WHERE authorization_requests.digest = :handle_digest AND authorization_requests.consumed_at IS NULL AND authorization_requests.expires_at > :at;

-- cross_origin_find_any
SELECT client_origins.origin
FROM client_origins JOIN clients ON clients."key" = client_origins.client_id
WHERE client_origins.origin = :origin_ AND clients.suspended_at IS NULL
 LIMIT 1 OFFSET 0;

-- cross_origin_find_own
SELECT client_origins.origin
FROM client_origins JOIN clients ON clients."key" = client_origins.client_id
WHERE clients.client_id = :client AND client_origins.origin = :origin_;

-- cross_origin_find_client
SELECT clients."key"
FROM clients
WHERE clients.client_id = :client AND clients.ended_at IS NULL;

-- playground_find_open
SELECT playground_callbacks.redirect_uri, playground_callbacks.user_id
FROM playground_callbacks
WHERE playground_callbacks.client_id = :client AND playground_callbacks.expires_at > :at;

-- find_access_token
SELECT oauth_access_tokens.digest, oauth_access_tokens.client_key, clients.client_id, clients.organization_id, clients.suspended_at AS client_suspended_at, clients.scope AS client_scope, oauth_access_tokens.audience, oauth_access_tokens.scope, oauth_access_tokens.issued_at, oauth_access_tokens.expires_at, oauth_access_tokens.revoked_at AS revoked_at, oauth_access_tokens.family_id, oauth_families.issued_at AS family_issued_at, oauth_families.revoked_at AS family_revoked_at, consents.grant_id, consents.user_id, consents.scope AS consent_scope, consents.expires_at AS consent_expires_at, consents.revoked_at AS consent_revoked_at, consents.paused_at AS consent_paused_at, consents.last_used_at AS consent_last_used_at, consents.updated_at AS consent_updated_at, consents.selection || coalesce((SELECT '
' || group_concat(CASE WHEN consent_mementos.can_write THEN '+' ELSE '-' END || consent_mementos.memento_id, '
') AS anon_1
FROM consent_mementos
WHERE consent_mementos.grant_id = consents.grant_id), '') AS choice, saved_mementos.memento_id AS saved_memento_id
FROM oauth_access_tokens JOIN clients ON clients."key" = oauth_access_tokens.client_key AND clients.ended_at IS NULL LEFT OUTER JOIN oauth_families ON oauth_families.id = oauth_access_tokens.family_id LEFT OUTER JOIN consents ON consents.grant_id = oauth_families.grant_id LEFT OUTER JOIN saved_mementos ON saved_mementos.user_id = consents.user_id AND saved_mementos.client_id = consents.client_id
WHERE oauth_access_tokens.digest = :token_digest;

-- insert_access_token
INSERT INTO oauth_access_tokens (digest, client_key, family_id, audience, scope, issued_at, expires_at) SELECT :digest AS anon_1, CAST(:client_key AS VARCHAR) AS anon_2, :family_id AS anon_3, :audience AS anon_4, :scope AS anon_5, :issued_at AS anon_6, :expires_at AS anon_7
FROM clients
WHERE clients."key" = :client_key AND clients.ended_at IS NULL;

-- revoke_access_token
UPDATE oauth_access_tokens SET revoked_at=:at WHERE oauth_access_tokens.digest = :token_digest AND oauth_access_tokens.revoked_at IS NULL;

-- find_code
SELECT oauth_codes.digest, oauth_codes.client_key, oauth_codes.family_id, oauth_codes.audience, oauth_codes.redirect_uri, oauth_codes.scope, oauth_codes.code_challenge, oauth_codes.expires_at, oauth_codes.redeemed_at, oauth_families.issued_at AS family_issued_at, oauth_families.revoked_at AS family_revoked_at, consents.grant_id, consents.user_id, consents.scope AS consent_scope, consents.expires_at AS consent_expires_at, consents.revoked_at AS consent_revoked_at, consents.paused_at AS consent_paused_at, consents.selection || coalesce((SELECT '
' || group_concat(CASE WHEN consent_mementos.can_write THEN '+' ELSE '-' END || consent_mementos.memento_id, '
') AS anon_1
FROM consent_mementos
WHERE consent_mementos.grant_id = consents.grant_id), '') AS choice, saved_mementos.memento_id AS saved_memento_id
FROM oauth_codes JOIN oauth_families ON oauth_families.id = oauth_codes.family_id JOIN consents ON consents.grant_id = oauth_families.grant_id LEFT OUTER JOIN saved_mementos ON saved_mementos.user_id = consents.user_id AND saved_mementos.client_id = consents.client_id
WHERE oauth_codes.digest = :code_digest;

-- insert_code
INSERT INTO oauth_codes (issued_at, expires_at, family_id, digest, client_key, audience, redirect_uri, scope, code_challenge) VALUES (:issued_at, :expires_at, :family_id, :digest, :client_key, :audience, :redirect_uri, :scope, :code_challenge);

-- redeem_code
UPDATE oauth_codes SET redeemed_at=:at WHERE oauth_codes.digest = :code_digest AND oauth_codes.redeemed_at IS NULL AND oauth_codes.family_id = (SELECT oauth_families.id
FROM clients JOIN oauth_families ON oauth_families.id = :held_family
WHERE clients."key" = :held_client);

-- insert_family
INSERT INTO oauth_families (issued_at, grant_id) VALUES (:issued_at, :grant_id) RETURNING id;

-- revoke_family
UPDATE oauth_families SET revoked_at=:at WHERE oauth_families.id = :family AND oauth_families.revoked_at IS NULL;

-- find_refresh_token
SELECT oauth_refresh_tokens.digest, oauth_refresh_tokens.client_key, clients.client_id, clients.organization_id, clients.suspended_at AS client_suspended_at, clients.scope AS client_scope, oauth_refresh_tokens.audience, oauth_refresh_tokens.scope, oauth_refresh_tokens.issued_at, oauth_refresh_tokens.expires_at, oauth_families.revoked_at AS revoked_at, oauth_refresh_tokens.family_id, oauth_families.issued_at AS family_issued_at, oauth_families.revoked_at AS family_revoked_at, consents.grant_id, consents.user_id, consents.scope AS consent_scope, consents.expires_at AS consent_expires_at, consents.revoked_at AS consent_revoked_at, consents.paused_at AS consent_paused_at, consents.last_used_at AS consent_last_used_at, consents.updated_at AS consent_updated_at, consents.selection || coalesce((SELECT '
' || group_concat(CASE WHEN consent_mementos.can_write THEN '+' ELSE '-' END || consent_mementos.memento_id, '
') AS anon_1
FROM consent_mementos
WHERE consent_mementos.grant_id = consents.grant_id), '') AS choice, saved_mementos.memento_id AS saved_memento_id, oauth_refresh_tokens.rotated_at, oauth_refresh_tokens.successor_salt, oauth_refresh_tokens_1.rotated_at AS successor_rotated_at
FROM oauth_refresh_tokens JOIN clients ON clients."key" = oauth_refresh_tokens.client_key AND clients.ended_at IS NULL JOIN oauth_families ON oauth_families.id = oauth_refresh_tokens.family_id JOIN consents ON consents.grant_id = oauth_families.grant_id LEFT OUTER JOIN saved_mementos ON saved_mementos.user_id = consents.user_id AND saved_mementos.client_id = consents.client_id LEFT OUTER JOIN oauth_refresh_tokens AS oauth_refresh_tokens_1 ON oauth_refresh_tokens_1.digest = oauth_refresh_tokens.successor_digest
WHERE oauth_refresh_tokens.digest = :token_digest;

-- insert_refresh_token
INSERT INTO oauth_refresh_tokens (issued_at, expires_at, family_id, digest, client_key, audience, scope) VALUES (:issued_at, :expires_at, :family_id, :digest, :client_key, :audience, :scope);

-- rotate_refresh_token
UPDATE oauth_refresh_tokens SET rotated_at=:at, successor_digest=:next_digest, successor_salt=:next_salt WHERE oauth_refresh_tokens.digest = :token_digest AND oauth_refresh_tokens.rotated_at IS NULL AND oauth_refresh_tokens.family_id = (SELECT oauth_families.id
FROM clients JOIN oauth_families ON oauth_families.id = :held_family
WHERE clients."key" = :held_client);

-- count_repeat
UPDATE oauth_refresh_tokens SET repeats=(oauth_refresh_tokens.repeats + 1) WHERE oauth_refresh_tokens.digest = :token_digest AND oauth_refresh_tokens.repeats < :most AND oauth_refresh_tokens.family_id = (SELECT oauth_families.id
FROM clients JOIN oauth_families ON oauth_families.id = :held_family
WHERE clients."key" = :held_client) AND NOT (EXISTS (SELECT *
FROM oauth_refresh_tokens AS oauth_refresh_tokens_1
WHERE oauth_refresh_tokens_1.digest = oauth_refresh_tokens.successor_digest AND oauth_refresh_tokens_1.rotated_at IS NOT NULL));

-- insert_replay
INSERT INTO token_replays (family_id, grant_id, presented, at) VALUES (:family_id, :grant_id, :presented, :at);

-- find_speaking_token
SELECT oauth_access_tokens.digest, oauth_access_tokens.client_key, clients.client_id, clients.organization_id, clients.suspended_at AS client_suspended_at, clients.scope AS client_scope, oauth_access_tokens.audience, oauth_access_tokens.scope, oauth_access_tokens.issued_at, oauth_access_tokens.expires_at, oauth_access_tokens.revoked_at AS revoked_at, oauth_access_tokens.family_id, oauth_families.issued_at AS family_issued_at, oauth_families.revoked_at AS family_revoked_at, consents.grant_id, consents.user_id, consents.scope AS consent_scope, consents.expires_at AS consent_expires_at, consents.revoked_at AS consent_revoked_at, consents.paused_at AS consent_paused_at, consents.last_used_at AS consent_last_used_at, consents.updated_at AS consent_updated_at, consents.selection || coalesce((SELECT '
' || group_concat(CASE WHEN consent_mementos.can_write THEN '+' ELSE '-' END || consent_mementos.memento_id, '
') AS anon_1
FROM consent_mementos
WHERE consent_mementos.grant_id = consents.grant_id), '') AS choice, saved_mementos.memento_id AS saved_memento_id, users.name AS user_name, users.email AS user_email, memberships.role, organizations.id AS subject_organization_id, organizations.slug AS organization_slug, organizations.name AS organization_name
FROM oauth_access_tokens JOIN clients ON clients."key" = oauth_access_tokens.client_key AND clients.ended_at IS NULL LEFT OUTER JOIN oauth_families ON oauth_families.id = oauth_access_tokens.family_id LEFT OUTER JOIN consents ON consents.grant_id = oauth_families.grant_id LEFT OUTER JOIN saved_mementos ON saved_mementos.user_id = consents.user_id AND saved_mementos.client_id = consents.client_id LEFT OUTER JOIN users ON users.id = consents.user_id LEFT OUTER JOIN memberships ON memberships.user_id = users.id LEFT OUTER JOIN organizations ON organizations.id = CASE WHEN (consents.user_id IS NULL) THEN clients.organization_id ELSE memberships.organization_id END
WHERE oauth_access_tokens.digest = :token_digest ORDER BY organizations.name, organizations.id
 LIMIT 1 OFFSET 0;

-- saved_insert
INSERT INTO saved_mementos (user_id, client_id, memento_id, integration_id) VALUES (:user_id, :client_key, :memento_id, :integration_id);

-- saved_find
SELECT saved_mementos.user_id, saved_mementos.client_id, saved_mementos.memento_id, saved_mementos.integration_id
FROM saved_mementos
WHERE saved_mementos.user_id = :user AND saved_mementos.client_id = :client;

-- touch_consent
UPDATE consents SET last_used_at=:at WHERE consents.grant_id IN (SELECT consents.grant_id
FROM consents
WHERE consents.grant_id IN (:consent) AND (consents.last_used_at IS NULL OR consents.last_used_at < :at));

-- touch_secret
UPDATE client_secrets SET last_used_at=:at WHERE client_secrets.digest IN (SELECT client_secrets.digest
FROM client_secrets
WHERE client_secrets.digest IN (:secret_digest) AND (client_secrets.last_used_at IS NULL OR client_secrets.last_used_at < :at));
