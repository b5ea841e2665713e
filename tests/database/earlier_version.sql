-- The statements by which the version before issued, found, redeemed and ended: its last revision is 0042. With SQLite's
-- names of functions, and PostgreSQL's locks; see test_two_versions.py.

-- find_code
SELECT oauth_codes.digest, oauth_codes.client_key, oauth_codes.family_id, coalesce(oauth_codes.resources, oauth_codes.audience) AS audience, oauth_codes.redirect_uri, oauth_codes.scope, oauth_codes.code_challenge, oauth_codes.expires_at, oauth_codes.redeemed_at, oauth_families.issued_at AS family_issued_at, oauth_families.revoked_at AS family_revoked_at, oauth_families.names_profile, consents.grant_id, consents.user_id, CASE WHEN (consents.names_profile IS NULL) THEN consents.scope || ' profile' ELSE consents.scope END AS consent_scope, consents.expires_at AS consent_expires_at, consents.revoked_at AS consent_revoked_at, consents.paused_at AS consent_paused_at, consents.selection || coalesce((SELECT '
' || group_concat(CASE WHEN consent_mementos.can_write THEN '+' ELSE '-' END || consent_mementos.memento_id, '
') AS anon_1
FROM consent_mementos
WHERE consent_mementos.grant_id = consents.grant_id), '') AS choice, saved_mementos.memento_id AS saved_memento_id, coalesce(consents.memory_setting, users_1.memory_setting) AS memory_setting, users_1.never_shares_at AS never_shares_at, CASE WHEN (users_1.disabled_at IS NOT NULL) THEN 'disabled' WHEN (users_1.deletes_at IS NOT NULL) THEN 'leaving' END AS account_closed_as
FROM oauth_codes
JOIN oauth_families ON oauth_families.id = oauth_codes.family_id
JOIN consents ON consents.grant_id = oauth_families.grant_id
LEFT OUTER JOIN saved_mementos ON saved_mementos.user_id = consents.user_id AND saved_mementos.client_id = consents.client_id AND saved_mementos.installation = consents.installation
JOIN users AS users_1 ON users_1.id = consents.user_id
WHERE oauth_codes.digest = :code_digest;

-- insert_family
INSERT INTO oauth_families (issued_at, grant_id, keeps_first_end, names_profile) VALUES (:issued_at, :grant_id, :keeps_first_end, :names_profile) RETURNING id;

-- insert_code
INSERT INTO oauth_codes (issued_at, expires_at, family_id, digest, client_key, audience, resources, redirect_uri, scope, code_challenge) VALUES (:issued_at, :expires_at, :family_id, :digest, :client_key, :audience, :resources, :redirect_uri, :scope, :code_challenge);

-- redeem_code
UPDATE oauth_codes
SET redeemed_at=:at
WHERE oauth_codes.digest = :code_digest AND oauth_codes.redeemed_at IS NULL AND oauth_codes.family_id = (SELECT oauth_families.id
FROM clients JOIN oauth_families ON oauth_families.id = :held_family
WHERE clients."key" = :held_client FOR KEY SHARE OF clients, oauth_families);

-- revoke_family
UPDATE oauth_families
SET revoked_at=:at
WHERE oauth_families.id = :family AND oauth_families.revoked_at IS NULL;

-- find_access_token
SELECT oauth_access_tokens.digest, oauth_access_tokens.client_key, clients.client_id, clients.organization_id, clients.suspended_at AS client_suspended_at, CASE WHEN (clients.implies_profile AND clients.scope != '') THEN clients.scope || ' profile' ELSE clients.scope END AS client_scope, oauth_access_tokens.audience, oauth_access_tokens.scope, oauth_access_tokens.issued_at, oauth_access_tokens.expires_at, oauth_access_tokens.revoked_at AS revoked_at, oauth_access_tokens.family_id, oauth_families.issued_at AS family_issued_at, oauth_families.revoked_at AS family_revoked_at, oauth_families.names_profile, consents.grant_id, consents.user_id, CASE WHEN (consents.names_profile IS NULL) THEN consents.scope || ' profile' ELSE consents.scope END AS consent_scope, consents.expires_at AS consent_expires_at, consents.revoked_at AS consent_revoked_at, consents.paused_at AS consent_paused_at, consents.last_used_at AS consent_last_used_at, consents.updated_at AS consent_updated_at, consents.selection || coalesce((SELECT '
' || group_concat(CASE WHEN consent_mementos.can_write THEN '+' ELSE '-' END || consent_mementos.memento_id, '
') AS anon_1
FROM consent_mementos
WHERE consent_mementos.grant_id = consents.grant_id), '') AS choice, saved_mementos.memento_id AS saved_memento_id, coalesce(consents.memory_setting, users_1.memory_setting) AS memory_setting, users_1.never_shares_at AS never_shares_at, CASE WHEN (users_1.disabled_at IS NOT NULL) THEN 'disabled' WHEN (users_1.deletes_at IS NOT NULL) THEN 'leaving' END AS account_closed_as
FROM oauth_access_tokens
JOIN clients ON clients."key" = oauth_access_tokens.client_key AND clients.ended_at IS NULL
LEFT OUTER JOIN oauth_families ON oauth_families.id = oauth_access_tokens.family_id
LEFT OUTER JOIN consents ON consents.grant_id = oauth_families.grant_id
LEFT OUTER JOIN saved_mementos ON saved_mementos.user_id = consents.user_id AND saved_mementos.client_id = consents.client_id AND saved_mementos.installation = consents.installation
LEFT OUTER JOIN users AS users_1 ON users_1.id = consents.user_id
WHERE oauth_access_tokens.digest = :token_digest;

-- insert_access_token
INSERT INTO oauth_access_tokens (digest, client_key, family_id, audience, scope, issued_at, expires_at) SELECT :digest, CAST(:client_key AS VARCHAR(40)), :family_id, :audience, :scope, :issued_at, :expires_at
FROM clients
WHERE clients."key" = :client_key AND clients.ended_at IS NULL;

-- revoke_access_token
UPDATE oauth_access_tokens
SET revoked_at=:at
WHERE oauth_access_tokens.digest = :token_digest AND oauth_access_tokens.revoked_at IS NULL;

-- find_refresh_token
SELECT oauth_refresh_tokens.digest, oauth_refresh_tokens.client_key, clients.client_id, clients.organization_id, clients.suspended_at AS client_suspended_at, CASE WHEN (clients.implies_profile AND clients.scope != '') THEN clients.scope || ' profile' ELSE clients.scope END AS client_scope, coalesce(oauth_refresh_tokens.resources, oauth_refresh_tokens.audience) AS audience, oauth_refresh_tokens.scope, oauth_refresh_tokens.issued_at, oauth_refresh_tokens.expires_at, oauth_families.revoked_at AS revoked_at, oauth_refresh_tokens.family_id, oauth_families.issued_at AS family_issued_at, oauth_families.revoked_at AS family_revoked_at, oauth_families.names_profile, consents.grant_id, consents.user_id, CASE WHEN (consents.names_profile IS NULL) THEN consents.scope || ' profile' ELSE consents.scope END AS consent_scope, consents.expires_at AS consent_expires_at, consents.revoked_at AS consent_revoked_at, consents.paused_at AS consent_paused_at, consents.last_used_at AS consent_last_used_at, consents.updated_at AS consent_updated_at, consents.selection || coalesce((SELECT '
' || group_concat(CASE WHEN consent_mementos.can_write THEN '+' ELSE '-' END || consent_mementos.memento_id, '
') AS anon_1
FROM consent_mementos
WHERE consent_mementos.grant_id = consents.grant_id), '') AS choice, saved_mementos.memento_id AS saved_memento_id, coalesce(consents.memory_setting, users_1.memory_setting) AS memory_setting, users_1.never_shares_at AS never_shares_at, CASE WHEN (users_1.disabled_at IS NOT NULL) THEN 'disabled' WHEN (users_1.deletes_at IS NOT NULL) THEN 'leaving' END AS account_closed_as, oauth_refresh_tokens.rotated_at, oauth_refresh_tokens.successor_salt, oauth_refresh_tokens_1.rotated_at AS successor_rotated_at, oauth_families.keeps_first_end
FROM oauth_refresh_tokens
JOIN clients ON clients."key" = oauth_refresh_tokens.client_key AND clients.ended_at IS NULL
JOIN oauth_families ON oauth_families.id = oauth_refresh_tokens.family_id
JOIN consents ON consents.grant_id = oauth_families.grant_id
LEFT OUTER JOIN saved_mementos ON saved_mementos.user_id = consents.user_id AND saved_mementos.client_id = consents.client_id AND saved_mementos.installation = consents.installation
LEFT OUTER JOIN users AS users_1 ON users_1.id = consents.user_id
LEFT OUTER JOIN oauth_refresh_tokens AS oauth_refresh_tokens_1 ON oauth_refresh_tokens_1.digest = oauth_refresh_tokens.successor_digest
WHERE oauth_refresh_tokens.digest = :token_digest;

-- insert_refresh_token
INSERT INTO oauth_refresh_tokens (issued_at, expires_at, family_id, digest, client_key, audience, resources, scope) VALUES (:issued_at, :expires_at, :family_id, :digest, :client_key, :audience, :resources, :scope);

-- rotate_refresh_token
UPDATE oauth_refresh_tokens
SET rotated_at=:at, successor_digest=:next_digest, successor_salt=:next_salt
WHERE oauth_refresh_tokens.digest = :token_digest AND oauth_refresh_tokens.rotated_at IS NULL AND oauth_refresh_tokens.family_id = (SELECT oauth_families.id
FROM clients JOIN oauth_families ON oauth_families.id = :held_family
WHERE clients."key" = :held_client FOR KEY SHARE OF clients, oauth_families);

-- count_repeat
UPDATE oauth_refresh_tokens
SET repeats=(oauth_refresh_tokens.repeats + 1)
WHERE oauth_refresh_tokens.digest = :token_digest AND oauth_refresh_tokens.repeats < :most AND oauth_refresh_tokens.family_id = (SELECT oauth_families.id
FROM clients JOIN oauth_families ON oauth_families.id = :held_family
WHERE clients."key" = :held_client FOR KEY SHARE OF clients, oauth_families) AND NOT (EXISTS (SELECT *
FROM oauth_refresh_tokens AS oauth_refresh_tokens_1
WHERE oauth_refresh_tokens_1.digest = oauth_refresh_tokens.successor_digest AND oauth_refresh_tokens_1.rotated_at IS NOT NULL));
