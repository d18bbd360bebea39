-- Imports whose remarks and rejected rows are old enough to be purged.
CREATE INDEX ix_report_imports_finished ON report_imports (finished_at, import_id);
