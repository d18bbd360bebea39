-- What a target counts, in both languages, and a note for those who report. remarks_en is no longer written: what a plan's own authors
-- wrote there is read as the note, what the seed files had there is removed.
ALTER TABLE targets ADD COLUMN numerator_en TEXT NULL;
ALTER TABLE targets ADD COLUMN denominator_en TEXT NULL;
ALTER TABLE targets ADD COLUMN exclusion_en TEXT NULL;
ALTER TABLE targets ADD COLUMN note_vi TEXT NULL;
ALTER TABLE targets ADD COLUMN note_en TEXT NULL;

UPDATE targets SET remarks_en = NULL WHERE remarks_en IN (
    SELECT seeded.remarks_en FROM targets seeded JOIN plans ON plans.plan_id = seeded.plan_id WHERE plans.code = 'cchc-2022');
