-- One point for each hour of a page, each the newest stored point at or before it: docs/sql.md, "an unbroken series".
WITH
    stored.portfolio != '' AS matched,
    matched AND NOT (stored.sources = 0 AND stored.sources_missing > 0) AS known
SELECT
    grid.bucket                               AS bucket,
    grid.bucket + INTERVAL 1 HOUR             AS valued_at,
    if(known, stored.assets, NULL)            AS assets,
    if(known, stored.debt, NULL)              AS debt,
    if(known, stored.net, NULL)               AS net,
    multiIf(
        NOT matched OR stored.fill = 'missing', 'missing',
        stored.bucket < grid.bucket, 'carried',
        stored.fill
    )                                         AS fill,
    toBool(matched AND stored.complete)       AS complete,
    if(matched, stored.lines_unpriced, NULL)  AS lines_unpriced,
    if(matched, stored.sources, NULL)         AS sources,
    if(matched, stored.sources_missing, NULL) AS sources_missing
FROM
(
    SELECT {portfolio:String} AS portfolio, {start:DateTime('UTC')} + toIntervalHour(number) AS bucket
    FROM numbers({points:UInt32})
) AS grid
ASOF LEFT JOIN
(
    SELECT portfolio, bucket, assets, debt, net, fill, complete, lines_unpriced, sources, sources_missing
    FROM value_series
    WHERE tenant = {tenant:String} AND portfolio = {portfolio:String}
      AND bucket < {start:DateTime('UTC')} + toIntervalHour({points:UInt32})
) AS stored
    ON stored.portfolio = grid.portfolio AND stored.bucket <= grid.bucket
ORDER BY bucket
