-- One point for each bucket of a page, each the newest stored hour at or before its end: docs/sql.md, "an unbroken
-- series". What was observed last before the bucket is carried; nothing stored yet has no row on the right.
WITH
    stored.portfolio != '' AS matched,
    matched AND NOT (stored.sources = 0 AND stored.sources_missing > 0) AS known
SELECT
    toDateTime(grid.start_s, 'UTC')              AS bucket,
    if(known, stored.assets, NULL)               AS assets,
    if(known, stored.debt, NULL)                 AS debt,
    multiIf(
        NOT matched OR stored.sources_missing > 0, 'missing',
        if(stored.sources = 0, toDateTime64(stored.bucket, 3, 'UTC'), stored.oldest_input) >= bucket, 'observed',
        'carried'
    )                                            AS fill,
    toBool(matched)                              AS stored_at_all,
    stored.lines                                 AS lines,
    stored.lines_unpriced                        AS lines_unpriced,
    stored.lines_excluded                        AS lines_excluded,
    stored.lines_truncated                       AS lines_truncated,
    stored.sources                               AS sources,
    stored.sources_missing                       AS sources_missing,
    stored.reasons                               AS reasons,
    stored.oldest_input                          AS oldest_input,
    stored.as_of                                 AS newest_input
FROM
(
    SELECT
        {portfolio:String} AS portfolio,
        edges.1 AS start_s,
        least(toDateTime(edges.2 - 3600, 'UTC'), {newest:DateTime('UTC')}) AS last_hour
    FROM (SELECT arrayJoin(arrayZip({starts_s:Array(UInt32)}, {ends_s:Array(UInt32)})) AS edges)
) AS grid
ASOF LEFT JOIN
(
    SELECT
        portfolio, bucket, assets, debt, lines, lines_unpriced, lines_excluded, lines_truncated, sources,
        sources_missing, reasons, oldest_input, as_of
    FROM value_series
    WHERE tenant = {tenant:String} AND portfolio = {portfolio:String} AND bucket <= {newest:DateTime('UTC')}
      AND bucket < toDateTime(arrayMax({ends_s:Array(UInt32)}), 'UTC')
) AS stored
    ON stored.portfolio = grid.portfolio AND stored.bucket <= grid.last_hour
ORDER BY bucket
