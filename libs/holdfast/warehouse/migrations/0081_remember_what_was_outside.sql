-- Whoever was told that a check is outside is told as well when what comes late takes that back: a report that was read
-- before the statement it is of. Its row has replaced that of before then, so it says of which version it takes the place.
ALTER TABLE source_checks ADD COLUMN IF NOT EXISTS outside_version UInt256 DEFAULT 0; -- that last judged it outside before; 0: none

CREATE OR REPLACE VIEW cross_check_history AS
SELECT * EXCEPT (version, outside_version) FROM source_checks FINAL;

CREATE OR REPLACE VIEW cross_checks AS
SELECT *
FROM cross_check_history
ORDER BY at DESC
LIMIT 1 BY tenant, source, kind, against, platform;
