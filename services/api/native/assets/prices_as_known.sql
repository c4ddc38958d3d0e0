-- The newest price of each asset by source at an instant, as known at a time, and whether it was too old to value anything.
SELECT asset, quote, source, price, at, fetched_at, age_s, stale
FROM price_freshness_as_known(at = {at:DateTime64(3, 'UTC')}, known_at = {known_at:DateTime64(3, 'UTC')})
WHERE ({asset:String} = '' OR asset = {asset:String})
  AND (asset, quote, source) > ({after_asset:String}, {after_quote:String}, {after_source:String})
ORDER BY asset, quote, source
LIMIT {limit:UInt32}
