-- The reporting regime: a chained audit trail, versions by instant, district approval, reopening to a date, frozen results.

-- Each entry's hash covers the entry and the hash of the one before; the head tells how many there are.
CREATE TABLE audit_log (
    entry_id bigint NOT NULL CONSTRAINT pk_audit_log PRIMARY KEY,
    occurred_at datetime2(3) NOT NULL,
    actor nvarchar(100) NOT NULL,
    address nvarchar(60) NULL,
    action nvarchar(60) NOT NULL,
    subject nvarchar(200) NOT NULL,
    state_before nvarchar(max) NULL,
    state_after nvarchar(max) NULL,
    hash nvarchar(64) NOT NULL
);

CREATE INDEX ix_audit_log_subject ON audit_log (subject, entry_id);

CREATE TABLE audit_heads (
    head_id int NOT NULL CONSTRAINT pk_audit_heads PRIMARY KEY,
    entry_id bigint NOT NULL,
    hash nvarchar(64) NOT NULL,
    CONSTRAINT ck_audit_heads_one CHECK (head_id = 1)
);

CREATE TYPE audit_rows AS TABLE (
    entry_id bigint NOT NULL PRIMARY KEY,
    occurred_at datetime2(3) NOT NULL,
    actor nvarchar(100) NOT NULL,
    address nvarchar(60) NULL,
    action nvarchar(60) NOT NULL,
    subject nvarchar(200) NOT NULL,
    state_before nvarchar(max) NULL,
    state_after nvarchar(max) NULL,
    hash nvarchar(64) NOT NULL
);

-- Every version that a scope had, so that what was known at an instant can be named.
CREATE TABLE data_version_history (
    scope nvarchar(60) COLLATE Latin1_General_100_BIN2 NOT NULL,
    version bigint NOT NULL,
    changed_at datetime2(3) NOT NULL,
    CONSTRAINT pk_data_version_history PRIMARY KEY (scope, version)
);

CREATE INDEX ix_data_version_history_instant ON data_version_history (scope, changed_at);

INSERT INTO data_version_history (scope, version, changed_at) SELECT scope, version, changed_at FROM data_versions;

-- A plan without a row asks for no approval by districts.
CREATE TABLE plan_rules (
    plan_id int NOT NULL CONSTRAINT pk_plan_rules PRIMARY KEY CONSTRAINT fk_plan_rules_plan REFERENCES plans (plan_id),
    district_approval bit NOT NULL
);

CREATE TABLE district_approvals (
    period_id int NOT NULL,
    unit_id int NOT NULL,
    number int NOT NULL,
    approved_at datetime2(3) NOT NULL,
    approved_by nvarchar(100) NOT NULL,
    CONSTRAINT pk_district_approvals PRIMARY KEY (period_id, unit_id, number),
    CONSTRAINT fk_district_approvals_revision FOREIGN KEY (period_id, unit_id, number) REFERENCES revisions (period_id, unit_id, number)
);

-- A row for each time a report was given back to its unit. The latest holds: to the end of its day, or as long as the period is open.
CREATE TABLE report_extensions (
    period_id int NOT NULL,
    unit_id int NOT NULL,
    ordinal int NOT NULL,
    until_on date NULL,
    granted_at datetime2(3) NOT NULL,
    granted_by nvarchar(100) NOT NULL,
    CONSTRAINT pk_report_extensions PRIMARY KEY (period_id, unit_id, ordinal),
    CONSTRAINT fk_report_extensions_report FOREIGN KEY (period_id, unit_id) REFERENCES reports (period_id, unit_id)
);

CREATE TABLE consolidated_results (
    period_id int NOT NULL CONSTRAINT fk_consolidated_results_period REFERENCES periods (period_id),
    number int NOT NULL,
    data_version bigint NOT NULL,
    frozen_at datetime2(3) NOT NULL,
    frozen_by nvarchar(100) NOT NULL,
    reason nvarchar(1000) NULL,
    document nvarchar(max) NOT NULL,
    sha256 nvarchar(64) NOT NULL,
    CONSTRAINT pk_consolidated_results PRIMARY KEY (period_id, number)
);
