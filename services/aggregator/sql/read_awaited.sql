-- Of some sources those with transfers up to an instant that are not known for what they are: no statement follows, or not
-- every block from then up to it is known.
WITH known AS
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
            WHERE source IN {sources:Array(String)}
        )
    )
    GROUP BY source, stretch
)
SELECT DISTINCT source
FROM known
WHERE since <= {until:DateTime64(3, 'UTC')} AND source NOT IN
(
    SELECT n.source
    FROM
    (
        SELECT source, argMin(block_number, observed_at) AS number
        FROM snapshots
        WHERE source IN (SELECT source FROM known) AND observed_at > {until:DateTime64(3, 'UTC')}
        GROUP BY source
    ) AS n
    INNER JOIN known AS k ON k.source = n.source
    WHERE n.number > k.after AND n.number <= k.until AND k.since <= {until:DateTime64(3, 'UTC')}
)
ORDER BY source
