-- An index for each filter of the lists that grow.
CREATE INDEX ix_audit_log_actor ON audit_log (actor, entry_id);
CREATE INDEX ix_audit_log_action ON audit_log (action, entry_id);
CREATE INDEX ix_audit_log_occurred ON audit_log (occurred_at, entry_id);
CREATE INDEX ix_changes_kind ON changes (kind, sequence);
CREATE INDEX ix_changes_plan_kind ON changes (plan_code, kind, sequence);
CREATE INDEX ix_report_imports_actor ON report_imports (actor, plan_id, import_id);
