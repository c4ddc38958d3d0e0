-- Of which tokens these sources could not say how much there is (nor do they with an amount of 0 and a value), in a
-- statement that stands (no better copy of it is there) while they are members; null where they stated a value of no
-- token.
WITH
    stated AS
    (
        SELECT source, observed_at, argMax(snapshot_id, (fetched_at, snapshot_id)) AS snapshot_id
        FROM snapshots
        WHERE source IN {sources:Array(String)} AND observed_at <= {until:DateTime64(3, 'UTC')}
        GROUP BY source, observed_at
    ),
    stands AS
    (
        SELECT
            source, observed_at, snapshot_id,
            leadInFrame(observed_at, 1, toDateTime64('2200-01-01', 3, 'UTC')) OVER
                (PARTITION BY source ORDER BY observed_at ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS ends
        FROM stated
    ),
    seen AS
    (
        SELECT source, observed_at, snapshot_id
        FROM stands
        WHERE arrayExists(
            (of, since, until) -> of = source AND since < ends AND observed_at < until,
            {sources:Array(String)}, {since:Array(DateTime64(3, 'UTC'))}, {ends:Array(DateTime64(3, 'UTC'))}
        )
    )
SELECT DISTINCT source, asset
FROM balances
WHERE (source, observed_at, snapshot_id) IN (SELECT source, observed_at, snapshot_id FROM seen)
  AND (amount IS NULL OR (amount = 0 AND value_usd != 0))
  AND reason NOT IN {left_out:Array(String)}
