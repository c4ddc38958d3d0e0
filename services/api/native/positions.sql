-- The lines of these snapshots after a position in them: the view latest_positions for one portfolio, asked by
-- primary key.
SELECT
    source,
    line,
    account,
    provider,
    scope,
    asset,
    symbol,
    asset_type,
    asset_class,
    chain,
    platform,
    position,
    kind,
    side,
    amount,
    price_usd,
    value_usd,
    if(price_source = '', NULL, price_source) AS price_source,
    price_at,
    if(verdict = '', NULL, verdict) AS reason,
    counted,
    truncated,
    observed_at
FROM
(
    SELECT
        b.* EXCEPT (currency, stated_price, stated_value, priced_by, version, reason),
        splitByChar('/', source)[2] AS provider,
        splitByChar('/', source)[3] AS account,
        splitByChar('/', source)[4] AS scope,
        multiIf(
            kind = 'wallet' AND (source, ifNull(asset, '')) IN {receipts:Array(Tuple(String, String))},
            'receipt_token',
            b.reason IN ('no_price', 'stale') AND priced_by != '' AND hasAny(
                (SELECT groupUniqArray(asset) FROM throttled_prices WHERE since <= now64(3) AND now64(3) < until),
                [toString(priced_by), '*']),
            'rate_limited',
            b.reason
        ) AS why,
        why != 'receipt_token' AND has({excluded:Array(String)}, ifNull(asset, '')) AS ruled_out,
        if(ruled_out, 'excluded', why) AS verdict,
        toBool(why != 'receipt_token' AND NOT ruled_out) AS counted
    FROM balances AS b FINAL
    WHERE (source, observed_at, snapshot_id) IN {snapshots:Array(Tuple(String, DateTime64(3, 'UTC'), String))}
      AND (source, line) > ({after_source:String}, {after_line:Int64})
)
ORDER BY source, line
LIMIT {limit:UInt32}
