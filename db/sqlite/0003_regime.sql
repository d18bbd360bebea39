-- The reporting regime: a chained audit trail, versions by instant, district approval, reopening to a date, frozen results.

-- Each entry's hash covers the entry and the hash of the one before; the head tells how many there are.
CREATE TABLE audit_log (
    entry_id INTEGER NOT NULL CONSTRAINT pk_audit_log PRIMARY KEY,
    occurred_at TEXT NOT NULL,
    actor TEXT NOT NULL,
    address TEXT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    state_before TEXT NULL,
    state_after TEXT NULL,
    hash TEXT NOT NULL
) STRICT;

CREATE INDEX ix_audit_log_subject ON audit_log (subject, entry_id);

CREATE TABLE audit_heads (
    head_id INTEGER NOT NULL CONSTRAINT pk_audit_heads PRIMARY KEY,
    entry_id INTEGER NOT NULL,
    hash TEXT NOT NULL,
    CONSTRAINT ck_audit_heads_one CHECK (head_id = 1)
) STRICT;

-- Every version that a scope had, so that what was known at an instant can be named.
CREATE TABLE data_version_history (
    scope TEXT NOT NULL,
    version INTEGER NOT NULL,
    changed_at TEXT NOT NULL,
    CONSTRAINT pk_data_version_history PRIMARY KEY (scope, version)
) STRICT, WITHOUT ROWID;

CREATE INDEX ix_data_version_history_instant ON data_version_history (scope, changed_at);

INSERT INTO data_version_history (scope, version, changed_at) SELECT scope, version, changed_at FROM data_versions;

-- A plan without a row asks for no approval by districts.
CREATE TABLE plan_rules (
    plan_id INTEGER NOT NULL CONSTRAINT pk_plan_rules PRIMARY KEY CONSTRAINT fk_plan_rules_plan REFERENCES plans (plan_id),
    district_approval INTEGER NOT NULL CHECK (district_approval IN (0, 1))
) STRICT;

CREATE TABLE district_approvals (
    period_id INTEGER NOT NULL,
    unit_id INTEGER NOT NULL,
    number INTEGER NOT NULL,
    approved_at TEXT NOT NULL,
    approved_by TEXT NOT NULL,
    CONSTRAINT pk_district_approvals PRIMARY KEY (period_id, unit_id, number),
    CONSTRAINT fk_district_approvals_revision FOREIGN KEY (period_id, unit_id, number) REFERENCES revisions (period_id, unit_id, number)
) STRICT, WITHOUT ROWID;

-- A row for each time a report was given back to its unit. The latest holds: to the end of its day, or as long as the period is open.
CREATE TABLE report_extensions (
    period_id INTEGER NOT NULL,
    unit_id INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    until_on TEXT NULL,
    granted_at TEXT NOT NULL,
    granted_by TEXT NOT NULL,
    CONSTRAINT pk_report_extensions PRIMARY KEY (period_id, unit_id, ordinal),
    CONSTRAINT fk_report_extensions_report FOREIGN KEY (period_id, unit_id) REFERENCES reports (period_id, unit_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE consolidated_results (
    period_id INTEGER NOT NULL CONSTRAINT fk_consolidated_results_period REFERENCES periods (period_id),
    number INTEGER NOT NULL,
    data_version INTEGER NOT NULL,
    frozen_at TEXT NOT NULL,
    frozen_by TEXT NOT NULL,
    reason TEXT NULL,
    document TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    CONSTRAINT pk_consolidated_results PRIMARY KEY (period_id, number)
) STRICT;
