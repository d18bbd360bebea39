-- Obstacles outside the cycle of periods.

CREATE TABLE obstacles (
    plan_id int NOT NULL CONSTRAINT fk_obstacles_plan REFERENCES plans (plan_id),
    number int NOT NULL CONSTRAINT ck_obstacles_number CHECK (number >= 1),
    unit_id int NOT NULL CONSTRAINT fk_obstacles_unit REFERENCES units (unit_id),
    title nvarchar(300) NOT NULL,
    description nvarchar(4000) NOT NULL,
    target_id int NULL CONSTRAINT fk_obstacles_target REFERENCES targets (target_id),
    task_id int NULL CONSTRAINT fk_obstacles_task REFERENCES tasks (task_id),
    status nvarchar(10) NOT NULL CONSTRAINT ck_obstacles_status CHECK (status IN ('raised', 'assigned', 'escalated', 'answered', 'closed')),
    version bigint NOT NULL,
    raised_at datetime2(3) NOT NULL,
    raised_by nvarchar(100) NOT NULL,
    assigned_to int NULL CONSTRAINT fk_obstacles_assigned REFERENCES units (unit_id),
    assigned_at datetime2(3) NULL,
    due_on date NOT NULL,
    escalated_at datetime2(3) NULL,
    answered_at datetime2(3) NULL,
    closed_at datetime2(3) NULL,
    updated_at datetime2(3) NOT NULL,
    CONSTRAINT pk_obstacles PRIMARY KEY (plan_id, number),
    CONSTRAINT ck_obstacles_assigned CHECK (status NOT IN ('assigned', 'escalated') OR assigned_to IS NOT NULL)
);

-- All that was ever done to an obstacle; rows are only added.
CREATE TABLE obstacle_events (
    plan_id int NOT NULL,
    number int NOT NULL,
    ordinal int NOT NULL,
    occurred_at datetime2(3) NOT NULL,
    actor nvarchar(100) NOT NULL,
    actor_unit_id int NULL CONSTRAINT fk_obstacle_events_actor_unit REFERENCES units (unit_id),
    action nvarchar(10) NOT NULL,
    from_status nvarchar(10) NULL,
    to_status nvarchar(10) NOT NULL,
    assigned_to int NULL CONSTRAINT fk_obstacle_events_assigned REFERENCES units (unit_id),
    due_on date NULL,
    words nvarchar(4000) NULL,
    CONSTRAINT pk_obstacle_events PRIMARY KEY (plan_id, number, ordinal),
    CONSTRAINT fk_obstacle_events_obstacle FOREIGN KEY (plan_id, number) REFERENCES obstacles (plan_id, number)
);
