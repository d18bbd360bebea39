-- The outbox: what changed, in the order in which it was committed, written in the transaction of the change.

CREATE TABLE changes (
    sequence INTEGER NOT NULL CONSTRAINT pk_changes PRIMARY KEY,
    occurred_at TEXT NOT NULL,
    kind TEXT NOT NULL,
    plan_code TEXT NOT NULL,
    period_code TEXT NULL,
    unit_id INTEGER NULL CONSTRAINT fk_changes_unit REFERENCES units (unit_id),
    number INTEGER NULL,
    status TEXT NULL,
    data_version INTEGER NULL
) STRICT;

-- The last number given. Who has raised it keeps other writers waiting until it commits, so that no number is seen before a lower one.
CREATE TABLE change_heads (
    head_id INTEGER NOT NULL CONSTRAINT pk_change_heads PRIMARY KEY,
    sequence INTEGER NOT NULL,
    CONSTRAINT ck_change_heads_one CHECK (head_id = 1)
) STRICT;

INSERT INTO change_heads (head_id, sequence) VALUES (1, 0);

