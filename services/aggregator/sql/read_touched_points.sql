-- Which points a set of snapshots changes: the hour each was observed in, and every later point of the same
-- portfolio up to the source's next snapshot, because those carry it.
--
-- Points are taken from what causes them (snapshots, membership edges), not from the totals stored so far:
-- a replica that works on a later hour right now has stored its snapshot already, its total perhaps not yet.
WITH
touched AS MATERIALIZED
(
    SELECT DISTINCT t.1 AS source, t.2 AS observed_at
    FROM (SELECT arrayJoin(arrayZip({sources:Array(String)}, {times:Array(DateTime64(3, 'UTC'))})) AS t)
),
newest AS MATERIALIZED (SELECT tenant, portfolio, max(revision) AS revision FROM registry_portfolios GROUP BY tenant, portfolio),
members AS MATERIALIZED
(
    SELECT tenant, portfolio, source, valid_from, valid_to
    FROM registry_portfolio_sources
    WHERE (tenant, portfolio, revision) IN (SELECT tenant, portfolio, revision FROM newest)
),
-- Half-open: from the snapshot's own hour to that of the source's next snapshot.
spans AS MATERIALIZED
(
    SELECT DISTINCT
        m.tenant AS tenant, m.portfolio AS portfolio,
        toStartOfHour(t.observed_at) AS bucket,
        if(t.next_at = toDateTime64(0, 3, 'UTC'), toDateTime('2105-01-01 00:00:00', 'UTC'), toStartOfHour(t.next_at)) AS until
    FROM
    (
        SELECT touched.source AS source, touched.observed_at AS observed_at, s.observed_at AS next_at
        FROM touched
        ASOF LEFT JOIN
        (
            SELECT DISTINCT source, observed_at
            FROM snapshots
            WHERE source IN (SELECT source FROM touched) AND observed_at > (SELECT min(observed_at) FROM touched)
        ) AS s ON touched.source = s.source AND touched.observed_at < s.observed_at
    ) AS t
    INNER JOIN (SELECT DISTINCT tenant, portfolio, source FROM members WHERE source IN (SELECT source FROM touched)) AS m
        ON t.source = m.source
),
-- Only sources that have something later than the earliest hour touched: hardly any while data comes in as it happens.
later AS MATERIALIZED
(
    SELECT DISTINCT source
    FROM latest_snapshots
    WHERE source IN (SELECT source FROM members WHERE (tenant, portfolio) IN (SELECT tenant, portfolio FROM spans))
        AND observed_at >= addHours((SELECT min(bucket) FROM spans), 1)
),
causes AS
(
    SELECT m.tenant AS tenant, m.portfolio AS portfolio, s.bucket AS bucket
    FROM (SELECT DISTINCT tenant, portfolio, source FROM members WHERE source IN (SELECT source FROM later)) AS m
    INNER JOIN
    (
        SELECT DISTINCT source, toStartOfHour(observed_at) AS bucket
        FROM snapshots
        WHERE source IN (SELECT source FROM later) AND observed_at >= addHours((SELECT min(bucket) FROM spans), 1)
    ) AS s ON m.source = s.source
    UNION DISTINCT
    SELECT tenant, portfolio, toStartOfHour(edge) AS bucket
    FROM members
    ARRAY JOIN [valid_from, valid_to] AS edge
    WHERE (tenant, portfolio) IN (SELECT tenant, portfolio FROM spans)
        AND edge > toDateTime64(0, 3, 'UTC') AND edge <= {now:DateTime64(3, 'UTC')}
)
SELECT tenant, portfolio, bucket FROM spans
UNION DISTINCT
SELECT spans.tenant AS tenant, spans.portfolio AS portfolio, causes.bucket AS bucket
FROM spans
INNER JOIN causes ON spans.tenant = causes.tenant AND spans.portfolio = causes.portfolio
WHERE causes.bucket > spans.bucket AND causes.bucket < spans.until
SETTINGS enable_materialized_cte = 1, join_use_nulls = 0, enable_shared_storage_snapshot_in_query = 1
