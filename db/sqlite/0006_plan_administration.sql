-- The calendar by level, the history of each plan's definition, drafts and amendments.

CREATE TABLE period_deadlines (
    period_id INTEGER NOT NULL CONSTRAINT fk_period_deadlines_period REFERENCES periods (period_id),
    level TEXT NOT NULL CONSTRAINT ck_period_deadlines_level CHECK (level IN ('province', 'district', 'commune')),
    due_on TEXT NOT NULL,
    CONSTRAINT pk_period_deadlines PRIMARY KEY (period_id, level)
) STRICT;

-- A plan's whole definition as it stood from an instant on, as JSON; none as long as it was never changed.
CREATE TABLE plan_editions (
    plan_id INTEGER NOT NULL,
    edition INTEGER NOT NULL,
    changed_at TEXT NOT NULL,
    changed_by TEXT NOT NULL,
    reason TEXT NULL,
    definition TEXT NOT NULL,
    CONSTRAINT pk_plan_editions PRIMARY KEY (plan_id, edition)
) STRICT;

-- A plan without a row is in force.
CREATE TABLE plan_states (
    plan_id INTEGER NOT NULL CONSTRAINT pk_plan_states PRIMARY KEY CONSTRAINT fk_plan_states_plan REFERENCES plans (plan_id),
    in_force_on TEXT NULL,
    copied_from INTEGER NULL CONSTRAINT fk_plan_states_source REFERENCES plans (plan_id)
) STRICT;

CREATE TABLE amendments (
    amendment_id INTEGER NOT NULL CONSTRAINT pk_amendments PRIMARY KEY,
    plan_id INTEGER NOT NULL CONSTRAINT fk_amendments_plan REFERENCES plans (plan_id),
    number TEXT NOT NULL,
    issued_on TEXT NOT NULL,
    effective_on TEXT NOT NULL,
    reason TEXT NOT NULL,
    CONSTRAINT uq_amendments_effective UNIQUE (plan_id, effective_on)
) STRICT;

-- What an amendment sets anew; null leaves it as it is.
CREATE TABLE amended_targets (
    amendment_id INTEGER NOT NULL CONSTRAINT fk_amended_targets_amendment REFERENCES amendments (amendment_id),
    target_id INTEGER NOT NULL CONSTRAINT fk_amended_targets_target REFERENCES targets (target_id),
    withdrawn INTEGER NOT NULL CHECK (withdrawn IN (0, 1)),
    weight_hundredths INTEGER NULL CONSTRAINT ck_amended_targets_weight CHECK (weight_hundredths BETWEEN 1 AND 1000000),
    commitment TEXT NULL CONSTRAINT ck_amended_targets_commitment CHECK (commitment IN ('must', 'strive', 'direction')),
    owner_id INTEGER NULL CONSTRAINT fk_amended_targets_owner REFERENCES units (unit_id),
    CONSTRAINT pk_amended_targets PRIMARY KEY (amendment_id, target_id)
) STRICT;

CREATE TABLE amended_lines (
    amendment_id INTEGER NOT NULL CONSTRAINT fk_amended_lines_amendment REFERENCES amendments (amendment_id),
    line_id INTEGER NOT NULL CONSTRAINT fk_amended_lines_line REFERENCES target_lines (line_id),
    operator TEXT NOT NULL CONSTRAINT ck_amended_lines_operator CHECK (operator IN ('atLeast', 'atMost')),
    threshold_hundredths INTEGER NOT NULL CONSTRAINT ck_amended_lines_threshold CHECK (threshold_hundredths > 0),
    CONSTRAINT pk_amended_lines PRIMARY KEY (amendment_id, line_id)
) STRICT;
