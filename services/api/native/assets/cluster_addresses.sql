-- The addresses of the clusters of one token at an instant, as known at a time: the view
-- cluster_addresses_as_known, in pages.
SELECT
    provider, toString(tenant) AS tenant, observed_at, cluster, position, address, amount, value_usd, share,
    average_holding_s, last_active_at, is_contract, is_exchange, is_kol, holder_rank
FROM cluster_addresses_as_known(at = {at:DateTime64(3, 'UTC')}, known_at = {known_at:DateTime64(3, 'UTC')})
WHERE tenant IN {tenants:Array(String)} AND token = {token:String}
  AND ({cluster:Nullable(UInt32)} IS NULL OR cluster = {cluster:Nullable(UInt32)})
  AND (provider, tenant, cluster, position) > ({after_provider:String}, {after_tenant:String}, {after_cluster:Int64}, {after_position:Int64})
ORDER BY provider, tenant, cluster, position
LIMIT {limit:UInt32}
