-- Which checks rates that were just stored may change: of what was stated in another currency, from a rate's own instant
-- on for as long as it serves, where no rate was found or an older one. The newest {most} of them. A rate of no
-- currency of its own ('') may be a part of the path from any.
WITH rates AS
(
    SELECT DISTINCT currency, at
    FROM format(JSONCompactEachRow, 'currency String, at DateTime64(3, ''UTC'')', {rates:String})
)
SELECT DISTINCT c.source AS source, c.at AS at
FROM
(
    SELECT source, at, said.1 AS rate_at, arrayJoin([toString(stated_in), '']) AS currency
    FROM
    (
        SELECT source, at, any(currency) AS stated_in, argMax(tuple(rate_at), version) AS said
        FROM source_checks
        WHERE currency NOT IN ('', 'iso4217:USD')
            AND at >= (SELECT min(at) FROM rates)
            AND at <= (SELECT max(at) FROM rates) + toIntervalSecond({age_s:UInt32})
        GROUP BY tenant, source, kind, against, platform, at
    )
) AS c
ASOF INNER JOIN rates AS r ON r.currency = c.currency AND r.at <= c.at
WHERE c.at <= r.at + toIntervalSecond({age_s:UInt32}) AND (isNull(c.rate_at) OR c.rate_at < r.at)
ORDER BY at DESC
LIMIT {most:UInt32}
