-- How many lines each source has stated in each month.
SELECT source, toStartOfMonth(observed_at) AS month, sum(count) AS stated
FROM
(
    SELECT source, observed_at, snapshot_id, any(lines) AS count
    FROM snapshots
    WHERE {everything:Bool} OR source IN {sources:Array(String)}
    GROUP BY source, observed_at, snapshot_id
)
GROUP BY source, month
ORDER BY month, source
