-- The instants at which a source's statement is not about the same holdings as the one before, or stands for other
-- receipt tokens, and whether it is the latter. Statements without a digest are taken for changed.
SELECT source, observed_at, toBool(covering != covering_before) AS covers
FROM
(
    SELECT
        source, observed_at, holdings, covering,
        lagInFrame(holdings, 1, '?') OVER one_after_another AS holdings_before,
        lagInFrame(covering) OVER one_after_another AS covering_before
    FROM
    (
        SELECT
            source, observed_at, snapshot_id, max(fetched_at) AS fetched, max(holdings) AS holdings,
            arraySort(any(covers)) AS covering
        FROM snapshots
        WHERE source IN {sources:Array(String)} AND observed_at <= {until:DateTime64(3, 'UTC')}
        GROUP BY source, observed_at, snapshot_id
        ORDER BY source, observed_at, fetched DESC, snapshot_id DESC
        LIMIT 1 BY source, observed_at
    )
    WINDOW one_after_another AS (PARTITION BY source ORDER BY observed_at ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)
)
WHERE holdings = '' OR holdings != holdings_before OR covering != covering_before
ORDER BY source, observed_at
