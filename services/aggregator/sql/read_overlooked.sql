-- What was stored of some places before something that counts there was, where prices have been taken back.
--
-- `withdrawn_at` null: turns that were taken for an earlier one told again, before something else that was said in between
-- had come. What was told last of a turn begins another if by then, of what its source says, something else had begun, or
-- all had been taken back. Else: claims that were taken back, and since when that is known.
WITH
asked AS
(
    SELECT arrayJoin(arrayZip({assets:Array(String)}, {quotes:Array(String)}, {times:Array(DateTime64(3, 'UTC'))}, {sources:Array(String)})) AS place
),
withdrawals AS
(
    SELECT asset, quote, at, source, until, event_id, recorded_at FROM price_withdrawals
    WHERE (asset, quote, at, source) IN (SELECT place FROM asked)
)
SELECT
    r.asset AS asset, toString(r.quote) AS quote, r.at AS at, toString(r.source) AS source, r.price AS price,
    r.said.2 AS event_id, r.said.1 AS fetched_at,
    fromUnixTimestamp64Milli(toInt64(18446744073709551615 - r.said.3), 'UTC') AS recorded_at, r.said.4 AS job_id,
    CAST(NULL, 'Nullable(DateTime64(3, ''UTC''))') AS withdrawn_at
FROM
(
    SELECT asset, quote, at, source, price, fetched_at, event_id, max(told) AS said
    FROM price_retellings
    WHERE (asset, quote, at, source) IN (SELECT place FROM asked)
    GROUP BY asset, quote, at, source, price, fetched_at, event_id
) AS r
INNER JOIN
(
    SELECT asset, quote, at, source, price, fetched_at, event_id
    FROM prices
    WHERE (asset, quote, at, source) IN (SELECT place FROM asked)
    UNION ALL
    SELECT asset, quote, at, source, toDecimal256(-1, 36), until, concat('~', event_id) -- no price is below zero
    FROM withdrawals
) AS p ON p.asset = r.asset AND p.quote = r.quote AND p.at = r.at AND p.source = r.source
WHERE (p.fetched_at, p.event_id, p.price) <= (r.said.1, r.said.2, r.price)
GROUP BY r.asset, r.quote, r.at, r.source, r.price, r.said
HAVING argMax(p.price, (p.fetched_at, p.event_id, p.price)) != r.price
UNION ALL
SELECT
    p.asset, toString(p.quote), p.at, toString(p.source), any(p.price), '', p.fetched_at, min(p.recorded_at), '',
    toNullable(min(w.recorded_at))
FROM prices AS p
INNER JOIN withdrawals AS w ON w.asset = p.asset AND w.quote = p.quote AND w.at = p.at AND w.source = p.source
WHERE (p.asset, p.quote, p.at, p.source) IN (SELECT asset, quote, at, source FROM withdrawals) AND p.fetched_at <= w.until
GROUP BY p.asset, p.quote, p.at, p.source, p.fetched_at
SETTINGS output_format_json_quote_decimals = 1
