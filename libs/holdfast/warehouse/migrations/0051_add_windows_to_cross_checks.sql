-- Returns are held against each other over a window, from one report of a provider to a later one: kind
-- `reported_return`. `since` is the window's start, `ours` and `theirs` are what was gained in it, `stated` is the whole
-- return that they stated at its end, and `ratio` is of what was at work, if that is the greater.
ALTER TABLE source_checks ADD COLUMN IF NOT EXISTS since Nullable(DateTime64(3, 'UTC'));

CREATE OR REPLACE VIEW cross_check_history AS
SELECT * EXCEPT (version) FROM source_checks FINAL;

CREATE OR REPLACE VIEW cross_checks AS
SELECT *
FROM cross_check_history
ORDER BY at DESC
LIMIT 1 BY tenant, source, kind, against, platform;
