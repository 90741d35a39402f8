-- By these keys records of gateways find spans. The audit writes them now, for many inserts of spans at once: a part for
-- each insert was a third of what ClickHouse did for it.
DROP VIEW IF EXISTS keys_of_spans;

-- A part with a file for every stream of every column takes ten times the work of one that is a single file, since each
-- is fsynced. Spans are read whole, so theirs stay single files; calls and audits, of which few columns are asked for,
-- while they are small. And merging more parts at once merges each row less often.
ALTER TABLE spans MODIFY SETTING min_bytes_for_wide_part = 1073741824, merge_selector_base = 10;
ALTER TABLE calls MODIFY SETTING min_bytes_for_wide_part = 134217728, merge_selector_base = 10;
ALTER TABLE audits MODIFY SETTING min_bytes_for_wide_part = 134217728, merge_selector_base = 10;
