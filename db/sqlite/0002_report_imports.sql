-- Bulk submissions: who sent which file when, what became of each row, and the queue of those that run by themselves.

CREATE TABLE report_imports (
    import_id TEXT NOT NULL CONSTRAINT pk_report_imports PRIMARY KEY,
    plan_id INTEGER NOT NULL CONSTRAINT fk_report_imports_plan REFERENCES plans (plan_id),
    status TEXT NOT NULL CONSTRAINT ck_report_imports_status CHECK (
        status IN ('queued', 'running', 'completed', 'rejected', 'failed', 'cancelled')),
    format TEXT NOT NULL CONSTRAINT ck_report_imports_format CHECK (format IN ('csv', 'xlsx', 'json', 'ndjson')),
    file_name TEXT NULL,
    sha256 TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    dry_run INTEGER NOT NULL CHECK (dry_run IN (0, 1)),
    partial INTEGER NOT NULL CHECK (partial IN (0, 1)),
    submit INTEGER NOT NULL CHECK (submit IN (0, 1)),
    locale TEXT NULL,
    expected_version INTEGER NULL,
    actor TEXT NOT NULL,
    role TEXT NOT NULL,
    unit_id INTEGER NULL CONSTRAINT fk_report_imports_unit REFERENCES units (unit_id),
    created_at TEXT NOT NULL,
    finished_at TEXT NULL,
    lease_owner TEXT NULL,
    lease_until TEXT NULL,
    cancel_requested INTEGER NOT NULL CHECK (cancel_requested IN (0, 1)),
    rows_read INTEGER NOT NULL,
    summary TEXT NULL,
    outcomes BLOB NULL,
    CONSTRAINT ck_report_imports_lease CHECK (status <> 'running' OR (lease_owner IS NOT NULL AND lease_until IS NOT NULL)),
    CONSTRAINT ck_report_imports_finished CHECK (status IN ('queued', 'running') OR finished_at IS NOT NULL)
) STRICT;

CREATE INDEX ix_report_imports_plan ON report_imports (plan_id, created_at);
CREATE INDEX ix_report_imports_waiting ON report_imports (created_at) WHERE status IN ('queued', 'running');

-- The upload while it waits or runs, and the rejected rows as a file afterwards, in pieces.
CREATE TABLE report_import_files (
    import_id TEXT NOT NULL CONSTRAINT fk_report_import_files_import REFERENCES report_imports (import_id),
    kind TEXT NOT NULL CONSTRAINT ck_report_import_files_kind CHECK (kind IN ('upload', 'rejected')),
    ordinal INTEGER NOT NULL,
    content BLOB NOT NULL,
    CONSTRAINT pk_report_import_files PRIMARY KEY (import_id, kind, ordinal)
) STRICT;

CREATE TABLE report_import_remarks (
    import_id TEXT NOT NULL CONSTRAINT fk_report_import_remarks_import REFERENCES report_imports (import_id),
    ordinal INTEGER NOT NULL,
    row_number INTEGER NOT NULL,
    column_name TEXT NULL,
    code TEXT NOT NULL,
    arguments TEXT NULL,
    value TEXT NULL,
    CONSTRAINT pk_report_import_remarks PRIMARY KEY (import_id, ordinal)
) STRICT;

CREATE INDEX ix_report_import_remarks_row ON report_import_remarks (import_id, row_number);
