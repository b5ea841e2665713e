-- The statements by which the version whose token tables were the old ones issued, redeemed and ended: its last
-- revision is 0014. With SQLite's names of functions; see test_two_versions.py.

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
