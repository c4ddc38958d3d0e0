-- The newest price of each asset by source, and whether it is too old to value anything.
SELECT asset, quote, source, price, at, fetched_at, age_s, stale
FROM price_freshness
WHERE ({asset:String} = '' OR asset = {asset:String})
  AND (asset, quote, source) > ({after_asset:String}, {after_quote:String}, {after_source:String})
ORDER BY asset, quote, source
LIMIT {limit:UInt32}
