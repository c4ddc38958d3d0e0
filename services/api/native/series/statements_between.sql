-- What sources stated in a span of time, and the last thing each said before it. Of several statements for one
-- instant the one fetched last is current, whatever order they came in.
SELECT source, best.1 AS at, best.3 AS snapshot_id, best.4 AS covers
FROM
(
    SELECT
        source,
        argMax(tuple(observed_at, fetched, snapshot_id, covering), (observed_at, fetched, snapshot_id)) AS best
    FROM
    (
        SELECT source, observed_at, snapshot_id, max(fetched_at) AS fetched, any(covers) AS covering
        FROM snapshots
        WHERE source IN {sources:Array(String)} AND observed_at <= {until:DateTime64(3, 'UTC')}
        GROUP BY source, observed_at, snapshot_id
    )
    GROUP BY source, greatest(observed_at, {since:DateTime64(3, 'UTC')})
)
ORDER BY source, at
