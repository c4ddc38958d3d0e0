-- Notes of the statements that closed days wait for (read_awaited.sql), once each block from the end of the day up to
-- them is known. One note of a statement and of where its stretch of known blocks begins (of tokens, or of the coin),
-- however often it is written: a day that goes on waiting is looked at again when either is another.
INSERT INTO late_inputs (kind, key, at, place, identity, first, last)
WITH
waiting AS
(
    SELECT DISTINCT arrayJoin(awaits) AS source, toDateTime64(day + 1, 3, 'UTC') AS until
    FROM closed_days FINAL
    WHERE span = 'all' AND day >= {earliest:Date}
),
following AS
(
    SELECT source, observed_at, assumeNotNull(max(block_number)) AS number
    FROM snapshots
    WHERE source IN (SELECT source FROM waiting) AND observed_at > (SELECT min(until) FROM waiting) AND isNotNull(block_number)
    GROUP BY source, observed_at
)
SELECT
    'source', found.source, found.until, 'awaited',
    concat(toString(found.observed_at), ' ', toString(k.after_number), if(k.assets = 'coin', ' coin', '')),
    now64(3), now64(3)
FROM
(
    SELECT w.source AS source, w.until AS until, f.observed_at AS observed_at, f.number AS number
    FROM waiting AS w
    ASOF INNER JOIN following AS f ON f.source = w.source AND w.until < f.observed_at
) AS found
INNER JOIN transfer_coverage AS k ON k.source = found.source
WHERE k.source IN (SELECT source FROM waiting) AND k.after_time <= found.until
    AND found.number > k.after_number AND found.number <= k.until_number
