-- The calendar by level, the history of each plan's definition, drafts and amendments.

CREATE TABLE period_deadlines (
    period_id int NOT NULL CONSTRAINT fk_period_deadlines_period REFERENCES periods (period_id),
    level nvarchar(10) NOT NULL CONSTRAINT ck_period_deadlines_level CHECK (level IN ('province', 'district', 'commune')),
    due_on date NOT NULL,
    CONSTRAINT pk_period_deadlines PRIMARY KEY (period_id, level)
);

-- A plan's whole definition as it stood from an instant on, as JSON; none as long as it was never changed.
CREATE TABLE plan_editions (
    plan_id int NOT NULL,
    edition int NOT NULL,
    changed_at datetime2(3) NOT NULL,
    changed_by nvarchar(100) NOT NULL,
    reason nvarchar(1000) NULL,
    definition nvarchar(max) NOT NULL,
    CONSTRAINT pk_plan_editions PRIMARY KEY (plan_id, edition)
);

-- A plan without a row is in force.
CREATE TABLE plan_states (
    plan_id int NOT NULL CONSTRAINT pk_plan_states PRIMARY KEY CONSTRAINT fk_plan_states_plan REFERENCES plans (plan_id),
    in_force_on date NULL,
    copied_from int NULL CONSTRAINT fk_plan_states_source REFERENCES plans (plan_id)
);

CREATE TABLE amendments (
    amendment_id int NOT NULL CONSTRAINT pk_amendments PRIMARY KEY,
    plan_id int NOT NULL CONSTRAINT fk_amendments_plan REFERENCES plans (plan_id),
    number nvarchar(60) NOT NULL,
    issued_on date NOT NULL,
    effective_on date NOT NULL,
    reason nvarchar(1000) NOT NULL,
    CONSTRAINT uq_amendments_effective UNIQUE (plan_id, effective_on)
);

-- What an amendment sets anew; null leaves it as it is.
CREATE TABLE amended_targets (
    amendment_id int NOT NULL CONSTRAINT fk_amended_targets_amendment REFERENCES amendments (amendment_id),
    target_id int NOT NULL CONSTRAINT fk_amended_targets_target REFERENCES targets (target_id),
    withdrawn bit NOT NULL,
    weight_hundredths int NULL CONSTRAINT ck_amended_targets_weight CHECK (weight_hundredths BETWEEN 1 AND 1000000),
    commitment nvarchar(10) NULL CONSTRAINT ck_amended_targets_commitment CHECK (commitment IN ('must', 'strive', 'direction')),
    owner_id int NULL CONSTRAINT fk_amended_targets_owner REFERENCES units (unit_id),
    CONSTRAINT pk_amended_targets PRIMARY KEY (amendment_id, target_id)
);

CREATE TABLE amended_lines (
    amendment_id int NOT NULL CONSTRAINT fk_amended_lines_amendment REFERENCES amendments (amendment_id),
    line_id int NOT NULL CONSTRAINT fk_amended_lines_line REFERENCES target_lines (line_id),
    operator nvarchar(10) NOT NULL CONSTRAINT ck_amended_lines_operator CHECK (operator IN ('atLeast', 'atMost')),
    threshold_hundredths int NOT NULL CONSTRAINT ck_amended_lines_threshold CHECK (threshold_hundredths > 0),
    CONSTRAINT pk_amended_lines PRIMARY KEY (amendment_id, line_id)
);
