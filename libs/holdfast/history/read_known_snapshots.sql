-- As read_snapshots.sql, as known at a time: of each statement only the copies count that were recorded by then. A
-- snapshot that came in parts is known once the last of them is; its copies are those of its parts.
SELECT source, observed_at, snapshot_id, fetched, account, covering
FROM
(
    SELECT
        source, observed_at, snapshot_id,
        any(account) AS account, any(covers) AS covering,
        arrayMax(copy -> if(copy.2 <= {known_at:DateTime64(3, 'UTC')}, copy.1, toDateTime64(0, 3, 'UTC')),
            groupUniqArrayArray(copies)) AS fetched
    FROM snapshots
    WHERE source IN {sources:Array(String)} AND observed_at <= {until:DateTime64(3, 'UTC')}
        AND recorded_at <= {known_at:DateTime64(3, 'UTC')}
        AND (source, observed_at, snapshot_id) NOT IN (SELECT source, observed_at, snapshot_id FROM snapshot_parts)
    GROUP BY source, observed_at, snapshot_id
    UNION ALL
    SELECT source, observed_at, snapshot_id, account, covering, fetched
    FROM
    (
        SELECT source, observed_at, snapshot_id, any(account) AS account, any(covers) AS covering
        FROM snapshots
        WHERE source IN {sources:Array(String)} AND observed_at <= {until:DateTime64(3, 'UTC')}
            AND recorded_at <= {known_at:DateTime64(3, 'UTC')}
        GROUP BY source, observed_at, snapshot_id
    ) AS whole
    INNER JOIN
    (
        SELECT source, observed_at, snapshot_id, max(fetched_at) AS fetched
        FROM snapshot_parts
        WHERE source IN {sources:Array(String)} AND recorded_at <= {known_at:DateTime64(3, 'UTC')}
        GROUP BY source, observed_at, snapshot_id
    ) AS parts USING (source, observed_at, snapshot_id)
)
ORDER BY source, observed_at DESC, fetched DESC, snapshot_id DESC
LIMIT 1 BY source, greatest(observed_at, {since:DateTime64(3, 'UTC')})
