-- A release that ends at 0008_webhooks.sql, as CCHC_UPDATE_RELEASE=1 wrote it down.
GO
/* sqlite */ CREATE TABLE IF NOT EXISTS schema_migrations (
    script TEXT NOT NULL PRIMARY KEY, checksum TEXT NOT NULL, applied_at TEXT NOT NULL) STRICT
GO
/* sqlite */ INSERT INTO audit_log (entry_id, occurred_at, actor, address, action, subject, state_before, state_after, hash)
VALUES (@entry_id, @occurred_at, @actor, @address, @action, @subject, @state_before, @state_after, @hash)
GO
/* sqlite */ INSERT INTO changes (sequence, occurred_at, kind, plan_code, period_code, unit_id, number, status, data_version)
VALUES (@sequence, @occurred_at, @kind, @plan_code, @period_code, @unit_id, @number, @status, @data_version)
GO
/* sqlite */ INSERT INTO report_evidence (period_id, unit_id, number, ordinal, title, url)
SELECT period_id, unit_id, @number, ordinal, title, url
FROM report_evidence WHERE period_id = @period_id AND unit_id = @unit_id AND number = @number - 1
GO
/* sqlite */ INSERT INTO report_import_remarks (import_id, ordinal, row_number, column_name, code, arguments, value)
VALUES (@id, @ordinal, @row_number, @column_name, @code, @arguments, @value)
GO
/* sqlite */ INSERT INTO report_tasks (period_id, unit_id, number, task_id, status, quantity, note)
SELECT period_id, unit_id, @number, task_id, status, quantity, note
FROM report_tasks WHERE period_id = @period_id AND unit_id = @unit_id AND number = @number - 1
GO
/* sqlite */ INSERT INTO report_values (period_id, unit_id, number, line_id, numerator, total, excluded, done, position, state,
    not_applicable, note)
SELECT period_id, unit_id, @number, line_id, numerator, total, excluded, done, position, state, not_applicable, note
FROM report_values WHERE period_id = @period_id AND unit_id = @unit_id AND number = @number - 1
GO
/* sqlite */ INSERT INTO report_values (period_id, unit_id, number, line_id, numerator, total, excluded, done, position, state,
    not_applicable, note)
VALUES (@period_id, @unit_id, @number, @line_id, @numerator, @total, @excluded, @done, @position, @state, @not_applicable, @note)
GO
/* sqlite */ INSERT INTO reports (period_id, unit_id, status, version, updated_at, updated_by)
VALUES (@period_id, @unit_id, @status, 1, @now, @actor)
GO
/* sqlite */ INSERT INTO revisions (period_id, unit_id, number, is_sample, saved_at, saved_by)
VALUES (@period_id, @unit_id, @number, 0, @now, @actor)
GO
/* sqlite */ INSERT INTO revisions (period_id, unit_id, number, narrative, is_sample, saved_at, saved_by)
SELECT period_id, unit_id, @number, narrative, is_sample, @now, @actor
FROM revisions WHERE period_id = @period_id AND unit_id = @unit_id AND number = @number - 1
GO
/* sqlite */ INSERT INTO status_changes (period_id, unit_id, ordinal, changed_at, actor, from_status, to_status, number)
SELECT @period_id, @unit_id, COALESCE(MAX(ordinal), 0) + 1, @now, @actor, @status, @to, @number
FROM status_changes WHERE period_id = @period_id AND unit_id = @unit_id
GO
/* sqlite */ UPDATE report_values SET numerator = @numerator, total = @total, excluded = @excluded, done = @done, position = @position,
    state = @state, not_applicable = @not_applicable, note = @note
WHERE period_id = @period_id AND unit_id = @unit_id AND number = @number AND line_id = @line_id
GO
/* sqlite */ UPDATE reports SET status = @status, version = version + 1, updated_at = @now, updated_by = @actor
WHERE period_id = @period_id AND unit_id = @unit_id
GO
/* sqlite */ UPDATE revisions SET saved_at = @now, saved_by = @actor
WHERE period_id = @period_id AND unit_id = @unit_id AND number = @number AND submitted_at IS NULL
GO
/* sqlite */ UPDATE revisions SET submitted_at = @now, submitted_by = @actor
WHERE period_id = @period_id AND unit_id = @unit_id AND number = @number
GO
/* sqlserver */ IF OBJECT_ID(N'schema_migrations', N'U') IS NULL
CREATE TABLE schema_migrations (
    script nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT pk_schema_migrations PRIMARY KEY,
    checksum nvarchar(64) NOT NULL,
    applied_at datetime2(3) NOT NULL)
GO
/* sqlserver */ INSERT INTO audit_log (entry_id, occurred_at, actor, address, action, subject, state_before, state_after, hash)
SELECT entry_id, occurred_at, actor, address, action, subject, state_before, state_after, hash FROM @audit_rows
GO
/* sqlserver */ INSERT INTO changes (sequence, occurred_at, kind, plan_code, period_code, unit_id, number, status, data_version)
SELECT sequence, occurred_at, kind, plan_code, period_code, unit_id, number, status, data_version FROM @change_rows
GO
/* sqlserver */ INSERT INTO report_evidence (period_id, unit_id, number, ordinal, title, url)
SELECT said.period_id, said.unit_id, given.number, said.ordinal, said.title, said.url
FROM report_evidence AS said JOIN @report_rows AS given
    ON given.period_id = said.period_id AND given.unit_id = said.unit_id AND given.number = said.number + 1
GO
/* sqlserver */ INSERT INTO report_import_remarks (import_id, ordinal, row_number, column_name, code, arguments, value)
SELECT @id, ordinal, row_number, column_name, code, arguments, value FROM @remark_rows
GO
/* sqlserver */ INSERT INTO report_tasks (period_id, unit_id, number, task_id, status, quantity, note)
SELECT said.period_id, said.unit_id, given.number, said.task_id, said.status, said.quantity, said.note
FROM report_tasks AS said JOIN @report_rows AS given
    ON given.period_id = said.period_id AND given.unit_id = said.unit_id AND given.number = said.number + 1
GO
/* sqlserver */ INSERT INTO report_values (period_id, unit_id, number, line_id, numerator, total, excluded, done, position, state,
    not_applicable, note)
SELECT period_id, unit_id, number, line_id, numerator, total, excluded, done, position, state, not_applicable, note FROM @value_rows
GO
/* sqlserver */ INSERT INTO report_values (period_id, unit_id, number, line_id, numerator, total, excluded, done, position, state,
    not_applicable, note)
SELECT said.period_id, said.unit_id, given.number, said.line_id, said.numerator, said.total, said.excluded, said.done, said.position,
    said.state, said.not_applicable, said.note
FROM report_values AS said JOIN @report_rows AS given
    ON given.period_id = said.period_id AND given.unit_id = said.unit_id AND given.number = said.number + 1
GO
/* sqlserver */ INSERT INTO reports (period_id, unit_id, status, version, updated_at, updated_by)
SELECT period_id, unit_id, status, 1, @now, @actor FROM @report_rows
GO
/* sqlserver */ INSERT INTO revisions (period_id, unit_id, number, is_sample, saved_at, saved_by)
SELECT period_id, unit_id, number, 0, @now, @actor FROM @report_rows
GO
/* sqlserver */ INSERT INTO revisions (period_id, unit_id, number, narrative, is_sample, saved_at, saved_by)
SELECT said.period_id, said.unit_id, given.number, said.narrative, said.is_sample, @now, @actor
FROM revisions AS said JOIN @report_rows AS given
    ON given.period_id = said.period_id AND given.unit_id = said.unit_id AND given.number = said.number + 1
GO
/* sqlserver */ INSERT INTO status_changes (period_id, unit_id, ordinal, changed_at, actor, from_status, to_status, number)
SELECT given.period_id, given.unit_id, COALESCE(MAX(noted.ordinal), 0) + 1, @now, @actor, given.status, @to, given.number
FROM @report_rows AS given
LEFT JOIN status_changes AS noted ON noted.period_id = given.period_id AND noted.unit_id = given.unit_id
GROUP BY given.period_id, given.unit_id, given.status, given.number
GO
/* sqlserver */ UPDATE stored SET numerator = given.numerator, total = given.total, excluded = given.excluded, done = given.done,
    position = given.position, state = given.state, not_applicable = given.not_applicable, note = given.note
FROM report_values AS stored JOIN @value_rows AS given
    ON given.period_id = stored.period_id AND given.unit_id = stored.unit_id AND given.number = stored.number
        AND given.line_id = stored.line_id
GO
/* sqlserver */ UPDATE stored SET saved_at = @now, saved_by = @actor
FROM revisions AS stored JOIN @report_rows AS given
    ON given.period_id = stored.period_id AND given.unit_id = stored.unit_id AND given.number = stored.number
WHERE stored.submitted_at IS NULL
GO
/* sqlserver */ UPDATE stored SET status = given.status, version = stored.version + 1, updated_at = @now, updated_by = @actor
FROM reports AS stored JOIN @report_rows AS given ON given.period_id = stored.period_id AND given.unit_id = stored.unit_id
GO
/* sqlserver */ UPDATE stored SET submitted_at = @now, submitted_by = @actor
FROM revisions AS stored JOIN @report_rows AS given
    ON given.period_id = stored.period_id AND given.unit_id = stored.unit_id AND given.number = stored.number
GO
DELETE FROM audit_entries
GO
DELETE FROM idempotent_requests WHERE created_at < @before
GO
DELETE FROM period_deadlines WHERE period_id = @periodId
GO
DELETE FROM period_deadlines WHERE period_id IN (SELECT period_id FROM periods WHERE plan_id = @planId)
GO
DELETE FROM periods WHERE plan_id = @planId
GO
DELETE FROM plan_rules WHERE plan_id = @planId
GO
DELETE FROM plan_states WHERE plan_id = @planId
GO
DELETE FROM plans WHERE plan_id = @planId
GO
DELETE FROM report_evidence WHERE period_id = @periodId AND unit_id = @unitId AND number = @number
GO
DELETE FROM report_import_files WHERE import_id = @id AND kind = @kind
GO
DELETE FROM report_import_files WHERE kind = 'upload' AND import_id IN (SELECT import_id FROM report_imports WHERE import_id = @id AND status = 'cancelled')
GO
DELETE FROM report_tasks WHERE period_id = @periodId AND unit_id = @unitId AND number = @number
GO
DELETE FROM report_values WHERE period_id = @periodId AND unit_id = @unitId AND number = @number
GO
DELETE FROM target_groups WHERE plan_id = @planId
GO
DELETE FROM target_lines WHERE target_id IN (SELECT target_id FROM targets WHERE plan_id = @planId)
GO
DELETE FROM target_reporter_kinds WHERE target_id IN (SELECT target_id FROM targets WHERE plan_id = @planId)
GO
DELETE FROM targets WHERE plan_id = @planId
GO
DELETE FROM task_coordinators WHERE task_id = @taskId AND unit_id = @unitId AND valid_from > @last
GO
DELETE FROM task_coordinators WHERE task_id IN (SELECT task_id FROM tasks WHERE plan_id = @planId)
GO
DELETE FROM task_leads WHERE task_id IN (SELECT task_id FROM tasks WHERE plan_id = @planId)
GO
DELETE FROM task_levels WHERE task_id IN (SELECT task_id FROM tasks WHERE plan_id = @planId)
GO
DELETE FROM task_targets WHERE task_id IN (SELECT task_id FROM tasks WHERE plan_id = @planId)
GO
DELETE FROM tasks WHERE plan_id = @planId
GO
DELETE FROM webhook_deliveries WHERE status = 'delivered' AND last_attempt_at < @before
GO
DELETE FROM webhook_deliveries WHERE webhook_id = @id
GO
DELETE FROM webhooks WHERE webhook_id = @id
GO
EXEC sp_getapplock @Resource = N'cchc-migrations', @LockMode = N'Exclusive', @LockOwner = N'Transaction', @LockTimeout = 60000;
GO
INSERT INTO amended_lines (amendment_id, line_id, operator, threshold_hundredths) VALUES (@id, @lineId, @comparison, @threshold)
GO
INSERT INTO amended_targets (amendment_id, target_id, withdrawn, weight_hundredths, commitment, owner_id)
VALUES (@id, @targetId, @withdrawn, @weight, @commitment, @ownerId)
GO
INSERT INTO amendments (amendment_id, plan_id, number, issued_on, effective_on, reason)
VALUES (@id, @planId, @number, @issuedOn, @effectiveOn, @reason)
GO
INSERT INTO api_key_former_secrets (hash, key_id, replaced_at, ends_at) VALUES (@hash, @keyId, @now, @endsAt)
GO
INSERT INTO api_key_ranges (key_id, network) VALUES (@keyId, @network)
GO
INSERT INTO api_key_scopes (key_id, scope) VALUES (@keyId, @scope)
GO
INSERT INTO api_key_uses (key_id, last_used_at)
SELECT key_id, @at FROM api_keys WHERE key_id = @keyId
    AND NOT EXISTS (SELECT 1 FROM api_key_uses WHERE api_key_uses.key_id = api_keys.key_id)
GO
INSERT INTO api_keys (key_id, hash, role, unit_id, label, created_at, expires_at, revoked_at)
VALUES (@Id, @Hash, @role, @UnitId, @Label, @CreatedAt, @ExpiresAt, NULL)
GO
INSERT INTO audit_heads (head_id, entry_id, hash) VALUES (1, @count, '')
GO
INSERT INTO audit_log (entry_id, occurred_at, actor, address, action, subject, state_before, state_after, hash)
VALUES (@number, @at, @actor, @address, @action, @subject, @before, @after, @hash)
GO
INSERT INTO changes (sequence, occurred_at, kind, plan_code, period_code, unit_id, number, status, data_version)
VALUES (@sequence, @at, @kind, @plan, @period, @unitId, @number, @status, @version)
GO
INSERT INTO consolidated_results (period_id, number, data_version, frozen_at, frozen_by, reason, document, sha256)
VALUES (@periodId, @number, @dataVersion, @now, @actor, @reason, @document, @sha256)
GO
INSERT INTO data_version_history (scope, version, changed_at) VALUES (@Scope, @Version, @ChangedAt)
GO
INSERT INTO data_versions (scope, version, changed_at) VALUES (@scope, 1, @now)
GO
INSERT INTO district_approvals (period_id, unit_id, number, approved_at, approved_by)
VALUES (@periodId, @unitId, @number, @now, @actor)
GO
INSERT INTO idempotent_requests (actor, idempotency_key, request_hash, etag, body, created_at)
VALUES (@actor, @key, @hash, @etag, @body, @now)
GO
INSERT INTO obstacle_events (plan_id, number, ordinal, occurred_at, actor, actor_unit_id, action, from_status, to_status,
    assigned_to, due_on, words)
SELECT @planId, @number, COALESCE(MAX(ordinal), 0) + 1, @now, @actor, @actorUnitId, @action, @fromStatus, @toStatus,
    @assignedTo, @dueOn, @words
FROM obstacle_events WHERE plan_id = @planId AND number = @number
GO
INSERT INTO obstacles (plan_id, number, unit_id, title, description, target_id, task_id, status, version, raised_at, raised_by,
    assigned_to, assigned_at, due_on, escalated_at, answered_at, closed_at, updated_at)
VALUES (@planId, @number, @unitId, @title, @description, @targetId, @taskId, 'raised', 1, @now, @actor,
    NULL, NULL, @dueOn, NULL, NULL, NULL, @now)
GO
INSERT INTO period_deadlines (period_id, level, due_on) VALUES (@periodId, @level, @dueOn)
GO
INSERT INTO periods (period_id, plan_id, code, kind, label_vi, label_en, data_from, data_to, due_on, lock_on, cumulative, is_final)
VALUES (@id, @planId, @code, @kind, @labelVi, @labelEn, @dataFrom, @dataTo, @dueOn, @lockOn, @cumulative, @isFinal)
GO
INSERT INTO periods (period_id, plan_id, code, kind, label_vi, label_en, data_from, data_to, due_on, lock_on, cumulative, is_final)
VALUES (@periodId, @planId, @code, @kind, @labelVi, @labelEn, @dataFrom, @dataTo, @dueOn, @lockOn, @cumulative, @isFinal)
GO
INSERT INTO plan_editions (plan_id, edition, changed_at, changed_by, reason, definition)
VALUES (@planId, @edition, @changedAt, @changedBy, @reason, @definition)
GO
INSERT INTO plan_rules (plan_id, district_approval) VALUES (@planId, @districtApproval)
GO
INSERT INTO plan_states (plan_id, in_force_on, copied_from) VALUES (@planId, NULL, @copiedFrom)
GO
INSERT INTO plans (plan_id, code, number, year, title_vi, title_en, issuer, issued_on, signed_by, lead_unit_id, monitor_unit_id)
VALUES (@id, @code, @number, @year, @titleVi, @titleEn, @issuer, @issuedOn, @signedBy, @leadUnitId, @monitorUnitId)
GO
INSERT INTO plans (plan_id, code, number, year, title_vi, title_en, issuer, issued_on, signed_by, lead_unit_id, monitor_unit_id)
VALUES (@planId, @code, @number, @year, @titleVi, @titleEn, @issuer, @issuedOn, @signedBy, @leadUnitId, @monitorUnitId)
GO
INSERT INTO report_evidence (period_id, unit_id, number, ordinal, title, url)
VALUES (@periodId, @unitId, @number, @ordinal, @title, @url)
GO
INSERT INTO report_extensions (period_id, unit_id, ordinal, until_on, granted_at, granted_by)
SELECT @periodId, @unitId, COALESCE(MAX(ordinal), 0) + 1, @until, @now, @actor
FROM report_extensions WHERE period_id = @periodId AND unit_id = @unitId
GO
INSERT INTO report_import_files (import_id, kind, ordinal, content) VALUES (@id, @kind, @ordinal, @content)
GO
INSERT INTO report_imports (import_id, plan_id, status, format, file_name, sha256, size_bytes, dry_run, partial, submit, locale,
    expected_version, actor, role, unit_id, created_at, lease_owner, lease_until, cancel_requested, rows_read)
VALUES (@id, @planId, @status, @format, @fileName, @sha256, @sizeBytes, @isDryRun, @isPartial, @isSubmit, @locale,
    @expectedVersion, @actor, @role, @unitId, @now, @owner, @until, 0, 0)
GO
INSERT INTO report_tasks (period_id, unit_id, number, task_id, status, quantity, note)
VALUES (@periodId, @unitId, @number, @taskId, @status, @count, @note)
GO
INSERT INTO report_values (period_id, unit_id, number, line_id, numerator, total, excluded, done, position, state, not_applicable, note)
VALUES (@periodId, @unitId, @number, @lineId, @numerator, @total, @excluded, @done, @position, @state, @notApplicable, @note)
GO
INSERT INTO reports (period_id, unit_id, status, version, updated_at, updated_by)
VALUES (@periodId, @unitId, @status, 1, @now, @actor)
GO
INSERT INTO revisions (period_id, unit_id, number, narrative, is_sample, saved_at, saved_by)
VALUES (@periodId, @unitId, @number, @narrative, @sample, @now, @actor)
GO
INSERT INTO schema_migrations (script, checksum, applied_at) VALUES (@script, @checksum, @appliedAt)
GO
INSERT INTO status_changes (period_id, unit_id, ordinal, changed_at, actor, from_status, to_status, number, reason)
SELECT @periodId, @unitId, COALESCE(MAX(ordinal), 0) + 1, @now, @actor, @fromStatus, @toStatus, @number, @reason
FROM status_changes WHERE period_id = @periodId AND unit_id = @unitId
GO
INSERT INTO target_groups (plan_id, code, ordinal, title_vi, title_en) VALUES (@planId, @code, @ordinal, @titleVi, @titleEn)
GO
INSERT INTO target_lines (line_id, target_id, level, operator, threshold_hundredths)
VALUES (@id, @targetId, @level, @comparison, @threshold)
GO
INSERT INTO target_lines (line_id, target_id, level, operator, threshold_hundredths)
VALUES (@lineId, @targetId, @level, @comparison, @threshold)
GO
INSERT INTO target_reporter_kinds (target_id, kind) VALUES (@targetId, @kind)
GO
INSERT INTO targets (target_id, plan_id, code, group_code, ordinal, title_vi, title_en, kind, measure, trajectory,
    unit_of_measure, reporting, owner_id, frequency, commitment, weight_hundredths, numerator_vi, denominator_vi, exclusion_vi,
    remarks_en)
VALUES (@id, @planId, @code, @groupCode, @ordinal, @titleVi, @titleEn, @kind, @measure, @trajectory,
    @unitOfMeasure, @reporting, @ownerId, @frequency, @commitment, @weightHundredths, @numeratorVi, @denominatorVi, @exclusionVi,
    @remarksEn)
GO
INSERT INTO targets (target_id, plan_id, code, group_code, ordinal, title_vi, title_en, kind, measure, trajectory,
    unit_of_measure, reporting, owner_id, frequency, commitment, weight_hundredths, numerator_vi, denominator_vi, exclusion_vi, remarks_en)
VALUES (@targetId, @planId, @code, @groupCode, @ordinal, @titleVi, @titleEn, @kind, @measure, @trajectory,
    @unitOfMeasure, @reporting, @ownerId, @frequency, @commitment, @weight, @numeratorVi, @denominatorVi, @exclusionVi, @remarksEn)
GO
INSERT INTO task_coordinators (task_id, unit_id, valid_from, valid_to) VALUES (@taskId, @unitId, @validFrom, @validTo)
GO
INSERT INTO task_coordinators (task_id, unit_id, valid_from, valid_to) VALUES (@taskId, @unitId, @validFrom, NULL)
GO
INSERT INTO task_leads (task_id, valid_from, unit_id) VALUES (@taskId, @from, @unitId)
GO
INSERT INTO task_leads (task_id, valid_from, unit_id) VALUES (@taskId, @validFrom, @unitId)
GO
INSERT INTO task_levels (task_id, level) VALUES (@taskId, @level)
GO
INSERT INTO task_targets (task_id, target_id) VALUES (@taskId, @targetId)
GO
INSERT INTO tasks (task_id, plan_id, code, ordinal, area_vi, area_en, title_vi, title_en, criterion_en, criterion_kind,
    criterion_value, frequency, coordinating_vi)
VALUES (@id, @planId, @code, @ordinal, @areaVi, @areaEn, @titleVi, @titleEn, @criterionEn, @criterionKind,
    @criterionValue, @frequency, @coordinatingVi)
GO
INSERT INTO tasks (task_id, plan_id, code, ordinal, area_vi, area_en, title_vi, title_en, criterion_en, criterion_kind,
    criterion_value, frequency, coordinating_vi)
VALUES (@taskId, @planId, @code, @ordinal, @areaVi, @areaEn, @titleVi, @titleEn, @criterionEn, @criterionKind,
    @criterionValue, @frequency, @coordinatingVi)
GO
INSERT INTO unit_codes (unit_id, scheme, value, ordinal, valid_from, valid_to)
VALUES (@unitId, @scheme, @value, @ordinal, @validFrom, @validTo)
GO
INSERT INTO unit_successions (predecessor_id, successor_id, effective_on, change)
VALUES (@predecessorId, @successorId, @effectiveOn, @change)
GO
INSERT INTO unit_versions (unit_id, ordinal, name_vi, name_en, parent_id, unit_type, valid_from, valid_to)
VALUES (@unitId, @ordinal, @nameVi, @nameEn, @parentId, @unitType, @validFrom, @validTo)
GO
INSERT INTO units (unit_id, code, level, kind) VALUES (@id, @code, @level, @kind)
GO
INSERT INTO webhook_deliveries (webhook_id, sequence, subject, status, attempts, next_attempt_at)
VALUES (@id, @sequence, @subject, 'pending', 0, @now)
GO
INSERT INTO webhook_leases (lease_id, lease_owner, lease_until) VALUES (1, @owner, @until)
GO
INSERT INTO webhooks (webhook_id, url, description, plan_code, kinds, secret, created_at, created_by, is_enabled, position)
VALUES (@WebhookId, @Url, @Description, @PlanCode, @Kinds, @Secret, @CreatedAt, @CreatedBy, @IsEnabled, @Position)
GO
SELECT COALESCE(MAX(amendment_id), 0) + 1 FROM amendments
GO
SELECT COALESCE(MAX(edition), 0) FROM plan_editions WHERE plan_id = @planId
GO
SELECT COALESCE(MAX(line_id), 0) + 1 FROM target_lines
GO
SELECT COALESCE(MAX(line_id), 0) FROM target_lines
GO
SELECT COALESCE(MAX(number), 0) FROM obstacles WHERE plan_id = @planId
GO
SELECT COALESCE(MAX(period_id), 0) + 1 FROM periods
GO
SELECT COALESCE(MAX(period_id), 0) FROM periods
GO
SELECT COALESCE(MAX(plan_id), 0) + 1 FROM plans
GO
SELECT COALESCE(MAX(plan_id), 0) FROM plans
GO
SELECT COALESCE(MAX(target_id), 0) + 1 FROM targets
GO
SELECT COALESCE(MAX(target_id), 0) FROM targets
GO
SELECT COALESCE(MAX(task_id), 0) + 1 FROM tasks
GO
SELECT COALESCE(MAX(task_id), 0) FROM tasks
GO
SELECT COALESCE(MAX(unit_id), 0) FROM units
GO
SELECT COUNT(*) FROM plans WHERE code = @code
GO
SELECT COUNT(*) FROM report_import_files WHERE import_id = @id AND kind = @kind
GO
SELECT COUNT(*) FROM reports JOIN periods ON periods.period_id = reports.period_id WHERE periods.plan_id = @planId
GO
SELECT COUNT(*) FROM webhook_deliveries WHERE webhook_id = @id AND status = 'pending'
GO
SELECT COUNT(*) FROM webhook_leases
GO
SELECT DISTINCT plan_id AS Id FROM plan_editions
GO
SELECT DISTINCT revisions.period_id AS Id
FROM revisions JOIN periods ON periods.period_id = revisions.period_id
WHERE periods.plan_id = @planId AND revisions.submitted_at <= @asOf
    AND ((revisions.decision = 'approved' AND revisions.decided_at <= @asOf)
        OR (@provisional = 1 AND (revisions.decision IS NULL OR revisions.decision = 'approved' OR revisions.decided_at > @asOf)))
GO
SELECT amendment_id AS AmendmentId, target_id AS TargetId, withdrawn AS Withdrawn, weight_hundredths AS WeightHundredths,
    commitment AS Commitment, owner_id AS OwnerId
FROM amended_targets ORDER BY amendment_id, target_id
GO
SELECT api_keys.key_id AS Id, api_keys.hash AS Hash, api_keys.role AS Role, api_keys.unit_id AS UnitId, units.code AS Unit,
    api_keys.label AS Label, api_keys.created_at AS CreatedAt, api_keys.expires_at AS ExpiresAt, api_keys.revoked_at AS RevokedAt,
    api_key_uses.last_used_at AS LastUsedAt
FROM api_keys LEFT JOIN units ON units.unit_id = api_keys.unit_id LEFT JOIN api_key_uses ON api_key_uses.key_id = api_keys.key_id
ORDER BY api_keys.created_at, api_keys.key_id
GO
SELECT changed.unit_id AS Id
FROM status_changes changed
JOIN (SELECT unit_id, MAX(ordinal) AS ordinal FROM status_changes WHERE period_id = @periodId AND changed_at <= @asOf GROUP BY unit_id) latest
    ON latest.unit_id = changed.unit_id AND latest.ordinal = changed.ordinal
WHERE changed.period_id = @periodId AND changed.to_status = 'returned'
GO
SELECT changed_at AS At, actor AS Actor, from_status AS FromStatus, to_status AS ToStatus, number AS Revision, reason AS Reason
FROM status_changes WHERE period_id = @periodId AND unit_id = @unitId ORDER BY ordinal
GO
SELECT code AS Code, unit_id AS Id FROM units
GO
SELECT content FROM report_import_files WHERE import_id = @id AND kind = @kind AND ordinal = @ordinal
GO
SELECT document FROM consolidated_results WHERE period_id = @periodId AND number = @number
GO
SELECT due.sequence AS Sequence, due.subject AS Subject, due.status AS Status, due.attempts AS Attempts
FROM webhook_deliveries due
WHERE due.webhook_id = @id AND due.status = 'pending' AND due.next_attempt_at <= @now AND NOT EXISTS
    (SELECT 1 FROM webhook_deliveries earlier WHERE earlier.webhook_id = due.webhook_id AND earlier.status = 'pending'
        AND earlier.subject = due.subject AND earlier.sequence < due.sequence)
ORDER BY due.sequence
GO
SELECT editions.plan_id AS PlanId, editions.changed_at AS ChangedAt, editions.definition AS Definition
FROM plan_editions editions
WHERE editions.edition = (SELECT MAX(edition) FROM plan_editions latest
    WHERE latest.plan_id = editions.plan_id AND latest.changed_at <= @asOf)
GO
SELECT entry_id AS Number, hash AS Hash FROM audit_heads WHERE head_id = 1
GO
SELECT entry_id AS Number, occurred_at AS At, actor AS Actor, address AS Address, action AS Action, subject AS Subject,
    state_before AS StateBefore, state_after AS StateAfter, hash AS Hash
FROM audit_log
WHERE entry_id BETWEEN @first AND @last AND (@actor IS NULL OR actor = @actor) AND (@action IS NULL OR action = @action)
    AND (@subject IS NULL OR subject = @subject) AND (@since IS NULL OR occurred_at >= @since)
    AND (@until IS NULL OR occurred_at <= @until)
ORDER BY entry_id DESC
GO
SELECT entry_id, occurred_at, actor, address, action, subject, state_before, state_after, hash FROM audit_log ORDER BY entry_id
GO
SELECT head.unit_id AS UnitId, head.number AS Revision, head.is_sample AS IsSample, opening.first_at AS FirstSubmittedAt
FROM revisions head
JOIN (SELECT unit_id, MAX(number) AS number FROM revisions
      WHERE period_id = @periodId AND submitted_at <= @asOf
        AND ((decision = 'approved' AND decided_at <= @asOf)
            OR (@provisional = 1 AND (decision IS NULL OR decision = 'approved' OR decided_at > @asOf)))
      GROUP BY unit_id) counting ON counting.unit_id = head.unit_id AND counting.number = head.number
JOIN (SELECT sent.unit_id, MIN(sent.submitted_at) AS first_at FROM revisions sent
      WHERE sent.period_id = @periodId AND sent.submitted_at <= @asOf AND NOT EXISTS
          (SELECT 1 FROM status_changes back WHERE back.period_id = sent.period_id AND back.unit_id = sent.unit_id
               AND back.number = sent.number AND back.from_status = 'submitted' AND back.to_status = 'draft' AND back.changed_at <= @asOf)
      GROUP BY sent.unit_id) opening ON opening.unit_id = head.unit_id
WHERE head.period_id = @periodId
GO
SELECT import_id AS Id, plan_id AS PlanId, status AS Status, format AS Format, file_name AS FileName, sha256 AS Sha256, size_bytes AS SizeBytes,
dry_run AS IsDryRun, partial AS IsPartial, submit AS IsSubmit, locale AS Locale, expected_version AS ExpectedVersion,
actor AS Actor, role AS Role, unit_id AS UnitId, created_at AS CreatedAt, finished_at AS FinishedAt, lease_owner AS LeaseOwner,
cancel_requested AS IsCancelRequested, rows_read AS RowsRead, summary AS Summary FROM report_imports
WHERE plan_id = @planId AND (@actor IS NULL OR actor = @actor) AND import_id BETWEEN @oldest AND @newest ORDER BY import_id DESC
GO
SELECT import_id AS Id, plan_id AS PlanId, status AS Status, format AS Format, file_name AS FileName, sha256 AS Sha256, size_bytes AS SizeBytes,
dry_run AS IsDryRun, partial AS IsPartial, submit AS IsSubmit, locale AS Locale, expected_version AS ExpectedVersion,
actor AS Actor, role AS Role, unit_id AS UnitId, created_at AS CreatedAt, finished_at AS FinishedAt, lease_owner AS LeaseOwner,
cancel_requested AS IsCancelRequested, rows_read AS RowsRead, summary AS Summary FROM report_imports
WHERE status IN ('queued', 'running') AND (status = 'queued' OR lease_until < @now) ORDER BY created_at, import_id
GO
SELECT import_id AS Id, plan_id AS PlanId, status AS Status, format AS Format, file_name AS FileName, sha256 AS Sha256, size_bytes AS SizeBytes,
dry_run AS IsDryRun, partial AS IsPartial, submit AS IsSubmit, locale AS Locale, expected_version AS ExpectedVersion,
actor AS Actor, role AS Role, unit_id AS UnitId, created_at AS CreatedAt, finished_at AS FinishedAt, lease_owner AS LeaseOwner,
cancel_requested AS IsCancelRequested, rows_read AS RowsRead, summary AS Summary FROM report_imports WHERE import_id = @id
GO
SELECT import_id AS Id, status AS Status FROM report_imports
WHERE plan_id = @planId AND (@actor IS NULL OR actor = @actor) ORDER BY import_id DESC
GO
SELECT key_id AS KeyId, hash AS Hash, replaced_at AS ReplacedAt, ends_at AS EndsAt FROM api_key_former_secrets ORDER BY replaced_at, hash
GO
SELECT key_id AS KeyId, network AS Value FROM api_key_ranges ORDER BY key_id, network
GO
SELECT key_id AS KeyId, scope AS Value FROM api_key_scopes ORDER BY key_id, scope
GO
SELECT line_id AS LineId, numerator AS Numerator, total AS Total, excluded AS Excluded, done AS Done, position AS Position,
    state AS State, not_applicable AS NotApplicable, note AS Note
FROM report_values WHERE period_id = @periodId AND unit_id = @unitId AND number = @number ORDER BY line_id
GO
SELECT link.task_id AS TaskId, targets.code AS Code
FROM task_targets link JOIN targets ON targets.target_id = link.target_id
ORDER BY link.task_id, targets.ordinal
GO
SELECT number AS Number, data_version AS DataVersion, frozen_at AS FrozenAt, reason AS Reason, sha256 AS Sha256
FROM consolidated_results WHERE period_id = @periodId ORDER BY number
GO
SELECT number AS Number, narrative AS Narrative, is_sample AS Sample, saved_at AS SavedAt, saved_by AS SavedBy,
    submitted_at AS SubmittedAt, submitted_by AS SubmittedBy, decision AS Decision, decided_at AS DecidedAt, decided_by AS DecidedBy
FROM revisions WHERE period_id = @periodId AND unit_id = @unitId ORDER BY number
GO
SELECT number AS Number, unit_id AS UnitId, title AS Title, description AS Description, target_id AS TargetId, task_id AS TaskId,
    status AS Status, version AS Version, raised_at AS RaisedAt, raised_by AS RaisedBy, assigned_to AS AssignedTo,
    assigned_at AS AssignedAt, due_on AS DueOn, escalated_at AS EscalatedAt, answered_at AS AnsweredAt, closed_at AS ClosedAt,
    updated_at AS UpdatedAt
FROM obstacles WHERE plan_id = @planId AND (@number IS NULL OR number = @number)
ORDER BY number DESC
GO
SELECT occurred_at AS At, actor AS Actor, action AS Action, subject AS Subject, detail AS Detail FROM audit_entries ORDER BY audit_id
GO
SELECT occurred_at AS At, actor AS Actor, actor_unit_id AS ActorUnitId, action AS Action, from_status AS FromStatus,
    to_status AS ToStatus, assigned_to AS AssignedTo, due_on AS DueOn, words AS Words
FROM obstacle_events WHERE plan_id = @planId AND number = @number ORDER BY ordinal
GO
SELECT outcomes AS Outcomes FROM report_imports WHERE import_id = @id
GO
SELECT period_id AS PeriodId, level AS Level, due_on AS DueOn FROM period_deadlines
GO
SELECT plan_id AS PlanId, amendment_id AS Id, number AS Number, issued_on AS IssuedOn, effective_on AS EffectiveOn, reason AS Reason
FROM amendments ORDER BY plan_id, effective_on
GO
SELECT plan_id AS PlanId, code AS Code, title_vi AS TitleVi, title_en AS TitleEn FROM target_groups ORDER BY plan_id, ordinal
GO
SELECT plan_id AS PlanId, period_id AS Id, code AS Code, kind AS Kind, label_vi AS LabelVi, label_en AS LabelEn,
    data_from AS DataFrom, data_to AS DataTo, due_on AS DueOn, lock_on AS LockOn, cumulative AS Cumulative, is_final AS IsFinal
FROM periods ORDER BY plan_id, data_to
GO
SELECT plan_id AS PlanId, target_id AS Id, code AS Code, group_code AS GroupCode, title_vi AS TitleVi, title_en AS TitleEn,
    kind AS Kind, measure AS Measure, trajectory AS Trajectory, unit_of_measure AS UnitOfMeasure, reporting AS Reporting,
    owner_id AS OwnerId, frequency AS Frequency, commitment AS Commitment, weight_hundredths AS WeightHundredths,
    numerator_vi AS NumeratorVi, denominator_vi AS DenominatorVi, exclusion_vi AS ExclusionVi, remarks_en AS RemarksEn
FROM targets ORDER BY plan_id, ordinal
GO
SELECT plan_id AS PlanId, task_id AS Id, code AS Code, area_vi AS AreaVi, area_en AS AreaEn, title_vi AS TitleVi,
    title_en AS TitleEn, criterion_en AS CriterionEn, criterion_kind AS CriterionKind, criterion_value AS CriterionValue,
    frequency AS Frequency, coordinating_vi AS CoordinatingVi
FROM tasks ORDER BY plan_id, ordinal
GO
SELECT plans.plan_id AS Id, code AS Code, number AS Number, year AS Year, title_vi AS TitleVi, title_en AS TitleEn, issuer AS Issuer,
    issued_on AS IssuedOn, signed_by AS SignedBy, lead_unit_id AS LeadUnitId, monitor_unit_id AS MonitorUnitId,
    COALESCE(plan_rules.district_approval, 0) AS DistrictApproval, plan_states.in_force_on AS InForceOn,
    CASE WHEN plan_states.plan_id IS NOT NULL AND plan_states.in_force_on IS NULL THEN 1 ELSE 0 END AS IsDraft
FROM plans
LEFT JOIN plan_rules ON plan_rules.plan_id = plans.plan_id
LEFT JOIN plan_states ON plan_states.plan_id = plans.plan_id
ORDER BY year DESC, code
GO
SELECT predecessor_id AS PredecessorId, successor_id AS SuccessorId, effective_on AS EffectiveOn, change AS Change
FROM unit_successions ORDER BY effective_on, predecessor_id, successor_id
GO
SELECT reports.period_id AS PeriodId, reports.unit_id AS UnitId, changed.to_status AS Status, reports.version AS Version,
    changed.changed_at AS UpdatedAt, changed.actor AS UpdatedBy, latest.number AS Revision, latest.is_sample AS Sample,
    latest.submitted_at AS SubmittedAt,
    (SELECT MIN(sent.submitted_at) FROM revisions sent
     WHERE sent.period_id = reports.period_id AND sent.unit_id = reports.unit_id AND sent.submitted_at <= @asOf AND NOT EXISTS
         (SELECT 1 FROM status_changes back WHERE back.period_id = sent.period_id AND back.unit_id = sent.unit_id
              AND back.number = sent.number AND back.from_status = 'submitted' AND back.to_status = 'draft'
              AND back.changed_at <= @asOf)) AS FirstSubmittedAt
FROM reports
JOIN periods ON periods.period_id = reports.period_id
JOIN revisions latest ON latest.period_id = reports.period_id AND latest.unit_id = reports.unit_id
    AND latest.number = (SELECT MAX(number) FROM revisions newest
        WHERE newest.period_id = reports.period_id AND newest.unit_id = reports.unit_id AND newest.submitted_at <= @asOf)
JOIN status_changes changed ON changed.period_id = reports.period_id AND changed.unit_id = reports.unit_id
    AND changed.ordinal = (SELECT MAX(ordinal) FROM status_changes newest
        WHERE newest.period_id = reports.period_id AND newest.unit_id = reports.unit_id AND newest.changed_at <= @asOf)
WHERE periods.plan_id = @planId
    AND (@periodId IS NULL OR reports.period_id = @periodId) AND (@unitId IS NULL OR reports.unit_id = @unitId)
GO
SELECT reports.period_id AS PeriodId, reports.unit_id AS UnitId, reports.status AS Status, reports.version AS Version,
    reports.updated_at AS UpdatedAt, reports.updated_by AS UpdatedBy, latest.number AS Revision, latest.is_sample AS Sample,
    latest.submitted_at AS SubmittedAt, given.until_on AS Until, district.approved_at AS DistrictApprovedAt,
    district.approved_by AS DistrictApprovedBy,
    (SELECT MIN(sent.submitted_at) FROM revisions sent
     WHERE sent.period_id = reports.period_id AND sent.unit_id = reports.unit_id AND NOT EXISTS
         (SELECT 1 FROM status_changes back WHERE back.period_id = sent.period_id AND back.unit_id = sent.unit_id
              AND back.number = sent.number AND back.from_status = 'submitted' AND back.to_status = 'draft')) AS FirstSubmittedAt,
    CASE WHEN latest.narrative IS NULL
        AND NOT EXISTS (SELECT 1 FROM report_values said WHERE said.period_id = latest.period_id AND said.unit_id = latest.unit_id AND said.number = latest.number)
        AND NOT EXISTS (SELECT 1 FROM report_tasks said WHERE said.period_id = latest.period_id AND said.unit_id = latest.unit_id AND said.number = latest.number)
        AND NOT EXISTS (SELECT 1 FROM report_evidence said WHERE said.period_id = latest.period_id AND said.unit_id = latest.unit_id AND said.number = latest.number)
        THEN 1 ELSE 0 END AS IsEmpty
FROM reports
JOIN periods ON periods.period_id = reports.period_id
JOIN revisions latest ON latest.period_id = reports.period_id AND latest.unit_id = reports.unit_id
    AND latest.number = (SELECT MAX(number) FROM revisions newest
        WHERE newest.period_id = reports.period_id AND newest.unit_id = reports.unit_id)
LEFT JOIN report_extensions given ON given.period_id = reports.period_id AND given.unit_id = reports.unit_id
    AND given.ordinal = (SELECT MAX(ordinal) FROM report_extensions newest
        WHERE newest.period_id = reports.period_id AND newest.unit_id = reports.unit_id)
LEFT JOIN district_approvals district ON district.period_id = latest.period_id AND district.unit_id = latest.unit_id
    AND district.number = latest.number
WHERE periods.plan_id = @planId
    AND (@periodId IS NULL OR reports.period_id = @periodId) AND (@unitId IS NULL OR reports.unit_id = @unitId)
    AND (@updatedAfter IS NULL OR reports.updated_at > @updatedAfter)
GO
SELECT reports.unit_id, reports.status, latest.number, CASE WHEN latest.submitted_at IS NULL THEN 0 ELSE 1 END AS is_submitted,
    given.until_on
FROM reports
LEFT JOIN report_extensions given ON given.period_id = reports.period_id AND given.unit_id = reports.unit_id
    AND given.ordinal = (SELECT MAX(ordinal) FROM report_extensions newest
        WHERE newest.period_id = reports.period_id AND newest.unit_id = reports.unit_id)
JOIN revisions latest ON latest.period_id = reports.period_id AND latest.unit_id = reports.unit_id
    AND latest.number = (SELECT MAX(number) FROM revisions
        WHERE revisions.period_id = reports.period_id AND revisions.unit_id = reports.unit_id)
WHERE reports.period_id = @periodId AND reports.unit_id BETWEEN @first AND @last
GO
SELECT request_hash AS Hash, etag AS ETag, body AS Body, created_at AS CreatedAt
FROM idempotent_requests WHERE actor = @actor AND idempotency_key = @key
GO
SELECT row_number AS Row, column_name AS ColumnName, code AS Code, arguments AS Arguments, value AS Value
FROM report_import_remarks WHERE import_id = @id AND ordinal <= 100 ORDER BY ordinal
GO
SELECT row_number AS Row, column_name AS ColumnName, code AS Code, arguments AS Arguments, value AS Value
FROM report_import_remarks WHERE import_id = @id AND row_number >= @from AND row_number <= @to ORDER BY row_number, ordinal
GO
SELECT said.amendment_id AS AmendmentId, said.line_id AS LineId, said.operator AS Operator,
    said.threshold_hundredths AS ThresholdHundredths, target_lines.target_id AS TargetId
FROM amended_lines said JOIN target_lines ON target_lines.line_id = said.line_id
ORDER BY said.amendment_id, said.line_id
GO
SELECT said.period_id AS PeriodId, said.unit_id AS UnitId, said.task_id AS TaskId, said.status AS Status, said.quantity AS Quantity
FROM report_tasks said
JOIN (SELECT revisions.period_id, revisions.unit_id, MAX(revisions.number) AS number
      FROM revisions JOIN periods ON periods.period_id = revisions.period_id
      WHERE periods.plan_id = @planId AND revisions.decision = 'approved'
      GROUP BY revisions.period_id, revisions.unit_id) counting
    ON counting.period_id = said.period_id AND counting.unit_id = said.unit_id AND counting.number = said.number
GO
SELECT said.unit_id AS UnitId, said.line_id AS LineId, said.number AS Revision, said.not_applicable AS Reason, said.note AS Note
FROM report_values said
JOIN (SELECT unit_id, MAX(number) AS number FROM revisions
      WHERE period_id = @periodId AND submitted_at <= @asOf
        AND ((decision = 'approved' AND decided_at <= @asOf)
            OR (@provisional = 1 AND (decision IS NULL OR decision = 'approved' OR decided_at > @asOf)))
      GROUP BY unit_id) counting ON counting.unit_id = said.unit_id AND counting.number = said.number
JOIN target_lines ON target_lines.line_id = said.line_id
WHERE said.period_id = @periodId AND target_lines.target_id = @targetId
GO
SELECT said.unit_id AS UnitId, said.line_id AS LineId, said.numerator AS Numerator, said.total AS Total, said.excluded AS Excluded,
    said.done AS Done, said.position AS Position, said.state AS State,
    CASE WHEN said.not_applicable IS NULL THEN 0 ELSE 1 END AS IsNotApplicable
FROM report_values said
JOIN (SELECT unit_id, MAX(number) AS number FROM revisions
      WHERE period_id = @periodId AND submitted_at <= @asOf
        AND ((decision = 'approved' AND decided_at <= @asOf)
            OR (@provisional = 1 AND (decision IS NULL OR decision = 'approved' OR decided_at > @asOf)))
      GROUP BY unit_id) counting ON counting.unit_id = said.unit_id AND counting.number = said.number
WHERE said.period_id = @periodId
GO
SELECT said.unit_id AS UnitId, said.line_id AS LineId, said.numerator AS Numerator, said.total AS Total, said.excluded AS Excluded,
    said.done AS Done, said.position AS Position, said.state AS State,
    CASE WHEN said.not_applicable IS NULL THEN 0 ELSE 1 END AS IsNotApplicable
FROM report_values said
WHERE said.period_id = @periodId AND said.unit_id = @unitId AND said.number =
    (SELECT MAX(number) FROM revisions
     WHERE period_id = @periodId AND unit_id = @unitId AND submitted_at <= @asOf
        AND (decision IS NULL OR decision = 'approved' OR decided_at > @asOf))
GO
SELECT said.unit_id, said.line_id, said.numerator, said.total, said.excluded, said.done, said.position, said.state,
    said.not_applicable, said.note
FROM report_values said
WHERE said.period_id = @periodId AND said.unit_id BETWEEN @first AND @last
    AND said.number = (SELECT MAX(number) FROM revisions
        WHERE revisions.period_id = said.period_id AND revisions.unit_id = said.unit_id AND submitted_at IS NOT NULL
            AND (decision = 'approved' OR decision IS NULL))
GO
SELECT said.unit_id, said.line_id, said.numerator, said.total, said.excluded, said.done, said.position, said.state,
    said.not_applicable, said.note
FROM report_values said
WHERE said.period_id = @periodId AND said.unit_id BETWEEN @first AND @last
    AND said.number = (SELECT MAX(number) FROM revisions
        WHERE revisions.period_id = said.period_id AND revisions.unit_id = said.unit_id)
ORDER BY said.unit_id, said.line_id
GO
SELECT scope AS Scope, version AS Version, changed_at AS ChangedAt FROM data_version_history
WHERE scope = @scope AND version =
    (SELECT MAX(version) FROM data_version_history WHERE scope = @scope AND changed_at <= @asOf)
GO
SELECT scope AS Scope, version AS Version, changed_at AS ChangedAt FROM data_versions
GO
SELECT scope AS Scope, version AS Version, changed_at AS ChangedAt FROM data_versions WHERE scope = @scope
GO
SELECT script AS Script, checksum AS Checksum FROM schema_migrations ORDER BY script
GO
SELECT sequence AS Sequence, occurred_at AS OccurredAt, kind AS Kind, plan_code AS PlanCode, period_code AS PeriodCode,
    unit_id AS UnitId, number AS Number, status AS Status, data_version AS DataVersion
FROM changes WHERE sequence > @after AND sequence <= @until ORDER BY sequence
GO
SELECT sequence AS Sequence, subject AS Subject, status AS Status, attempts AS Attempts, next_attempt_at AS NextAttemptAt,
    last_attempt_at AS LastAttemptAt, last_answer AS LastAnswer, last_error AS LastError
FROM webhook_deliveries WHERE webhook_id = @id AND sequence > @after AND (@status IS NULL OR status = @status) ORDER BY sequence
GO
SELECT sequence FROM change_heads WHERE head_id = 1
GO
SELECT status AS Status, due_on AS DueOn, COUNT(*) AS Number FROM obstacles WHERE plan_id = @planId GROUP BY status, due_on
GO
SELECT target_id AS TargetId, kind AS Kind FROM target_reporter_kinds ORDER BY target_id, kind
GO
SELECT target_id AS TargetId, line_id AS Id, level AS Level, operator AS Operator, threshold_hundredths AS ThresholdHundredths
FROM target_lines ORDER BY target_id, line_id
GO
SELECT task_id AS TaskId, level AS Level FROM task_levels
GO
SELECT task_id AS TaskId, status AS Status, quantity AS Quantity, note AS Note
FROM report_tasks WHERE period_id = @periodId AND unit_id = @unitId AND number = @number ORDER BY task_id
GO
SELECT task_id AS TaskId, unit_id AS UnitId, valid_from AS ValidFrom FROM task_leads ORDER BY task_id, valid_from
GO
SELECT task_id AS TaskId, unit_id AS UnitId, valid_from AS ValidFrom, valid_to AS ValidTo FROM task_coordinators
GO
SELECT title AS Title, url AS Url
FROM report_evidence WHERE period_id = @periodId AND unit_id = @unitId AND number = @number ORDER BY ordinal
GO
SELECT unit_id AS Id, code AS Code, level AS Level, kind AS Kind FROM units
GO
SELECT unit_id AS UnitId, name_vi AS NameVi, name_en AS NameEn, parent_id AS ParentId, unit_type AS UnitType,
    valid_from AS ValidFrom, valid_to AS ValidTo
FROM unit_versions ORDER BY unit_id, ordinal
GO
SELECT unit_id AS UnitId, scheme AS Scheme, value AS Value, valid_from AS ValidFrom, valid_to AS ValidTo
FROM unit_codes ORDER BY unit_id, scheme, ordinal
GO
SELECT webhook_id AS WebhookId, url AS Url, description AS Description, plan_code AS PlanCode, kinds AS Kinds, secret AS Secret,
    former_secret AS FormerSecret, former_until AS FormerUntil, created_at AS CreatedAt, created_by AS CreatedBy,
    is_enabled AS IsEnabled, position AS Position
FROM webhooks ORDER BY created_at, webhook_id
GO
UPDATE api_key_former_secrets SET ends_at = @endsAt WHERE key_id = @keyId AND ends_at > @endsAt
GO
UPDATE api_key_uses SET last_used_at = @at WHERE key_id = @keyId AND last_used_at < @at
GO
UPDATE api_keys SET hash = @hash WHERE key_id = @keyId
GO
UPDATE api_keys SET revoked_at = @now WHERE key_id = @keyId AND revoked_at IS NULL
GO
UPDATE audit_heads SET entry_id = entry_id + @count WHERE head_id = 1
GO
UPDATE audit_heads SET hash = @hash WHERE head_id = 1
GO
UPDATE change_heads SET sequence = sequence + @count WHERE head_id = 1
GO
UPDATE data_versions SET version = version + 1, changed_at = @now WHERE scope = @scope
GO
UPDATE obstacles SET status = @status, version = version + 1, assigned_to = @assignedTo, assigned_at = @assignedAt, due_on = @dueOn,
    escalated_at = @escalatedAt, answered_at = @answeredAt, closed_at = @closedAt, updated_at = @updatedAt
WHERE plan_id = @planId AND number = @number
GO
UPDATE periods SET due_on = @dueOn, lock_on = @lockOn WHERE period_id = @periodId
GO
UPDATE plan_states SET in_force_on = @inForceOn WHERE plan_id = @planId
GO
UPDATE plans SET number = @number, year = @year, title_vi = @titleVi, title_en = @titleEn, issuer = @issuer, issued_on = @issuedOn,
    signed_by = @signedBy, lead_unit_id = @leadUnitId, monitor_unit_id = @monitorUnitId
WHERE plan_id = @planId
GO
UPDATE report_imports SET cancel_requested = 1,
    finished_at = CASE WHEN status = 'queued' THEN @now ELSE finished_at END,
    status = CASE WHEN status = 'queued' THEN 'cancelled' ELSE status END
WHERE import_id = @id AND status IN ('queued', 'running')
GO
UPDATE report_imports SET lease_until = @until, rows_read = @rows
WHERE import_id = @id AND status = 'running' AND lease_owner = @owner AND cancel_requested = 0
GO
UPDATE report_imports SET status = 'queued', lease_owner = NULL, lease_until = NULL, rows_read = 0
WHERE import_id = @id AND status = 'running' AND lease_owner = @owner
GO
UPDATE report_imports SET status = 'running', lease_owner = @owner, lease_until = @until
WHERE import_id = @id AND (status = 'queued' OR (status = 'running' AND lease_until < @now))
GO
UPDATE report_imports SET status = @status, finished_at = @now, rows_read = @rows, summary = @summary, outcomes = @outcomes
WHERE import_id = @id AND status = 'running' AND lease_owner = @owner AND (cancel_requested = 0 OR @status <> 'completed')
GO
UPDATE reports SET status = @status, version = version + 1, updated_at = @now, updated_by = @actor
WHERE period_id = @periodId AND unit_id = @unitId
GO
UPDATE revisions SET decision = @decision, decided_at = @now, decided_by = @actor
WHERE period_id = @periodId AND unit_id = @unitId AND number = @number
GO
UPDATE revisions SET narrative = @narrative, is_sample = @sample, saved_at = @now, saved_by = @actor
WHERE period_id = @periodId AND unit_id = @unitId AND number = @number AND submitted_at IS NULL
GO
UPDATE revisions SET submitted_at = @now, submitted_by = @actor WHERE period_id = @periodId AND unit_id = @unitId AND number = @number
GO
UPDATE task_coordinators SET valid_to = @last
WHERE task_id = @taskId AND unit_id = @unitId AND valid_from <= @last AND (valid_to IS NULL OR valid_to > @last)
GO
UPDATE webhook_deliveries SET status = 'pending', attempts = 0, next_attempt_at = @now
WHERE webhook_id = @id AND sequence >= @first AND sequence <= @last
GO
UPDATE webhook_deliveries SET status = 'pending', attempts = 0, next_attempt_at = @now
WHERE webhook_id = @id AND status = 'dead' AND sequence >= @first AND sequence <= @last
GO
UPDATE webhook_deliveries SET status = @status, attempts = @attempts, next_attempt_at = @next, last_attempt_at = @now,
    last_answer = @answer, last_error = @error
WHERE webhook_id = @id AND sequence = @sequence
GO
UPDATE webhook_leases SET lease_owner = @owner, lease_until = @until
WHERE lease_id = 1 AND (lease_owner = @owner OR lease_until < @now)
GO
UPDATE webhooks SET is_enabled = 0 WHERE webhook_id = @id
GO
UPDATE webhooks SET position = @position WHERE webhook_id = @id
GO
UPDATE webhooks SET url = @Url, description = @Description, plan_code = @PlanCode, kinds = @Kinds, secret = @Secret,
    former_secret = @FormerSecret, former_until = @FormerUntil, is_enabled = @IsEnabled
WHERE webhook_id = @WebhookId
