-- What sources stated in a span of time, and the last thing each said before it unless that is too early. Of several
-- statements for one instant the one fetched last is current, whatever order they came in.
SELECT
    source,
    tupleElement(argMax(tuple(observed_at, fetched, snapshot_id, covering), (observed_at, fetched, snapshot_id)) AS best, 1),
    best.2, best.3, best.4
FROM
(
    SELECT source, observed_at, snapshot_id, max(fetched_at) AS fetched, any(covers) AS covering
    FROM snapshots
    WHERE source IN (SELECT arrayJoin(JSONExtract({sources:String}, 'Array(String)')))
        AND observed_at >= {earliest:DateTime64(3, 'UTC')} AND observed_at < {until:DateTime64(3, 'UTC')}
    GROUP BY source, observed_at, snapshot_id
)
GROUP BY source, greatest(observed_at, {since:DateTime64(3, 'UTC')} - toIntervalMillisecond(1))
