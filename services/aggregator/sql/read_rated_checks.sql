-- Which checks rates that were just stored, or taken back, may change: of what was stated in another currency, from a
-- rate's own instant on for as long as it serves, where no rate was found or an older one, or this very one if it was
-- taken back or there are several claims of it. The newest {most} of them. A rate of no currency of its own ('') may be a
-- part of the path from any.
WITH
told AS
(
    SELECT *
    FROM format(JSONCompactEachRow,
        'currency String, asset String, quote String, at DateTime64(3, ''UTC''), taken_back Bool', {rates:String})
),
rates AS
(
    SELECT currency, at, max(taken_back OR (asset, quote, at) IN
    (
        SELECT asset, toString(quote), at
        FROM prices
        WHERE (asset, quote, at) IN (SELECT asset, quote, at FROM told)
        GROUP BY asset, quote, at
        HAVING uniqExact(source, price) > 1
    )) AS is_another
    FROM told
    GROUP BY currency, at
)
SELECT DISTINCT c.source AS source, c.at AS at
FROM
(
    SELECT source, at, said.1 AS rate_at, arrayJoin([said.2, '']) AS currency
    FROM
    (
        SELECT source, at, argMax((rate_at, toString(currency)), version) AS said
        FROM source_checks
        WHERE currency NOT IN ('', 'iso4217:USD')
            AND at >= (SELECT min(at) FROM rates)
            AND at <= (SELECT max(at) FROM rates) + toIntervalSecond({age_s:UInt32})
        GROUP BY tenant, source, kind, against, platform, at
    )
) AS c
ASOF INNER JOIN rates AS r ON r.currency = c.currency AND r.at <= c.at
WHERE c.at <= r.at + toIntervalSecond({age_s:UInt32}) AND (isNull(c.rate_at) OR c.rate_at < r.at OR c.rate_at = r.at AND r.is_another)
ORDER BY at DESC
LIMIT {most:UInt32}
