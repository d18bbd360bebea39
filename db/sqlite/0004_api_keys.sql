-- What an API key has beside its role: what it may be used for and from where, the secrets that its present one replaced, its last use.

CREATE TABLE api_key_scopes (
    key_id TEXT NOT NULL CONSTRAINT fk_api_key_scopes_key REFERENCES api_keys (key_id),
    scope TEXT NOT NULL CONSTRAINT ck_api_key_scopes_scope CHECK (
        scope IN ('read', 'reportsWrite', 'reportsReview', 'imports', 'plansWrite', 'administration')),
    CONSTRAINT pk_api_key_scopes PRIMARY KEY (key_id, scope)
) STRICT;

CREATE TABLE api_key_ranges (
    key_id TEXT NOT NULL CONSTRAINT fk_api_key_ranges_key REFERENCES api_keys (key_id),
    network TEXT NOT NULL,
    CONSTRAINT pk_api_key_ranges PRIMARY KEY (key_id, network)
) STRICT;

-- api_keys.hash is the secret in force; one that it replaced goes on working until its end.
CREATE TABLE api_key_former_secrets (
    hash TEXT NOT NULL CONSTRAINT pk_api_key_former_secrets PRIMARY KEY,
    key_id TEXT NOT NULL CONSTRAINT fk_api_key_former_secrets_key REFERENCES api_keys (key_id),
    replaced_at TEXT NOT NULL,
    ends_at TEXT NOT NULL,
    CONSTRAINT ck_api_key_former_secrets_order CHECK (ends_at >= replaced_at)
) STRICT;

CREATE INDEX ix_api_key_former_secrets_key ON api_key_former_secrets (key_id);

CREATE TABLE api_key_uses (
    key_id TEXT NOT NULL CONSTRAINT pk_api_key_uses PRIMARY KEY CONSTRAINT fk_api_key_uses_key REFERENCES api_keys (key_id),
    last_used_at TEXT NOT NULL
) STRICT;
