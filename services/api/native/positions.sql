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
    toBool(verdict != 'receipt_token') AS counted,
    truncated,
    observed_at
FROM
(
    SELECT
        b.* EXCEPT (currency, stated_price, stated_value, priced_by, version),
        splitByChar('/', source)[2] AS provider,
        splitByChar('/', source)[3] AS account,
        splitByChar('/', source)[4] AS scope,
        if(
            kind = 'wallet' AND (source, ifNull(asset, '')) IN {receipts:Array(Tuple(String, String))},
            'receipt_token',
            reason
        ) AS verdict
    FROM balances AS b FINAL
    WHERE (source, observed_at, snapshot_id) IN {snapshots:Array(Tuple(String, DateTime64(3, 'UTC'), String))}
      AND (source, line) > ({after_source:String}, {after_line:Int64})
)
ORDER BY source, line
LIMIT {limit:UInt32}
