-- What stands of some instants, and which fetch told it last: of those that were asked for, and of all of which some
-- fetches brought a price. What was only told again is not in `prices`.
WITH
asked AS
(
    SELECT arrayJoin({places:Array(Tuple(String, String, DateTime64(3, 'UTC'), String))}) AS place
    UNION DISTINCT
    SELECT (asset, toString(quote), at, toString(source)) FROM prices WHERE job_id IN {jobs:Array(String)}
    UNION DISTINCT
    SELECT (asset, toString(quote), at, toString(source)) FROM price_retellings WHERE tupleElement(told, 4) IN {jobs:Array(String)}
),
standing AS
(
    SELECT asset, quote, at, source, argMax((price, fetched_at, event_id, job_id), (fetched_at, event_id, price)) AS claim
    FROM prices
    WHERE (asset, quote, at, source) IN (SELECT place FROM asked)
        AND (asset, quote, at, source, fetched_at) NOT IN
            (SELECT asset, quote, at, source, fetched_at FROM withdrawn_prices)
    GROUP BY asset, quote, at, source
),
retold AS
(
    SELECT asset, quote, at, source, price, fetched_at, event_id, max(told) AS last
    FROM price_retellings
    WHERE (asset, quote, at, source) IN (SELECT place FROM asked)
    GROUP BY asset, quote, at, source, price, fetched_at, event_id
)
SELECT
    s.asset AS asset, toString(s.quote) AS quote, s.at AS at, toString(s.source) AS source, s.claim.1 AS price,
    if(r.last.1 > s.claim.2, (r.last.1, r.last.4), (s.claim.2, s.claim.4)) AS told
FROM standing AS s
LEFT JOIN retold AS r ON r.asset = s.asset AND r.quote = s.quote AND r.at = s.at AND r.source = s.source
    AND r.price = s.claim.1 AND r.fetched_at = s.claim.2 AND r.event_id = s.claim.3
SETTINGS join_use_nulls = 0
