-- The current snapshot of each source for each instant, newest first: of several the one fetched last, then the one
-- with the greatest id. Of those up to {since} only the last of each source. Only what has a row here is whole.
SELECT source, observed_at, snapshot_id, fetched, account, covering
FROM
(
    SELECT
        source, observed_at, snapshot_id,
        any(account) AS account, any(covers) AS covering, max(fetched_at) AS fetched
    FROM snapshots
    WHERE source IN {sources:Array(String)} AND observed_at <= {until:DateTime64(3, 'UTC')}
    GROUP BY source, observed_at, snapshot_id
)
ORDER BY source, observed_at DESC, fetched DESC, snapshot_id DESC
LIMIT 1 BY source, greatest(observed_at, {since:DateTime64(3, 'UTC')})
