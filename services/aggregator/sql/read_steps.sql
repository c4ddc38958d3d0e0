-- Points just stored, and the next one after each, with the point before: as they are stored now, but for those of hours
-- to come, in which a member will leave. Looks back 31 days.
WITH
stored AS
(
    SELECT tenant, portfolio, bucket
    FROM format(JSONCompactEachRow, 'tenant String, portfolio String, bucket DateTime(''UTC'')', {points:String})
),
points AS
(
    SELECT
        tenant, portfolio, bucket, version, net,
        lagInFrame(bucket) OVER before AS bucket_before,
        lagInFrame(version) OVER before AS version_before,
        lagInFrame(net) OVER before AS net_before,
        lagInFrame(sources) OVER before AS sources_before,
        max(bucket) OVER (PARTITION BY tenant, portfolio) AS newest
    FROM portfolio_totals FINAL
    WHERE (tenant, portfolio) IN (SELECT tenant, portfolio FROM stored) AND (bucket <= now() OR sources_observed > 0)
        AND bucket >= (SELECT min(bucket) FROM stored) - INTERVAL 31 DAY
    WINDOW before AS (PARTITION BY tenant, portfolio ORDER BY bucket ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
)
SELECT
    tenant, portfolio, toString(bucket), toString(version), net,
    toString(bucket_before), toString(version_before), net_before, bucket = newest
FROM points
WHERE bucket_before != toDateTime(0, 'UTC') AND sources_before > 0 AND net != net_before
    AND ((tenant, portfolio, bucket) IN (SELECT * FROM stored) OR (tenant, portfolio, bucket_before) IN (SELECT * FROM stored))
ORDER BY tenant, portfolio, bucket
SETTINGS output_format_json_quote_decimals = 1
