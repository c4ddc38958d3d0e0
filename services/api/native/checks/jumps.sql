-- The jumps of one portfolio, newest first: the view portfolio_jumps, asked by primary key.
SELECT
    j.bucket AS bucket, j.bucket_before AS bucket_before, j.net AS net, j.net_before AS net_before,
    j.net - j.net_before AS moved, j.ratio AS ratio, j.allowed AS allowed,
    if(j.asset = '', NULL, j.asset) AS asset, j.cause AS cause,
    j.asset_value AS asset_value, j.asset_value_before AS asset_value_before,
    if(j.price_source = '', NULL, j.price_source) AS price_source,
    if(j.price_source_before = '', NULL, j.price_source_before) AS price_source_before
FROM
(
    SELECT *
    FROM jumps FINAL
    WHERE tenant = {tenant:String} AND portfolio = {portfolio:String}
      AND bucket < {before:DateTime('UTC')} AND bucket >= {since:DateTime('UTC')}
) AS j
INNER JOIN
(
    SELECT
        bucket, version,
        lagInFrame(bucket) OVER before AS bucket_before,
        lagInFrame(version) OVER before AS version_before
    FROM portfolio_totals FINAL
    WHERE tenant = {tenant:String} AND portfolio = {portfolio:String}
    WINDOW before AS (ORDER BY bucket ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
) AS p ON p.bucket = j.bucket AND p.version = j.version
    AND p.bucket_before = j.bucket_before AND p.version_before = j.version_before
ORDER BY bucket DESC
LIMIT {limit:UInt32}
