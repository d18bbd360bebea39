-- Secrets of webhooks that a second rotation within a day replaced; webhooks.former_secret holds the latest of the former ones.
CREATE TABLE webhook_former_secrets (
    webhook_id nvarchar(32) COLLATE Latin1_General_100_BIN2 NOT NULL
        CONSTRAINT fk_webhook_former_secrets_webhook REFERENCES webhooks (webhook_id) ON DELETE CASCADE,
    secret nvarchar(100) COLLATE Latin1_General_100_BIN2 NOT NULL,
    ends_at datetime2(3) NOT NULL,
    CONSTRAINT pk_webhook_former_secrets PRIMARY KEY (webhook_id, secret)
);
