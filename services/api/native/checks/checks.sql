-- How the cross-checks of some accounts stand: the view cross_checks, asked by tenant.
SELECT
    source, kind, against, platform, at, since, account, ours_at,
    ours, theirs, currency, stated, rate_at, difference, ratio, tolerance,
    verdict, if(reason = '', NULL, reason) AS reason, lines_unpriced, if(asset = '', NULL, asset) AS asset, asset_difference
FROM
(
    SELECT *
    FROM source_checks FINAL
    WHERE tenant = {tenant:String} AND account IN {accounts:Array(String)}
      AND (source, kind, against, platform) > ({after_source:String}, {after_kind:String}, {after_against:String}, {after_platform:String})
    ORDER BY at DESC
    LIMIT 1 BY source, kind, against, platform
)
WHERE {verdict:String} = '' OR verdict = {verdict:String}
ORDER BY source, kind, against, platform
LIMIT {limit:UInt32}
