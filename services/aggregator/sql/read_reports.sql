-- What providers said their totals are, at instants that touched statements may stand for: from each one's own on, as far
-- as {reach_s} reaches.
WITH touched AS
(
    SELECT DISTINCT source, observed_at
    FROM format(JSONCompactEachRow, 'source String, observed_at DateTime64(3, ''UTC'')', {touched:String})
)
SELECT r.source, r.at, r.platform, r.said.1, r.said.2, r.said.3, r.said.4, r.said.5
FROM
(
    SELECT
        source, observed_at AS at, platform,
        argMax((currency, total, reason, fetched_at, event_id), (fetched_at, event_id)) AS said
    FROM reported_totals
    WHERE source IN (SELECT source FROM touched)
        AND observed_at >= (SELECT min(observed_at) FROM touched)
        AND observed_at <= (SELECT max(observed_at) FROM touched) + toIntervalSecond({reach_s:UInt32})
    GROUP BY source, observed_at, platform
) AS r
ASOF INNER JOIN touched AS t ON t.source = r.source AND t.observed_at <= r.at
WHERE r.at <= t.observed_at + toIntervalSecond({reach_s:UInt32})
SETTINGS output_format_json_quote_decimals = 1
