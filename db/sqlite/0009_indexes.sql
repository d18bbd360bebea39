-- An index for each way in that had none.

-- What counts in a period: who submitted what, and what was decided, without the narratives beside it.
CREATE INDEX ix_revisions_facts ON revisions (period_id, unit_id, number, submitted_at, decision, decided_at, is_sample);

-- Whether a draft's line or task may go: without them the check reads, and locks, every value there is.
CREATE INDEX ix_report_values_line ON report_values (line_id);
CREATE INDEX ix_report_tasks_task ON report_tasks (task_id);

CREATE INDEX ix_report_imports_heads ON report_imports (plan_id, import_id, actor, status);

CREATE INDEX ix_obstacles_due ON obstacles (plan_id, status, due_on);

-- What is still to be delivered, by what it is about: one that waits keeps those behind it waiting.
CREATE INDEX ix_webhook_deliveries_pending ON webhook_deliveries (webhook_id, subject, sequence) WHERE status = 'pending';

-- What is forgotten once it is old enough.
CREATE INDEX ix_webhook_deliveries_delivered ON webhook_deliveries (last_attempt_at) WHERE status = 'delivered';
CREATE INDEX ix_idempotent_requests_created ON idempotent_requests (created_at);
