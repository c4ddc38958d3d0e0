-- Every point of some portfolios: where their sources have a snapshot, where membership changes, and
-- what is stored already (by a membership that no longer holds).
WITH
newest AS MATERIALIZED
(
    SELECT tenant, portfolio, max(revision) AS revision
    FROM registry_portfolios
    WHERE (tenant, portfolio) IN (SELECT arrayJoin(arrayZip({tenants:Array(String)}, {portfolios:Array(String)})))
    GROUP BY tenant, portfolio
),
members AS MATERIALIZED
(
    SELECT tenant, portfolio, source, valid_from, valid_to
    FROM registry_portfolio_sources
    WHERE (tenant, portfolio, revision) IN (SELECT tenant, portfolio, revision FROM newest)
),
observed AS
(
    SELECT m.tenant AS tenant, m.portfolio AS portfolio, s.bucket AS bucket
    FROM members AS m
    INNER JOIN
    (
        SELECT DISTINCT source, toStartOfHour(observed_at) AS bucket
        FROM snapshots
        WHERE source IN (SELECT source FROM members)
    ) AS s ON m.source = s.source
),
edges AS
(
    SELECT tenant, portfolio, toStartOfHour(edge) AS bucket
    FROM members
    ARRAY JOIN [valid_from, valid_to] AS edge
    WHERE edge > toDateTime64(0, 3, 'UTC') AND edge < toDateTime64('2200-01-01 00:00:00', 3, 'UTC')
)
SELECT tenant, portfolio, bucket FROM observed
UNION DISTINCT
SELECT tenant, portfolio, bucket FROM edges
UNION DISTINCT
SELECT tenant, portfolio, bucket FROM portfolio_totals
WHERE (tenant, portfolio) IN (SELECT tenant, portfolio FROM newest)
SETTINGS enable_materialized_cte = 1, join_use_nulls = 0
