-- The clusters of one statement, as they were listed.
SELECT
    cluster, amount, value_usd, share, trends, average_holding_s, pnl_usd, pnl_ratio, buy_volume_usd,
    average_buy_price_usd, sell_volume_usd, average_sell_price_usd, toUnixTimestamp64Milli(last_active_at) AS last_active_ms
FROM token_clusters FINAL
WHERE tenant = {tenant:String}
  AND token = {token:String}
  AND provider = {provider:String}
  AND observed_at = {observed_at:DateTime64(3, 'UTC')}
  AND event_id = {event_id:String}
ORDER BY cluster
