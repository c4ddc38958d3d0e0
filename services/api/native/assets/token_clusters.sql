-- The clusters of watched tokens at an instant, as known at a time: the view token_clusters_as_known, in pages.
SELECT
    token, provider, toString(tenant) AS tenant, observed_at, cluster, amount, value_usd, share, trends, average_holding_s,
    pnl_usd, pnl_ratio, buy_volume_usd, average_buy_price_usd, sell_volume_usd, average_sell_price_usd, last_active_at,
    addresses
FROM token_clusters_as_known(at = {at:DateTime64(3, 'UTC')}, known_at = {known_at:DateTime64(3, 'UTC')})
WHERE tenant IN {tenants:Array(String)} AND ({token:Nullable(String)} IS NULL OR token = {token:Nullable(String)})
  AND (token, provider, tenant, cluster) > ({after_token:String}, {after_provider:String}, {after_tenant:String}, {after_cluster:Int64})
ORDER BY token, provider, tenant, cluster
LIMIT {limit:UInt32}
