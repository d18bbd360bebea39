-- Plans, units and reports. Instants are UTC, dates and instants ISO 8601 text; thresholds and weights are whole hundredths.

CREATE TABLE data_versions (
    scope TEXT NOT NULL CONSTRAINT pk_data_versions PRIMARY KEY,
    version INTEGER NOT NULL,
    changed_at TEXT NOT NULL
) STRICT;

CREATE TABLE units (
    unit_id INTEGER NOT NULL CONSTRAINT pk_units PRIMARY KEY,
    code TEXT NOT NULL CONSTRAINT uq_units_code UNIQUE,
    level TEXT NOT NULL CONSTRAINT ck_units_level CHECK (level IN ('province', 'district', 'commune')),
    kind TEXT NOT NULL CONSTRAINT ck_units_kind CHECK (kind IN ('committee', 'department', 'centre', 'agency'))
) STRICT;

CREATE TABLE unit_versions (
    unit_id INTEGER NOT NULL CONSTRAINT fk_unit_versions_unit REFERENCES units (unit_id),
    ordinal INTEGER NOT NULL,
    name_vi TEXT NOT NULL,
    name_en TEXT NULL,
    parent_id INTEGER NULL CONSTRAINT fk_unit_versions_parent REFERENCES units (unit_id),
    unit_type TEXT NOT NULL,
    valid_from TEXT NULL,
    valid_to TEXT NULL,
    CONSTRAINT pk_unit_versions PRIMARY KEY (unit_id, ordinal),
    CONSTRAINT uq_unit_versions_from UNIQUE (unit_id, valid_from),
    CONSTRAINT ck_unit_versions_interval CHECK (valid_from <= valid_to),
    CONSTRAINT ck_unit_versions_parent CHECK (parent_id <> unit_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE unit_codes (
    unit_id INTEGER NOT NULL CONSTRAINT fk_unit_codes_unit REFERENCES units (unit_id),
    scheme TEXT NOT NULL,
    value TEXT NOT NULL,
    ordinal INTEGER NOT NULL,
    valid_from TEXT NULL,
    valid_to TEXT NULL,
    CONSTRAINT pk_unit_codes PRIMARY KEY (unit_id, scheme, ordinal),
    CONSTRAINT ck_unit_codes_interval CHECK (valid_from <= valid_to)
) STRICT, WITHOUT ROWID;

CREATE TABLE unit_successions (
    predecessor_id INTEGER NOT NULL CONSTRAINT fk_unit_successions_predecessor REFERENCES units (unit_id),
    successor_id INTEGER NOT NULL CONSTRAINT fk_unit_successions_successor REFERENCES units (unit_id),
    effective_on TEXT NOT NULL,
    change TEXT NOT NULL CONSTRAINT ck_unit_successions_change CHECK (change IN ('merger', 'split')),
    CONSTRAINT pk_unit_successions PRIMARY KEY (predecessor_id, successor_id, effective_on),
    CONSTRAINT ck_unit_successions_other CHECK (predecessor_id <> successor_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE plans (
    plan_id INTEGER NOT NULL CONSTRAINT pk_plans PRIMARY KEY,
    code TEXT NOT NULL CONSTRAINT uq_plans_code UNIQUE,
    number TEXT NOT NULL,
    year INTEGER NOT NULL,
    title_vi TEXT NOT NULL,
    title_en TEXT NOT NULL,
    issuer TEXT NOT NULL,
    issued_on TEXT NOT NULL,
    signed_by TEXT NOT NULL,
    lead_unit_id INTEGER NOT NULL CONSTRAINT fk_plans_lead REFERENCES units (unit_id),
    monitor_unit_id INTEGER NULL CONSTRAINT fk_plans_monitor REFERENCES units (unit_id)
) STRICT;

CREATE TABLE target_groups (
    plan_id INTEGER NOT NULL CONSTRAINT fk_target_groups_plan REFERENCES plans (plan_id),
    code TEXT NOT NULL,
    ordinal INTEGER NOT NULL,
    title_vi TEXT NOT NULL,
    title_en TEXT NOT NULL,
    CONSTRAINT pk_target_groups PRIMARY KEY (plan_id, code)
) STRICT;

CREATE TABLE targets (
    target_id INTEGER NOT NULL CONSTRAINT pk_targets PRIMARY KEY,
    plan_id INTEGER NOT NULL,
    code TEXT NOT NULL,
    group_code TEXT NOT NULL,
    ordinal INTEGER NOT NULL,
    title_vi TEXT NOT NULL,
    title_en TEXT NOT NULL,
    kind TEXT NOT NULL CONSTRAINT ck_targets_kind CHECK (kind IN ('ratio', 'unitShare', 'rank', 'grade', 'milestone')),
    measure TEXT NOT NULL CONSTRAINT ck_targets_measure CHECK (measure = 'stock' OR (measure = 'flow' AND kind = 'ratio')),
    trajectory TEXT NOT NULL CONSTRAINT ck_targets_trajectory CHECK (trajectory IN ('constant', 'progressive')),
    unit_of_measure TEXT NULL,
    reporting TEXT NOT NULL,
    owner_id INTEGER NOT NULL CONSTRAINT fk_targets_owner REFERENCES units (unit_id),
    frequency TEXT NOT NULL CONSTRAINT ck_targets_frequency CHECK (frequency IN ('quarterly', 'halfYearly', 'annual')),
    commitment TEXT NOT NULL CONSTRAINT ck_targets_commitment CHECK (commitment IN ('must', 'strive', 'direction')),
    weight_hundredths INTEGER NOT NULL CONSTRAINT ck_targets_weight CHECK (weight_hundredths BETWEEN 1 AND 1000000),
    numerator_vi TEXT NULL,
    denominator_vi TEXT NULL,
    exclusion_vi TEXT NULL,
    remarks_en TEXT NULL,
    CONSTRAINT uq_targets_code UNIQUE (plan_id, code),
    CONSTRAINT fk_targets_group FOREIGN KEY (plan_id, group_code) REFERENCES target_groups (plan_id, code),
    CONSTRAINT ck_targets_reporting CHECK (reporting = 'owner' OR (reporting = 'eachUnit' AND kind NOT IN ('rank', 'grade')))
) STRICT;

CREATE TABLE target_reporter_kinds (
    target_id INTEGER NOT NULL CONSTRAINT fk_target_reporter_kinds_target REFERENCES targets (target_id),
    kind TEXT NOT NULL CONSTRAINT ck_target_reporter_kinds_kind CHECK (kind IN ('committee', 'department', 'centre', 'agency')),
    CONSTRAINT pk_target_reporter_kinds PRIMARY KEY (target_id, kind)
) STRICT;

CREATE TABLE target_lines (
    line_id INTEGER NOT NULL CONSTRAINT pk_target_lines PRIMARY KEY,
    target_id INTEGER NOT NULL CONSTRAINT fk_target_lines_target REFERENCES targets (target_id),
    level TEXT NOT NULL CONSTRAINT ck_target_lines_level CHECK (level IN ('province', 'district', 'commune', 'whole')),
    operator TEXT NULL CONSTRAINT ck_target_lines_operator CHECK (operator IN ('atLeast', 'atMost')),
    threshold_hundredths INTEGER NULL CONSTRAINT ck_target_lines_threshold CHECK (threshold_hundredths > 0),
    CONSTRAINT uq_target_lines_level UNIQUE (target_id, level),
    CONSTRAINT ck_target_lines_condition CHECK (
        (operator IS NULL AND threshold_hundredths IS NULL) OR (operator IS NOT NULL AND threshold_hundredths IS NOT NULL))
) STRICT;

CREATE TABLE tasks (
    task_id INTEGER NOT NULL CONSTRAINT pk_tasks PRIMARY KEY,
    plan_id INTEGER NOT NULL CONSTRAINT fk_tasks_plan REFERENCES plans (plan_id),
    code TEXT NOT NULL,
    ordinal INTEGER NOT NULL,
    area_vi TEXT NOT NULL,
    area_en TEXT NOT NULL,
    title_vi TEXT NOT NULL,
    title_en TEXT NOT NULL,
    criterion_en TEXT NOT NULL,
    criterion_kind TEXT NOT NULL,
    criterion_value TEXT NULL,
    frequency TEXT NOT NULL CONSTRAINT ck_tasks_frequency CHECK (
        frequency IN ('quarterly', 'halfYearly', 'annual', 'continuous', 'periodic', 'anyTime')),
    coordinating_vi TEXT NULL,
    CONSTRAINT uq_tasks_code UNIQUE (plan_id, code)
) STRICT;

CREATE TABLE task_levels (
    task_id INTEGER NOT NULL CONSTRAINT fk_task_levels_task REFERENCES tasks (task_id),
    level TEXT NOT NULL CONSTRAINT ck_task_levels_level CHECK (level IN ('province', 'district', 'commune')),
    CONSTRAINT pk_task_levels PRIMARY KEY (task_id, level)
) STRICT;

CREATE TABLE task_targets (
    task_id INTEGER NOT NULL CONSTRAINT fk_task_targets_task REFERENCES tasks (task_id),
    target_id INTEGER NOT NULL CONSTRAINT fk_task_targets_target REFERENCES targets (target_id),
    CONSTRAINT pk_task_targets PRIMARY KEY (task_id, target_id)
) STRICT;

-- A lead holds until the next one begins, so that a task has exactly one at any date.
CREATE TABLE task_leads (
    task_id INTEGER NOT NULL CONSTRAINT fk_task_leads_task REFERENCES tasks (task_id),
    valid_from TEXT NOT NULL,
    unit_id INTEGER NOT NULL CONSTRAINT fk_task_leads_unit REFERENCES units (unit_id),
    CONSTRAINT pk_task_leads PRIMARY KEY (task_id, valid_from)
) STRICT;

CREATE TABLE task_coordinators (
    task_id INTEGER NOT NULL CONSTRAINT fk_task_coordinators_task REFERENCES tasks (task_id),
    unit_id INTEGER NOT NULL CONSTRAINT fk_task_coordinators_unit REFERENCES units (unit_id),
    valid_from TEXT NOT NULL,
    valid_to TEXT NULL,
    CONSTRAINT pk_task_coordinators PRIMARY KEY (task_id, unit_id, valid_from),
    CONSTRAINT ck_task_coordinators_interval CHECK (valid_from <= valid_to)
) STRICT;

CREATE TABLE periods (
    period_id INTEGER NOT NULL CONSTRAINT pk_periods PRIMARY KEY,
    plan_id INTEGER NOT NULL CONSTRAINT fk_periods_plan REFERENCES plans (plan_id),
    code TEXT NOT NULL,
    kind TEXT NOT NULL CONSTRAINT ck_periods_kind CHECK (kind IN ('quarter', 'half', 'year')),
    label_vi TEXT NOT NULL,
    label_en TEXT NOT NULL,
    data_from TEXT NOT NULL,
    data_to TEXT NOT NULL,
    due_on TEXT NOT NULL,
    lock_on TEXT NULL,
    cumulative INTEGER NOT NULL CHECK (cumulative IN (0, 1)),
    is_final INTEGER NOT NULL CHECK (is_final IN (0, 1)),
    CONSTRAINT uq_periods_code UNIQUE (plan_id, code),
    CONSTRAINT uq_periods_data_to UNIQUE (plan_id, data_to),
    CONSTRAINT ck_periods_window CHECK (data_from <= data_to AND data_to <= due_on AND (lock_on IS NULL OR lock_on >= due_on))
) STRICT;

CREATE UNIQUE INDEX uq_periods_final ON periods (plan_id) WHERE is_final = 1;

CREATE TABLE reports (
    period_id INTEGER NOT NULL CONSTRAINT fk_reports_period REFERENCES periods (period_id),
    unit_id INTEGER NOT NULL CONSTRAINT fk_reports_unit REFERENCES units (unit_id),
    status TEXT NOT NULL CONSTRAINT ck_reports_status CHECK (status IN ('draft', 'submitted', 'returned', 'approved')),
    version INTEGER NOT NULL,
    updated_at TEXT NOT NULL,
    updated_by TEXT NOT NULL,
    CONSTRAINT pk_reports PRIMARY KEY (period_id, unit_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX ix_reports_unit ON reports (unit_id, period_id);

-- A revision is free to change until it is submitted and never afterwards; a decision closes it.
CREATE TABLE revisions (
    period_id INTEGER NOT NULL,
    unit_id INTEGER NOT NULL,
    number INTEGER NOT NULL CONSTRAINT ck_revisions_number CHECK (number >= 1),
    narrative TEXT NULL,
    is_sample INTEGER NOT NULL CHECK (is_sample IN (0, 1)),
    saved_at TEXT NOT NULL,
    saved_by TEXT NOT NULL,
    submitted_at TEXT NULL,
    submitted_by TEXT NULL,
    decision TEXT NULL CONSTRAINT ck_revisions_decision CHECK (decision IN ('approved', 'returned')),
    decided_at TEXT NULL,
    decided_by TEXT NULL,
    CONSTRAINT pk_revisions PRIMARY KEY (period_id, unit_id, number),
    CONSTRAINT fk_revisions_report FOREIGN KEY (period_id, unit_id) REFERENCES reports (period_id, unit_id),
    CONSTRAINT ck_revisions_order CHECK (decision IS NULL OR submitted_at IS NOT NULL)
) STRICT, WITHOUT ROWID;

CREATE TABLE report_values (
    period_id INTEGER NOT NULL,
    unit_id INTEGER NOT NULL,
    number INTEGER NOT NULL,
    line_id INTEGER NOT NULL CONSTRAINT fk_report_values_line REFERENCES target_lines (line_id),
    numerator INTEGER NULL,
    total INTEGER NULL,
    excluded INTEGER NULL,
    done INTEGER NULL CHECK (done IN (0, 1)),
    position INTEGER NULL,
    state TEXT NULL,
    not_applicable TEXT NULL,
    note TEXT NULL,
    CONSTRAINT pk_report_values PRIMARY KEY (period_id, unit_id, number, line_id),
    CONSTRAINT fk_report_values_revision FOREIGN KEY (period_id, unit_id, number) REFERENCES revisions (period_id, unit_id, number),
    CONSTRAINT ck_report_values_ratio CHECK (
        (numerator IS NULL AND total IS NULL AND excluded IS NULL)
        OR (numerator >= 0 AND excluded >= 0 AND total <= 9007199254740991 AND excluded <= total AND numerator <= total - excluded
            AND numerator IS NOT NULL AND total IS NOT NULL AND excluded IS NOT NULL)),
    CONSTRAINT ck_report_values_position CHECK (position BETWEEN 1 AND 9007199254740991),
    CONSTRAINT ck_report_values_state CHECK (state IN ('notStarted', 'inProgress', 'done')),
    CONSTRAINT ck_report_values_one CHECK (
        CASE WHEN numerator IS NULL THEN 0 ELSE 1 END + CASE WHEN done IS NULL THEN 0 ELSE 1 END
        + CASE WHEN position IS NULL THEN 0 ELSE 1 END + CASE WHEN state IS NULL THEN 0 ELSE 1 END
        + CASE WHEN not_applicable IS NULL THEN 0 ELSE 1 END = 1)
) STRICT, WITHOUT ROWID;

CREATE TABLE report_tasks (
    period_id INTEGER NOT NULL,
    unit_id INTEGER NOT NULL,
    number INTEGER NOT NULL,
    task_id INTEGER NOT NULL CONSTRAINT fk_report_tasks_task REFERENCES tasks (task_id),
    status TEXT NOT NULL CONSTRAINT ck_report_tasks_status CHECK (status IN ('notStarted', 'inProgress', 'done')),
    quantity INTEGER NULL CONSTRAINT ck_report_tasks_quantity CHECK (quantity BETWEEN 0 AND 9007199254740991),
    note TEXT NULL,
    CONSTRAINT pk_report_tasks PRIMARY KEY (period_id, unit_id, number, task_id),
    CONSTRAINT fk_report_tasks_revision FOREIGN KEY (period_id, unit_id, number) REFERENCES revisions (period_id, unit_id, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE report_evidence (
    period_id INTEGER NOT NULL,
    unit_id INTEGER NOT NULL,
    number INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    title TEXT NOT NULL,
    url TEXT NOT NULL,
    CONSTRAINT pk_report_evidence PRIMARY KEY (period_id, unit_id, number, ordinal),
    CONSTRAINT fk_report_evidence_revision FOREIGN KEY (period_id, unit_id, number) REFERENCES revisions (period_id, unit_id, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE status_changes (
    period_id INTEGER NOT NULL,
    unit_id INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    changed_at TEXT NOT NULL,
    actor TEXT NOT NULL,
    from_status TEXT NULL,
    to_status TEXT NOT NULL,
    number INTEGER NOT NULL,
    reason TEXT NULL,
    CONSTRAINT pk_status_changes PRIMARY KEY (period_id, unit_id, ordinal),
    CONSTRAINT fk_status_changes_report FOREIGN KEY (period_id, unit_id) REFERENCES reports (period_id, unit_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE api_keys (
    key_id TEXT NOT NULL CONSTRAINT pk_api_keys PRIMARY KEY,
    hash TEXT NOT NULL CONSTRAINT uq_api_keys_hash UNIQUE,
    role TEXT NOT NULL CONSTRAINT ck_api_keys_role CHECK (role IN ('reporter', 'reviewer', 'monitor', 'administrator')),
    unit_id INTEGER NULL CONSTRAINT fk_api_keys_unit REFERENCES units (unit_id),
    label TEXT NULL,
    created_at TEXT NOT NULL,
    expires_at TEXT NULL,
    revoked_at TEXT NULL,
    CONSTRAINT ck_api_keys_unit CHECK (unit_id IS NOT NULL OR role IN ('monitor', 'administrator'))
) STRICT;

CREATE TABLE idempotent_requests (
    actor TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    request_hash TEXT NOT NULL,
    etag TEXT NULL,
    body TEXT NOT NULL,
    created_at TEXT NOT NULL,
    CONSTRAINT pk_idempotent_requests PRIMARY KEY (actor, idempotency_key)
) STRICT;

CREATE TABLE audit_entries (
    audit_id INTEGER NOT NULL CONSTRAINT pk_audit_entries PRIMARY KEY AUTOINCREMENT,
    occurred_at TEXT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail TEXT NULL
) STRICT;
