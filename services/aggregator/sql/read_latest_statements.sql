-- The newest statement of every source of portfolios at certain revisions.
SELECT source, observed_at, fetched_at, snapshot_id, covers
FROM latest_snapshots FINAL
WHERE source IN
(
    SELECT source
    FROM registry_portfolio_sources
    WHERE (tenant, portfolio, revision) IN
    (
        SELECT tenant, portfolio, revision
        FROM format(JSONCompactEachRow, 'tenant String, portfolio String, revision UInt64', {revisions:String})
    )
)
