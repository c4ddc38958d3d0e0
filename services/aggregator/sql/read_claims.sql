-- What sources have said of some instants so far: each turn of their claims, and what was taken back, which is behind all
-- that was fetched until then.
SELECT asset, toString(quote) AS quote, at, toString(source) AS source, toNullable(price) AS price, event_id, fetched_at, recorded_at
FROM prices
WHERE (asset, quote, at, source) IN
    (SELECT arrayJoin(arrayZip({assets:Array(String)}, {quotes:Array(String)}, {times:Array(DateTime64(3, 'UTC'))}, {sources:Array(String)})))
UNION ALL
SELECT asset, toString(quote), at, toString(source), NULL, concat('~', event_id), until, recorded_at
FROM price_withdrawals
WHERE (asset, quote, at, source) IN
    (SELECT arrayJoin(arrayZip({assets:Array(String)}, {quotes:Array(String)}, {times:Array(DateTime64(3, 'UTC'))}, {sources:Array(String)})))
SETTINGS output_format_json_quote_decimals = 1
