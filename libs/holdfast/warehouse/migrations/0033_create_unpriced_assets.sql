-- What is held now and has no value: by asset and reason, how many lines of which portfolios, and when anybody last
-- quoted it in US dollars (NULL: not in 35 days).
CREATE OR REPLACE VIEW unpriced_assets AS
SELECT
    l.tenant                                    AS tenant,
    l.asset                                     AS asset,
    any(l.symbol)                               AS symbol,
    l.reason                                    AS reason,
    uniqExact(l.source, l.line)                 AS lines,
    arraySort(groupUniqArray(l.portfolio))      AS portfolios,
    any(if(q.asset = '', NULL, q.at))           AS last_quoted_at
FROM latest_positions AS l
LEFT JOIN
(
    SELECT asset, max(price_freshness.at) AS at FROM price_freshness WHERE quote = 'iso4217:USD' GROUP BY asset
) AS q ON q.asset = l.asset
WHERE l.counted AND isNull(l.value_usd)
GROUP BY tenant, asset, reason
SETTINGS join_use_nulls = 0;
