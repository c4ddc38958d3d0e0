-- How many counted lines of these snapshots have no price while the feed of it is refused for asking too often.
SELECT toString(reason) AS reason, count() AS lines
FROM balances FINAL
WHERE (source, observed_at, snapshot_id) IN {snapshots:Array(Tuple(String, DateTime64(3, 'UTC'), String))}
  AND NOT (kind = 'wallet' AND (source, ifNull(asset, '')) IN {receipts:Array(Tuple(String, String))})
  AND NOT has({excluded:Array(String)}, ifNull(asset, ''))
  AND reason IN ('no_price', 'stale') AND priced_by != ''
  AND hasAny(
      (SELECT groupUniqArray(asset) FROM throttled_prices WHERE since <= {at:DateTime64(3, 'UTC')} AND {at:DateTime64(3, 'UTC')} < until),
      [toString(priced_by), '*'])
GROUP BY reason
