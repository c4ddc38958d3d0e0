-- How much has been said of rates, by pair and instant: claims, and claims that were taken back. Only grows.
SELECT asset, quote, at, sum(said) AS told
FROM
(
    SELECT asset, toString(quote) AS quote, at, uniqExact(source, event_id, price, fetched_at) AS said
    FROM prices
    WHERE (asset, quote) IN {pairs:Array(Tuple(String, String))}
        AND at >= {since:DateTime64(3, 'UTC')} AND at <= {until:DateTime64(3, 'UTC')} AND NOT endsWith(source, {but:String})
    GROUP BY asset, quote, at
    UNION ALL
    SELECT asset, toString(quote), at, uniqExact(source, fetched_at)
    FROM withdrawn_prices
    WHERE (asset, quote) IN {pairs:Array(Tuple(String, String))}
        AND at >= {since:DateTime64(3, 'UTC')} AND at <= {until:DateTime64(3, 'UTC')} AND NOT endsWith(source, {but:String})
    GROUP BY asset, quote, at
)
GROUP BY asset, quote, at
ORDER BY at
