-- Plans, units and reports. Codes compare to the letter (BIN2); instants are UTC; thresholds and weights are whole hundredths.

CREATE TABLE data_versions (
    scope nvarchar(60) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT pk_data_versions PRIMARY KEY,
    version bigint NOT NULL,
    changed_at datetime2(3) NOT NULL
);

CREATE TABLE units (
    unit_id int NOT NULL CONSTRAINT pk_units PRIMARY KEY,
    code nvarchar(40) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT uq_units_code UNIQUE,
    level nvarchar(10) NOT NULL CONSTRAINT ck_units_level CHECK (level IN ('province', 'district', 'commune')),
    kind nvarchar(10) NOT NULL CONSTRAINT ck_units_kind CHECK (kind IN ('committee', 'department', 'centre', 'agency'))
);

CREATE TABLE unit_versions (
    unit_id int NOT NULL CONSTRAINT fk_unit_versions_unit REFERENCES units (unit_id),
    ordinal int NOT NULL,
    name_vi nvarchar(200) NOT NULL,
    name_en nvarchar(200) NULL,
    parent_id int NULL CONSTRAINT fk_unit_versions_parent REFERENCES units (unit_id),
    unit_type nvarchar(60) NOT NULL,
    valid_from date NULL,
    valid_to date NULL,
    CONSTRAINT pk_unit_versions PRIMARY KEY (unit_id, ordinal),
    CONSTRAINT uq_unit_versions_from UNIQUE (unit_id, valid_from),
    CONSTRAINT ck_unit_versions_interval CHECK (valid_from <= valid_to),
    CONSTRAINT ck_unit_versions_parent CHECK (parent_id <> unit_id)
);

CREATE TABLE unit_codes (
    unit_id int NOT NULL CONSTRAINT fk_unit_codes_unit REFERENCES units (unit_id),
    scheme nvarchar(20) COLLATE Latin1_General_100_BIN2 NOT NULL,
    value nvarchar(40) COLLATE Latin1_General_100_BIN2 NOT NULL,
    ordinal int NOT NULL,
    valid_from date NULL,
    valid_to date NULL,
    CONSTRAINT pk_unit_codes PRIMARY KEY (unit_id, scheme, ordinal),
    CONSTRAINT ck_unit_codes_interval CHECK (valid_from <= valid_to)
);

CREATE TABLE unit_successions (
    predecessor_id int NOT NULL CONSTRAINT fk_unit_successions_predecessor REFERENCES units (unit_id),
    successor_id int NOT NULL CONSTRAINT fk_unit_successions_successor REFERENCES units (unit_id),
    effective_on date NOT NULL,
    change nvarchar(10) NOT NULL CONSTRAINT ck_unit_successions_change CHECK (change IN ('merger', 'split')),
    CONSTRAINT pk_unit_successions PRIMARY KEY (predecessor_id, successor_id, effective_on),
    CONSTRAINT ck_unit_successions_other CHECK (predecessor_id <> successor_id)
);

CREATE TABLE plans (
    plan_id int NOT NULL CONSTRAINT pk_plans PRIMARY KEY,
    code nvarchar(40) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT uq_plans_code UNIQUE,
    number nvarchar(60) NOT NULL,
    year int NOT NULL,
    title_vi nvarchar(500) NOT NULL,
    title_en nvarchar(500) NOT NULL,
    issuer nvarchar(200) NOT NULL,
    issued_on date NOT NULL,
    signed_by nvarchar(200) NOT NULL,
    lead_unit_id int NOT NULL CONSTRAINT fk_plans_lead REFERENCES units (unit_id),
    monitor_unit_id int NULL CONSTRAINT fk_plans_monitor REFERENCES units (unit_id)
);

CREATE TABLE target_groups (
    plan_id int NOT NULL CONSTRAINT fk_target_groups_plan REFERENCES plans (plan_id),
    code nvarchar(40) COLLATE Latin1_General_100_BIN2 NOT NULL,
    ordinal int NOT NULL,
    title_vi nvarchar(500) NOT NULL,
    title_en nvarchar(500) NOT NULL,
    CONSTRAINT pk_target_groups PRIMARY KEY (plan_id, code)
);

CREATE TABLE targets (
    target_id int NOT NULL CONSTRAINT pk_targets PRIMARY KEY,
    plan_id int NOT NULL,
    code nvarchar(40) COLLATE Latin1_General_100_BIN2 NOT NULL,
    group_code nvarchar(40) COLLATE Latin1_General_100_BIN2 NOT NULL,
    ordinal int NOT NULL,
    title_vi nvarchar(1000) NOT NULL,
    title_en nvarchar(1000) NOT NULL,
    kind nvarchar(10) NOT NULL CONSTRAINT ck_targets_kind CHECK (kind IN ('ratio', 'unitShare', 'rank', 'grade', 'milestone')),
    measure nvarchar(10) NOT NULL CONSTRAINT ck_targets_measure CHECK (measure = 'stock' OR (measure = 'flow' AND kind = 'ratio')),
    trajectory nvarchar(12) NOT NULL CONSTRAINT ck_targets_trajectory CHECK (trajectory IN ('constant', 'progressive')),
    unit_of_measure nvarchar(100) NULL,
    reporting nvarchar(10) NOT NULL,
    owner_id int NOT NULL CONSTRAINT fk_targets_owner REFERENCES units (unit_id),
    frequency nvarchar(12) NOT NULL CONSTRAINT ck_targets_frequency CHECK (frequency IN ('quarterly', 'halfYearly', 'annual')),
    commitment nvarchar(12) NOT NULL CONSTRAINT ck_targets_commitment CHECK (commitment IN ('must', 'strive', 'direction')),
    weight_hundredths int NOT NULL CONSTRAINT ck_targets_weight CHECK (weight_hundredths BETWEEN 1 AND 1000000),
    numerator_vi nvarchar(1000) NULL,
    denominator_vi nvarchar(1000) NULL,
    exclusion_vi nvarchar(1000) NULL,
    remarks_en nvarchar(2000) NULL,
    CONSTRAINT uq_targets_code UNIQUE (plan_id, code),
    CONSTRAINT fk_targets_group FOREIGN KEY (plan_id, group_code) REFERENCES target_groups (plan_id, code),
    CONSTRAINT ck_targets_reporting CHECK (reporting = 'owner' OR (reporting = 'eachUnit' AND kind NOT IN ('rank', 'grade')))
);

CREATE TABLE target_reporter_kinds (
    target_id int NOT NULL CONSTRAINT fk_target_reporter_kinds_target REFERENCES targets (target_id),
    kind nvarchar(10) NOT NULL CONSTRAINT ck_target_reporter_kinds_kind CHECK (kind IN ('committee', 'department', 'centre', 'agency')),
    CONSTRAINT pk_target_reporter_kinds PRIMARY KEY (target_id, kind)
);

CREATE TABLE target_lines (
    line_id int NOT NULL CONSTRAINT pk_target_lines PRIMARY KEY,
    target_id int NOT NULL CONSTRAINT fk_target_lines_target REFERENCES targets (target_id),
    level nvarchar(10) NOT NULL CONSTRAINT ck_target_lines_level CHECK (level IN ('province', 'district', 'commune', 'whole')),
    operator nvarchar(10) NULL CONSTRAINT ck_target_lines_operator CHECK (operator IN ('atLeast', 'atMost')),
    threshold_hundredths int NULL CONSTRAINT ck_target_lines_threshold CHECK (threshold_hundredths > 0),
    CONSTRAINT uq_target_lines_level UNIQUE (target_id, level),
    CONSTRAINT ck_target_lines_condition CHECK (
        (operator IS NULL AND threshold_hundredths IS NULL) OR (operator IS NOT NULL AND threshold_hundredths IS NOT NULL))
);

CREATE TABLE tasks (
    task_id int NOT NULL CONSTRAINT pk_tasks PRIMARY KEY,
    plan_id int NOT NULL CONSTRAINT fk_tasks_plan REFERENCES plans (plan_id),
    code nvarchar(40) COLLATE Latin1_General_100_BIN2 NOT NULL,
    ordinal int NOT NULL,
    area_vi nvarchar(200) NOT NULL,
    area_en nvarchar(200) NOT NULL,
    title_vi nvarchar(1000) NOT NULL,
    title_en nvarchar(1000) NOT NULL,
    criterion_en nvarchar(1000) NOT NULL,
    criterion_kind nvarchar(20) NOT NULL,
    criterion_value nvarchar(200) NULL,
    frequency nvarchar(12) NOT NULL CONSTRAINT ck_tasks_frequency CHECK (
        frequency IN ('quarterly', 'halfYearly', 'annual', 'continuous', 'periodic', 'anyTime')),
    coordinating_vi nvarchar(1000) NULL,
    CONSTRAINT uq_tasks_code UNIQUE (plan_id, code)
);

CREATE TABLE task_levels (
    task_id int NOT NULL CONSTRAINT fk_task_levels_task REFERENCES tasks (task_id),
    level nvarchar(10) NOT NULL CONSTRAINT ck_task_levels_level CHECK (level IN ('province', 'district', 'commune')),
    CONSTRAINT pk_task_levels PRIMARY KEY (task_id, level)
);

CREATE TABLE task_targets (
    task_id int NOT NULL CONSTRAINT fk_task_targets_task REFERENCES tasks (task_id),
    target_id int NOT NULL CONSTRAINT fk_task_targets_target REFERENCES targets (target_id),
    CONSTRAINT pk_task_targets PRIMARY KEY (task_id, target_id)
);

-- A lead holds until the next one begins, so that a task has exactly one at any date.
CREATE TABLE task_leads (
    task_id int NOT NULL CONSTRAINT fk_task_leads_task REFERENCES tasks (task_id),
    valid_from date NOT NULL,
    unit_id int NOT NULL CONSTRAINT fk_task_leads_unit REFERENCES units (unit_id),
    CONSTRAINT pk_task_leads PRIMARY KEY (task_id, valid_from)
);

CREATE TABLE task_coordinators (
    task_id int NOT NULL CONSTRAINT fk_task_coordinators_task REFERENCES tasks (task_id),
    unit_id int NOT NULL CONSTRAINT fk_task_coordinators_unit REFERENCES units (unit_id),
    valid_from date NOT NULL,
    valid_to date NULL,
    CONSTRAINT pk_task_coordinators PRIMARY KEY (task_id, unit_id, valid_from),
    CONSTRAINT ck_task_coordinators_interval CHECK (valid_from <= valid_to)
);

CREATE TABLE periods (
    period_id int NOT NULL CONSTRAINT pk_periods PRIMARY KEY,
    plan_id int NOT NULL CONSTRAINT fk_periods_plan REFERENCES plans (plan_id),
    code nvarchar(40) COLLATE Latin1_General_100_BIN2 NOT NULL,
    kind nvarchar(10) NOT NULL CONSTRAINT ck_periods_kind CHECK (kind IN ('quarter', 'half', 'year')),
    label_vi nvarchar(100) NOT NULL,
    label_en nvarchar(100) NOT NULL,
    data_from date NOT NULL,
    data_to date NOT NULL,
    due_on date NOT NULL,
    lock_on date NULL,
    cumulative bit NOT NULL,
    is_final bit NOT NULL,
    CONSTRAINT uq_periods_code UNIQUE (plan_id, code),
    CONSTRAINT uq_periods_data_to UNIQUE (plan_id, data_to),
    CONSTRAINT ck_periods_window CHECK (data_from <= data_to AND data_to <= due_on AND (lock_on IS NULL OR lock_on >= due_on))
);

CREATE UNIQUE INDEX uq_periods_final ON periods (plan_id) WHERE is_final = 1;

CREATE TABLE reports (
    period_id int NOT NULL CONSTRAINT fk_reports_period REFERENCES periods (period_id),
    unit_id int NOT NULL CONSTRAINT fk_reports_unit REFERENCES units (unit_id),
    status nvarchar(10) NOT NULL CONSTRAINT ck_reports_status CHECK (status IN ('draft', 'submitted', 'returned', 'approved')),
    version bigint NOT NULL,
    updated_at datetime2(3) NOT NULL,
    updated_by nvarchar(100) NOT NULL,
    CONSTRAINT pk_reports PRIMARY KEY (period_id, unit_id)
);

CREATE INDEX ix_reports_unit ON reports (unit_id, period_id);

-- A revision is free to change until it is submitted and never afterwards; a decision closes it.
CREATE TABLE revisions (
    period_id int NOT NULL,
    unit_id int NOT NULL,
    number int NOT NULL CONSTRAINT ck_revisions_number CHECK (number >= 1),
    narrative nvarchar(max) NULL,
    is_sample bit NOT NULL,
    saved_at datetime2(3) NOT NULL,
    saved_by nvarchar(100) NOT NULL,
    submitted_at datetime2(3) NULL,
    submitted_by nvarchar(100) NULL,
    decision nvarchar(10) NULL CONSTRAINT ck_revisions_decision CHECK (decision IN ('approved', 'returned')),
    decided_at datetime2(3) NULL,
    decided_by nvarchar(100) NULL,
    CONSTRAINT pk_revisions PRIMARY KEY (period_id, unit_id, number),
    CONSTRAINT fk_revisions_report FOREIGN KEY (period_id, unit_id) REFERENCES reports (period_id, unit_id),
    CONSTRAINT ck_revisions_order CHECK (decision IS NULL OR submitted_at IS NOT NULL)
);

CREATE TABLE report_values (
    period_id int NOT NULL,
    unit_id int NOT NULL,
    number int NOT NULL,
    line_id int NOT NULL CONSTRAINT fk_report_values_line REFERENCES target_lines (line_id),
    numerator bigint NULL,
    total bigint NULL,
    excluded bigint NULL,
    done bit NULL,
    position bigint NULL,
    state nvarchar(12) NULL,
    not_applicable nvarchar(1000) NULL,
    note nvarchar(2000) NULL,
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
);

CREATE TABLE report_tasks (
    period_id int NOT NULL,
    unit_id int NOT NULL,
    number int NOT NULL,
    task_id int NOT NULL CONSTRAINT fk_report_tasks_task REFERENCES tasks (task_id),
    status nvarchar(12) NOT NULL CONSTRAINT ck_report_tasks_status CHECK (status IN ('notStarted', 'inProgress', 'done')),
    quantity bigint NULL CONSTRAINT ck_report_tasks_quantity CHECK (quantity BETWEEN 0 AND 9007199254740991),
    note nvarchar(2000) NULL,
    CONSTRAINT pk_report_tasks PRIMARY KEY (period_id, unit_id, number, task_id),
    CONSTRAINT fk_report_tasks_revision FOREIGN KEY (period_id, unit_id, number) REFERENCES revisions (period_id, unit_id, number)
);

CREATE TABLE report_evidence (
    period_id int NOT NULL,
    unit_id int NOT NULL,
    number int NOT NULL,
    ordinal int NOT NULL,
    title nvarchar(300) NOT NULL,
    url nvarchar(2000) NOT NULL,
    CONSTRAINT pk_report_evidence PRIMARY KEY (period_id, unit_id, number, ordinal),
    CONSTRAINT fk_report_evidence_revision FOREIGN KEY (period_id, unit_id, number) REFERENCES revisions (period_id, unit_id, number)
);

CREATE TABLE status_changes (
    period_id int NOT NULL,
    unit_id int NOT NULL,
    ordinal int NOT NULL,
    changed_at datetime2(3) NOT NULL,
    actor nvarchar(100) NOT NULL,
    from_status nvarchar(10) NULL,
    to_status nvarchar(10) NOT NULL,
    number int NOT NULL,
    reason nvarchar(1000) NULL,
    CONSTRAINT pk_status_changes PRIMARY KEY (period_id, unit_id, ordinal),
    CONSTRAINT fk_status_changes_report FOREIGN KEY (period_id, unit_id) REFERENCES reports (period_id, unit_id)
);

CREATE TABLE api_keys (
    key_id nvarchar(20) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT pk_api_keys PRIMARY KEY,
    hash nvarchar(64) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT uq_api_keys_hash UNIQUE,
    role nvarchar(15) NOT NULL CONSTRAINT ck_api_keys_role CHECK (role IN ('reporter', 'reviewer', 'monitor', 'administrator')),
    unit_id int NULL CONSTRAINT fk_api_keys_unit REFERENCES units (unit_id),
    label nvarchar(200) NULL,
    created_at datetime2(3) NOT NULL,
    expires_at datetime2(3) NULL,
    revoked_at datetime2(3) NULL,
    CONSTRAINT ck_api_keys_unit CHECK (unit_id IS NOT NULL OR role IN ('monitor', 'administrator'))
);

CREATE TABLE idempotent_requests (
    actor nvarchar(100) COLLATE Latin1_General_100_BIN2 NOT NULL,
    idempotency_key nvarchar(255) COLLATE Latin1_General_100_BIN2 NOT NULL,
    request_hash nvarchar(64) NOT NULL,
    etag nvarchar(80) NULL,
    body nvarchar(max) NOT NULL,
    created_at datetime2(3) NOT NULL,
    CONSTRAINT pk_idempotent_requests PRIMARY KEY (actor, idempotency_key)
);

CREATE TABLE audit_entries (
    audit_id bigint IDENTITY(1, 1) NOT NULL CONSTRAINT pk_audit_entries PRIMARY KEY,
    occurred_at datetime2(3) NOT NULL,
    actor nvarchar(100) NOT NULL,
    action nvarchar(60) NOT NULL,
    subject nvarchar(200) NOT NULL,
    detail nvarchar(max) NULL
);
