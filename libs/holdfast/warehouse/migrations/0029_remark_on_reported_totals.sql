-- What a provider says of its own number, as `unreliable_conversion`; empty where nothing is to be known.
ALTER TABLE reported_totals ADD COLUMN IF NOT EXISTS reason LowCardinality(String) DEFAULT '' AFTER total;

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
    latest.3 AS reason,
    latest.4 AS fetched_at
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
        max(observed_at) OVER (PARTITION BY source)                           AS newest,
        argMax((currency, total, reason, fetched_at), (fetched_at, event_id)) AS latest
    FROM reported_totals
    GROUP BY tenant, source, account, provider, scope, platform, observed_at
)
WHERE observed_at = newest;
