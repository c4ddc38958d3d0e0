-- One point for each bucket of a range, each the newest stored hour at or before the bucket's end: the one before the
-- range seeds the first, and what is not observed is carried. Nothing stored yet has no row on the right.
WITH stored.portfolio != '' AS matched
SELECT
    grid.bucket                                                                         AS bucket,
    if(matched AND NOT (stored.sources = 0 AND stored.sources_missing > 0), stored.net, NULL) AS net,
    toBool(matched)                                                                     AS seen,
    toBool(matched AND (stored.lines_unpriced > 0 OR stored.sources_missing > 0))       AS partial
FROM
(
    SELECT
        {portfolio:String}                                              AS portfolio,
        toDateTime(number, 'UTC')                                       AS bucket,
        bucket + toIntervalSecond({step_s:UInt32}) - toIntervalHour(1)  AS last_hour
    FROM numbers({start_s:UInt64}, {length_s:UInt64}, {step_s:UInt64})
) AS grid
ASOF LEFT JOIN
(
    SELECT portfolio, bucket, net, lines_unpriced, sources, sources_missing
    FROM value_series
    WHERE tenant = {tenant:String} AND portfolio = {portfolio:String}
      AND bucket < toDateTime({start_s:UInt64} + {length_s:UInt64}, 'UTC')
) AS stored
    ON stored.portfolio = grid.portfolio AND stored.bucket <= grid.last_hour
ORDER BY bucket
