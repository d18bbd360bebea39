-- Secrets of webhooks that a second rotation within a day replaced; webhooks.former_secret holds the latest of the former ones.
CREATE TABLE webhook_former_secrets (
    webhook_id TEXT NOT NULL CONSTRAINT fk_webhook_former_secrets_webhook REFERENCES webhooks (webhook_id) ON DELETE CASCADE,
    secret TEXT NOT NULL,
    ends_at TEXT NOT NULL,
    CONSTRAINT pk_webhook_former_secrets PRIMARY KEY (webhook_id, secret)
) STRICT;
