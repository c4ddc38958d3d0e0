-- What each provider says the total is, as of its last statement: a platform that the last statement no
-- longer names is gone. Compared with ours, never added to it.
CREATE OR REPLACE VIEW reported_totals_current AS
SELECT
    tenant,
    source,
    account,
    provider,
    scope,
    platform,
    observed_at,
    latest.1 AS currency,
    latest.2 AS total,
    latest.3 AS fetched_at
FROM
(
    SELECT
        tenant,
        source,
        account,
        provider,
        scope,
        platform,
        observed_at,
        max(observed_at) OVER (PARTITION BY source)                     AS newest,
        argMax((currency, total, fetched_at), (fetched_at, event_id)) AS latest
    FROM reported_totals
    GROUP BY tenant, source, account, provider, scope, platform, observed_at
)
WHERE observed_at = newest;
