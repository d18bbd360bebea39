-- What a plan's versions after one have changed, for snapshots that follow.
CREATE INDEX ix_changes_plan ON changes (plan_code, data_version);
