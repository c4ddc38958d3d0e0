-- The snapshots of some sources that are the first behind any of these instants, each of its own.
WITH chain AS
(
    SELECT source, observed_at, snapshot_id, max(fetched_at) AS fetched, any(account) AS account, any(covers) AS covering
    FROM snapshots
    WHERE source IN {sources:Array(String)} AND observed_at <= {until:DateTime64(3, 'UTC')}
    GROUP BY source, observed_at, snapshot_id
    ORDER BY source, observed_at, fetched DESC, snapshot_id DESC
    LIMIT 1 BY source, observed_at
)
SELECT DISTINCT chain.source, chain.observed_at, chain.snapshot_id, chain.fetched, chain.account, chain.covering
FROM
(
    SELECT asker.1 AS source, arrayJoin(asker.2) AS instant
    FROM (SELECT arrayJoin(arrayZip({sources:Array(String)}, {own:Array(Array(DateTime64(3, 'UTC')))})) AS asker)
) AS asked
ASOF INNER JOIN chain ON asked.source = chain.source AND asked.instant < chain.observed_at
ORDER BY chain.source, chain.observed_at
