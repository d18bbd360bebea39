-- Names as they are searched for, for those who ask the database itself: WHERE words LIKE N'%so noi vu%'. The collation ignores case
-- and tones, but keeps đ from d; the letters are folded here. The service searches in memory.
CREATE VIEW names_for_search AS
SELECT named.kind, named.plan_code, named.code, named.name_vi, named.name_en,
    TRANSLATE(LOWER(CONCAT(named.name_vi, N' ', named.name_en)) COLLATE Latin1_General_100_BIN2,
        N'àáảãạăằắẳẵặâầấẩẫậèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵđ',
        N'aaaaaaaaaaaaaaaaaeeeeeeeeeeeiiiiiooooooooooooooooouuuuuuuuuuuyyyyyd')
        COLLATE Vietnamese_100_CI_AI AS words
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
