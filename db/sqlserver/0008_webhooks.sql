-- Webhooks: who is told of changes, how far each has been told, and what became of each telling.

CREATE TABLE webhooks (
    webhook_id nvarchar(32) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT pk_webhooks PRIMARY KEY,
    url nvarchar(2000) NOT NULL,
    description nvarchar(300) NULL,
    plan_code nvarchar(60) NULL,
    kinds nvarchar(500) NULL,
    secret nvarchar(100) NOT NULL,
    former_secret nvarchar(100) NULL,
    former_until datetime2(3) NULL,
    created_at datetime2(3) NOT NULL,
    created_by nvarchar(100) NOT NULL,
    is_enabled bit NOT NULL,
    position bigint NOT NULL
);

CREATE TABLE webhook_deliveries (
    webhook_id nvarchar(32) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT fk_webhook_deliveries_webhook REFERENCES webhooks (webhook_id),
    sequence bigint NOT NULL CONSTRAINT fk_webhook_deliveries_change REFERENCES changes (sequence),
    subject nvarchar(200) NOT NULL,
    status nvarchar(10) NOT NULL CONSTRAINT ck_webhook_deliveries_status CHECK (status IN ('pending', 'delivered', 'dead')),
    attempts int NOT NULL,
    next_attempt_at datetime2(3) NULL,
    last_attempt_at datetime2(3) NULL,
    last_answer int NULL,
    last_error nvarchar(60) NULL,
    CONSTRAINT pk_webhook_deliveries PRIMARY KEY (webhook_id, sequence)
);

CREATE INDEX ix_webhook_deliveries_status ON webhook_deliveries (webhook_id, status, sequence);

-- One node at a time delivers.
CREATE TABLE webhook_leases (
    lease_id int NOT NULL CONSTRAINT pk_webhook_leases PRIMARY KEY,
    lease_owner nvarchar(32) NOT NULL,
    lease_until datetime2(3) NOT NULL,
    CONSTRAINT ck_webhook_leases_one CHECK (lease_id = 1)
);
