-- The newest rate of each currency into US dollars at an instant, at most 5 days old.
WITH wanted AS
(
    SELECT DISTINCT currency, at
    FROM format(JSONCompactEachRow, 'currency String, at DateTime64(3, ''UTC'')', {wanted:String})
)
SELECT w.currency, w.at, r.rate, r.rate_at
FROM wanted AS w
ASOF INNER JOIN
(
    SELECT asset, at AS rate_at, argMax(price, (fetched_at, event_id, price)) AS rate
    FROM prices
    WHERE quote = 'iso4217:USD' AND asset IN (SELECT currency FROM wanted)
        AND at > (SELECT min(at) FROM wanted) - INTERVAL 5 DAY AND at <= (SELECT max(at) FROM wanted)
    GROUP BY asset, at
) AS r ON r.asset = w.currency AND r.rate_at <= w.at
WHERE r.rate_at > w.at - INTERVAL 5 DAY
SETTINGS output_format_json_quote_decimals = 1
