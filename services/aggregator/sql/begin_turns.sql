-- Turns that were taken for an earlier one told again, before something else that was said in between had come. What was
-- told last of a turn begins another if by then, of what its source says, something else had begun.
INSERT INTO prices (asset, quote, at, source, price, event_id, fetched_at, recorded_at, job_id, turn)
SELECT
    r.asset, r.quote, r.at, r.source, r.price, r.said.2 AS event_id, r.said.1 AS fetched_at,
    fromUnixTimestamp64Milli(toInt64(18446744073709551615 - r.said.3), 'UTC') AS recorded_at, r.said.4 AS job_id, r.said.1 AS turn
FROM
(
    SELECT asset, quote, at, source, price, fetched_at, event_id, max(told) AS said
    FROM price_retellings
    WHERE (asset, quote, at, source) IN
        (SELECT arrayJoin(arrayZip({assets:Array(String)}, {quotes:Array(String)}, {times:Array(DateTime64(3, 'UTC'))}, {sources:Array(String)})))
    GROUP BY asset, quote, at, source, price, fetched_at, event_id
) AS r
INNER JOIN
(
    SELECT asset, quote, at, source, price, fetched_at, event_id
    FROM prices
    WHERE (asset, quote, at, source) IN
        (SELECT arrayJoin(arrayZip({assets:Array(String)}, {quotes:Array(String)}, {times:Array(DateTime64(3, 'UTC'))}, {sources:Array(String)})))
) AS p ON p.asset = r.asset AND p.quote = r.quote AND p.at = r.at AND p.source = r.source
WHERE (p.fetched_at, p.event_id, p.price) <= (r.said.1, r.said.2, r.price)
GROUP BY r.asset, r.quote, r.at, r.source, r.price, r.said
HAVING argMax(p.price, (p.fetched_at, p.event_id, p.price)) != r.price
