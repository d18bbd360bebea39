-- Webhooks: who is told of changes, how far each has been told, and what became of each telling.

CREATE TABLE webhooks (
    webhook_id TEXT NOT NULL CONSTRAINT pk_webhooks PRIMARY KEY,
    url TEXT NOT NULL,
    description TEXT NULL,
    plan_code TEXT NULL,
    kinds TEXT NULL,
    secret TEXT NOT NULL,
    former_secret TEXT NULL,
    former_until TEXT NULL,
    created_at TEXT NOT NULL,
    created_by TEXT NOT NULL,
    is_enabled INTEGER NOT NULL CHECK (is_enabled IN (0, 1)),
    position INTEGER NOT NULL
) STRICT;

CREATE TABLE webhook_deliveries (
    webhook_id TEXT NOT NULL CONSTRAINT fk_webhook_deliveries_webhook REFERENCES webhooks (webhook_id),
    sequence INTEGER NOT NULL CONSTRAINT fk_webhook_deliveries_change REFERENCES changes (sequence),
    subject TEXT NOT NULL,
    status TEXT NOT NULL CONSTRAINT ck_webhook_deliveries_status CHECK (status IN ('pending', 'delivered', 'dead')),
    attempts INTEGER NOT NULL,
    next_attempt_at TEXT NULL,
    last_attempt_at TEXT NULL,
    last_answer INTEGER NULL,
    last_error TEXT NULL,
    CONSTRAINT pk_webhook_deliveries PRIMARY KEY (webhook_id, sequence)
) STRICT;

CREATE INDEX ix_webhook_deliveries_status ON webhook_deliveries (webhook_id, status, sequence);

-- One node at a time delivers.
CREATE TABLE webhook_leases (
    lease_id INTEGER NOT NULL CONSTRAINT pk_webhook_leases PRIMARY KEY,
    lease_owner TEXT NOT NULL,
    lease_until TEXT NOT NULL,
    CONSTRAINT ck_webhook_leases_one CHECK (lease_id = 1)
) STRICT;
