-- The greatest holders of one statement, the fewest first.
SELECT
    holders, amount, share, trends, average_holding_s, average_pnl_usd, average_buy_price_usd, average_buy_distance,
    average_sell_price_usd, average_sell_distance
FROM top_holders FINAL
WHERE tenant = {tenant:String}
  AND token = {token:String}
  AND provider = {provider:String}
  AND observed_at = {observed_at:DateTime64(3, 'UTC')}
  AND event_id = {event_id:String}
ORDER BY holders
