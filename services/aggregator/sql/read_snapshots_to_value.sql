-- Snapshots with lines that new prices may change: those observed from a price's own time on until the asset's
-- next price, and no longer than a price is looked for.
--
-- A price that only repeats what an earlier event said, and that nobody contradicts, changes nothing: the earlier event's
-- batch answers for it, and is not acknowledged before it has. What was taken back hides no price before it.
WITH
claims AS MATERIALIZED
(
    SELECT asset, at
    FROM prices
    WHERE quote = 'iso4217:USD' AND (asset, at) IN
        (SELECT arrayJoin(arrayZip({assets:Array(String)}, {times:Array(DateTime64(3, 'UTC'))})))
    GROUP BY asset, at
    HAVING uniqExact(source, price, fetched_at) > 1
        OR has({events:Array(String)}, argMin(event_id, (recorded_at, event_id))) OR has({taken_back:Array(String)}, asset)
),
spans AS MATERIALIZED
(
    SELECT
        claims.asset AS asset, claims.at AS since,
        if(n.at = toDateTime64(0, 3, 'UTC'),
            claims.at + toIntervalSecond({age_s:UInt32}),
            least(n.at, claims.at + toIntervalSecond({age_s:UInt32}))) AS until
    FROM claims
    ASOF LEFT JOIN
    (
        SELECT DISTINCT asset, at FROM prices
        WHERE quote = 'iso4217:USD' AND asset IN (SELECT asset FROM claims) AND at > (SELECT min(at) FROM claims)
            AND (NOT {any_withdrawn:Bool} OR (asset, quote, at, source, fetched_at) NOT IN
                (SELECT asset, quote, at, source, fetched_at FROM withdrawn_prices WHERE asset IN {assets:Array(String)}))
    ) AS n ON claims.asset = n.asset AND claims.at < n.at
)
SELECT DISTINCT
    s.source AS source, s.observed_at AS observed_at, s.snapshot_id AS snapshot_id, s.priced_by AS asset,
    s.observed_at <= toStartOfDay(now('UTC')) AS is_past -- as late_inputs has it
FROM
(
    SELECT source, observed_at, snapshot_id, priced_by
    FROM priced_snapshots
    WHERE priced_by IN (SELECT asset FROM claims)
        AND observed_at >= (SELECT min(since) FROM spans) AND observed_at < (SELECT max(until) FROM spans)
) AS s
INNER JOIN spans ON s.priced_by = spans.asset
WHERE s.observed_at >= spans.since AND s.observed_at < spans.until
SETTINGS enable_materialized_cte = 1, join_use_nulls = 0
