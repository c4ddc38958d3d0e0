-- Notes of the statements that closed days wait for (read_awaited.sql), once each block from the end of the day up to
-- them is known. One note of a statement and of where its stretch of known blocks begins, however often it is written: a
-- day that goes on waiting is looked at again when either is another.
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
),
known AS
(
    SELECT source, min(after_number) AS after, max(until_number) AS until, min(after_time) AS since
    FROM
    (
        SELECT
            *,
            sum(after_number > reached)
                OVER (PARTITION BY source ORDER BY after_number, until_number ROWS UNBOUNDED PRECEDING) AS stretch
        FROM
        (
            SELECT
                source, after_number, until_number, after_time,
                max(until_number) OVER (
                    PARTITION BY source ORDER BY after_number, until_number ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
                ) AS reached
            FROM transfer_ranges
            WHERE source IN (SELECT source FROM waiting)
        )
    )
    GROUP BY source, stretch
)
SELECT
    'source', found.source, found.until, 'awaited', concat(toString(found.observed_at), ' ', toString(k.after)), now64(3), now64(3)
FROM
(
    SELECT w.source AS source, w.until AS until, f.observed_at AS observed_at, f.number AS number
    FROM waiting AS w
    ASOF INNER JOIN following AS f ON f.source = w.source AND w.until < f.observed_at
) AS found
INNER JOIN known AS k ON k.source = found.source
WHERE found.number > k.after AND found.number <= k.until AND k.since <= found.until
