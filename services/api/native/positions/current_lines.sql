-- The lines of these snapshots after a position in them, by primary key, as they are stored: what the view
-- latest_positions says of whether one counts, and why not, is worked out of this. What is read around them is of other
-- times: to compare those first takes less than to look three texts up for each.
SELECT
    source,
    line,
    splitByChar('/', source)[3]               AS account,
    splitByChar('/', source)[2]               AS provider,
    splitByChar('/', source)[4]               AS scope,
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
    nullIf(price_source, '')                  AS price_source,
    price_at,
    nullIf(reason, '')                        AS reason,
    truncated,
    observed_at,
    priced_by
FROM balances FINAL
PREWHERE observed_at IN tupleElement({snapshots:Array(Tuple(String, DateTime64(3, 'UTC'), String))}, 2)
WHERE (source, observed_at, snapshot_id) IN {snapshots:Array(Tuple(String, DateTime64(3, 'UTC'), String))}
  AND (source, line) > ({after_source:String}, {after_line:Int64})
ORDER BY source, line
LIMIT {limit:UInt32}
