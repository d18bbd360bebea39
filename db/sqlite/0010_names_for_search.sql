-- Names as they are searched for, for those who ask the database itself. This engine folds ASCII alone. The service searches in memory.
CREATE VIEW names_for_search AS
SELECT named.kind, named.plan_code, named.code, named.name_vi, named.name_en,
    LOWER(named.name_vi || ' ' || COALESCE(named.name_en, '')) AS words
FROM (
    SELECT 'unit' AS kind, NULL AS plan_code, units.code, unit_versions.name_vi, unit_versions.name_en
    FROM units JOIN unit_versions ON unit_versions.unit_id = units.unit_id
    UNION ALL
    SELECT 'target', plans.code, targets.code, targets.title_vi, targets.title_en
    FROM targets JOIN plans ON plans.plan_id = targets.plan_id
    UNION ALL
    SELECT 'task', plans.code, tasks.code, tasks.title_vi, tasks.title_en
    FROM tasks JOIN plans ON plans.plan_id = tasks.plan_id
) AS named;
