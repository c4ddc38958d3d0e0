-- Of what asks some feeds for prices, which are refused at this moment for asking too often; '*' is all of them.
SELECT DISTINCT asset
FROM throttled_prices
WHERE since <= now64(3) AND now64(3) < until AND asset IN {assets:Array(String)}
