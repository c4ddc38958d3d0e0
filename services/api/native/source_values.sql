-- How much of the value, assets and debt alike, and how many counted lines come from each source.
SELECT
    source,
    sum(ifNull(value_usd, toDecimal256(0, 36))) AS gross,
    count()                                     AS lines,
    countIf(reason = 'stale')                   AS lines_stale
FROM balances FINAL
WHERE (source, observed_at, snapshot_id) IN {snapshots:Array(Tuple(String, DateTime64(3, 'UTC'), String))}
  AND NOT (kind = 'wallet' AND (source, ifNull(asset, '')) IN {receipts:Array(Tuple(String, String))})
GROUP BY source
