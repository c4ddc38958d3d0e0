-- The addresses of one statement's clusters, as they were listed.
SELECT
    cluster, address, amount, value_usd, share, average_holding_s, toUnixTimestamp64Milli(last_active_at) AS last_active_ms,
    is_contract, is_exchange, is_kol, holder_rank
FROM cluster_addresses FINAL
WHERE tenant = {tenant:String}
  AND token = {token:String}
  AND provider = {provider:String}
  AND observed_at = {observed_at:DateTime64(3, 'UTC')}
  AND event_id = {event_id:String}
ORDER BY cluster, position
