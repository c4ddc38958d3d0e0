-- The lines of these snapshots that a DeFi listing shows: everything but plain wallet balances and what rules leave out.
SELECT
    source,
    splitByChar('/', source)[3]                       AS account,
    asset,
    symbol,
    chain,
    platform,
    position,
    kind,
    side,
    amount,
    value_usd
FROM balances FINAL
WHERE (source, observed_at, snapshot_id) IN {snapshots:Array(Tuple(String, DateTime64(3, 'UTC'), String))}
  AND (kind != 'wallet' OR platform != '')
  AND NOT has({excluded:Array(String)}, ifNull(asset, ''))
ORDER BY source, line
