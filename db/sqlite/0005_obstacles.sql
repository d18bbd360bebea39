-- Obstacles outside the cycle of periods.

CREATE TABLE obstacles (
    plan_id INTEGER NOT NULL CONSTRAINT fk_obstacles_plan REFERENCES plans (plan_id),
    number INTEGER NOT NULL CONSTRAINT ck_obstacles_number CHECK (number >= 1),
    unit_id INTEGER NOT NULL CONSTRAINT fk_obstacles_unit REFERENCES units (unit_id),
    title TEXT NOT NULL,
    description TEXT NOT NULL,
    target_id INTEGER NULL CONSTRAINT fk_obstacles_target REFERENCES targets (target_id),
    task_id INTEGER NULL CONSTRAINT fk_obstacles_task REFERENCES tasks (task_id),
    status TEXT NOT NULL CONSTRAINT ck_obstacles_status CHECK (status IN ('raised', 'assigned', 'escalated', 'answered', 'closed')),
    version INTEGER NOT NULL,
    raised_at TEXT NOT NULL,
    raised_by TEXT NOT NULL,
    assigned_to INTEGER NULL CONSTRAINT fk_obstacles_assigned REFERENCES units (unit_id),
    assigned_at TEXT NULL,
    due_on TEXT NOT NULL,
    escalated_at TEXT NULL,
    answered_at TEXT NULL,
    closed_at TEXT NULL,
    updated_at TEXT NOT NULL,
    CONSTRAINT pk_obstacles PRIMARY KEY (plan_id, number),
    CONSTRAINT ck_obstacles_assigned CHECK (status NOT IN ('assigned', 'escalated') OR assigned_to IS NOT NULL)
) STRICT;

-- All that was ever done to an obstacle; rows are only added.
CREATE TABLE obstacle_events (
    plan_id INTEGER NOT NULL,
    number INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    occurred_at TEXT NOT NULL,
    actor TEXT NOT NULL,
    actor_unit_id INTEGER NULL CONSTRAINT fk_obstacle_events_actor_unit REFERENCES units (unit_id),
    action TEXT NOT NULL,
    from_status TEXT NULL,
    to_status TEXT NOT NULL,
    assigned_to INTEGER NULL CONSTRAINT fk_obstacle_events_assigned REFERENCES units (unit_id),
    due_on TEXT NULL,
    words TEXT NULL,
    CONSTRAINT pk_obstacle_events PRIMARY KEY (plan_id, number, ordinal),
    CONSTRAINT fk_obstacle_events_obstacle FOREIGN KEY (plan_id, number) REFERENCES obstacles (plan_id, number)
) STRICT;
