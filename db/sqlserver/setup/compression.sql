-- Page compression of what grows, after `migrate`, at a quiet time: each table is locked while it is written anew. With Enterprise Edition
-- add ONLINE = ON, and it is not. Running it again does it again; one that is compressed stays so.
ALTER INDEX ALL ON audit_log REBUILD WITH (DATA_COMPRESSION = PAGE);
ALTER INDEX ALL ON changes REBUILD WITH (DATA_COMPRESSION = PAGE);
ALTER INDEX ALL ON data_version_history REBUILD WITH (DATA_COMPRESSION = PAGE);
ALTER INDEX ALL ON idempotent_requests REBUILD WITH (DATA_COMPRESSION = PAGE);
ALTER INDEX ALL ON report_evidence REBUILD WITH (DATA_COMPRESSION = PAGE);
ALTER INDEX ALL ON report_import_remarks REBUILD WITH (DATA_COMPRESSION = PAGE);
ALTER INDEX ALL ON report_imports REBUILD WITH (DATA_COMPRESSION = PAGE);
ALTER INDEX ALL ON report_tasks REBUILD WITH (DATA_COMPRESSION = PAGE);
ALTER INDEX ALL ON report_values REBUILD WITH (DATA_COMPRESSION = PAGE);
ALTER INDEX ALL ON reports REBUILD WITH (DATA_COMPRESSION = PAGE);
ALTER INDEX ALL ON revisions REBUILD WITH (DATA_COMPRESSION = PAGE);
ALTER INDEX ALL ON status_changes REBUILD WITH (DATA_COMPRESSION = PAGE);
ALTER INDEX ALL ON webhook_deliveries REBUILD WITH (DATA_COMPRESSION = PAGE);
