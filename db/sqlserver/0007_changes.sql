-- The outbox: what changed, in the order in which it was committed, written in the transaction of the change.

CREATE TABLE changes (
    sequence bigint NOT NULL CONSTRAINT pk_changes PRIMARY KEY,
    occurred_at datetime2(3) NOT NULL,
    kind nvarchar(30) NOT NULL,
    plan_code nvarchar(60) NOT NULL,
    period_code nvarchar(60) NULL,
    unit_id int NULL CONSTRAINT fk_changes_unit REFERENCES units (unit_id),
    number int NULL,
    status nvarchar(20) NULL,
    data_version bigint NULL
);

-- The last number given. Who has raised it keeps other writers waiting until it commits, so that no number is seen before a lower one.
CREATE TABLE change_heads (
    head_id int NOT NULL CONSTRAINT pk_change_heads PRIMARY KEY,
    sequence bigint NOT NULL,
    CONSTRAINT ck_change_heads_one CHECK (head_id = 1)
);

INSERT INTO change_heads (head_id, sequence) VALUES (1, 0);

CREATE TYPE change_rows AS TABLE (
    sequence bigint NOT NULL PRIMARY KEY,
    occurred_at datetime2(3) NOT NULL,
    kind nvarchar(30) NOT NULL,
    plan_code nvarchar(60) NOT NULL,
    period_code nvarchar(60) NULL,
    unit_id int NULL,
    number int NULL,
    status nvarchar(20) NULL,
    data_version bigint NULL
);
