-- What a target counts, in both languages, and a note for those who report. remarks_en is no longer written: what a plan's own authors
-- wrote there is read as the note, what the seed files had there is removed.
ALTER TABLE targets ADD
    numerator_en nvarchar(1000) NULL,
    denominator_en nvarchar(1000) NULL,
    exclusion_en nvarchar(1000) NULL,
    note_vi nvarchar(2000) NULL,
    note_en nvarchar(2000) NULL;

UPDATE targets SET remarks_en = NULL WHERE remarks_en IN (
    SELECT seeded.remarks_en FROM targets seeded JOIN plans ON plans.plan_id = seeded.plan_id WHERE plans.code = N'cchc-2022');
