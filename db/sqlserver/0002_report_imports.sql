-- Bulk submissions: who sent which file when, what became of each row, and the queue of those that run by themselves.

CREATE TABLE report_imports (
    import_id nvarchar(32) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT pk_report_imports PRIMARY KEY,
    plan_id int NOT NULL CONSTRAINT fk_report_imports_plan REFERENCES plans (plan_id),
    status nvarchar(10) NOT NULL CONSTRAINT ck_report_imports_status CHECK (
        status IN ('queued', 'running', 'completed', 'rejected', 'failed', 'cancelled')),
    format nvarchar(10) NOT NULL CONSTRAINT ck_report_imports_format CHECK (format IN ('csv', 'xlsx', 'json', 'ndjson')),
    file_name nvarchar(255) NULL,
    sha256 nvarchar(64) NOT NULL,
    size_bytes bigint NOT NULL,
    dry_run bit NOT NULL,
    partial bit NOT NULL,
    submit bit NOT NULL,
    locale nvarchar(10) NULL,
    expected_version bigint NULL,
    actor nvarchar(100) NOT NULL,
    role nvarchar(15) NOT NULL,
    unit_id int NULL CONSTRAINT fk_report_imports_unit REFERENCES units (unit_id),
    created_at datetime2(3) NOT NULL,
    finished_at datetime2(3) NULL,
    lease_owner nvarchar(40) NULL,
    lease_until datetime2(3) NULL,
    cancel_requested bit NOT NULL,
    rows_read int NOT NULL,
    summary nvarchar(max) NULL,
    outcomes varbinary(max) NULL,
    CONSTRAINT ck_report_imports_lease CHECK (status <> 'running' OR (lease_owner IS NOT NULL AND lease_until IS NOT NULL)),
    CONSTRAINT ck_report_imports_finished CHECK (status IN ('queued', 'running') OR finished_at IS NOT NULL)
);

CREATE INDEX ix_report_imports_plan ON report_imports (plan_id, created_at);
CREATE INDEX ix_report_imports_waiting ON report_imports (created_at) WHERE status IN ('queued', 'running');

-- The upload while it waits or runs, and the rejected rows as a file afterwards, in pieces.
CREATE TABLE report_import_files (
    import_id nvarchar(32) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT fk_report_import_files_import REFERENCES report_imports (import_id),
    kind nvarchar(10) NOT NULL CONSTRAINT ck_report_import_files_kind CHECK (kind IN ('upload', 'rejected')),
    ordinal int NOT NULL,
    content varbinary(max) NOT NULL,
    CONSTRAINT pk_report_import_files PRIMARY KEY (import_id, kind, ordinal)
);

CREATE TABLE report_import_remarks (
    import_id nvarchar(32) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT fk_report_import_remarks_import REFERENCES report_imports (import_id),
    ordinal int NOT NULL,
    row_number int NOT NULL,
    column_name nvarchar(100) NULL,
    code nvarchar(60) NOT NULL,
    arguments nvarchar(max) NULL,
    value nvarchar(100) NULL,
    CONSTRAINT pk_report_import_remarks PRIMARY KEY (import_id, ordinal)
);

CREATE INDEX ix_report_import_remarks_row ON report_import_remarks (import_id, row_number);

-- Rows on their way in: a statement takes thousands of them as one parameter.
CREATE TYPE report_rows AS TABLE (
    period_id int NOT NULL,
    unit_id int NOT NULL,
    number int NOT NULL,
    status nvarchar(10) NULL,
    detail nvarchar(max) NULL,
    PRIMARY KEY (period_id, unit_id)
);

CREATE TYPE value_rows AS TABLE (
    period_id int NOT NULL,
    unit_id int NOT NULL,
    number int NOT NULL,
    line_id int NOT NULL,
    numerator bigint NULL,
    total bigint NULL,
    excluded bigint NULL,
    done bit NULL,
    position bigint NULL,
    state nvarchar(12) NULL,
    not_applicable nvarchar(1000) NULL,
    note nvarchar(2000) NULL,
    PRIMARY KEY (period_id, unit_id, line_id)
);

CREATE TYPE remark_rows AS TABLE (
    ordinal int NOT NULL PRIMARY KEY,
    row_number int NOT NULL,
    column_name nvarchar(100) NULL,
    code nvarchar(60) NOT NULL,
    arguments nvarchar(max) NULL,
    value nvarchar(100) NULL
);
