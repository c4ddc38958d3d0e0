-- What others say of an instant, as far as it had been recorded by a time: what providers report of totals and returns, who
-- holds a token together, and prices. `SELECT … FROM reported_totals_as_known(at = '2026-03-01', known_at = '2026-03-02')`;
-- a `known_at` of 2200 is all that is known now. Of several claims for one instant the one fetched last counts, of those
-- that were known.
CREATE OR REPLACE VIEW reported_totals_as_known AS
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
    WHERE observed_at <= {at:DateTime64(3, 'UTC')} AND recorded_at <= {known_at:DateTime64(3, 'UTC')}
    GROUP BY tenant, source, account, provider, scope, platform, observed_at
)
WHERE observed_at = newest;

CREATE OR REPLACE VIEW reported_returns_as_known AS
SELECT
    r.tenant        AS tenant,
    r.source        AS source,
    r.account       AS account,
    r.provider      AS provider,
    r.scope         AS scope,
    r.observed_at   AS observed_at,
    r.fetched_at    AS fetched_at,
    r.block_number  AS block_number,
    r.quote         AS quote,
    r.total_return  AS total_return,
    nullIf(item.asset, '') AS asset,
    item.amount     AS amount,
    item.value      AS value,
    item.total_return AS asset_return,
    item.reason     AS reason
FROM
(
    SELECT *
    FROM reported_returns
    WHERE observed_at <= {at:DateTime64(3, 'UTC')} AND recorded_at <= {known_at:DateTime64(3, 'UTC')}
    ORDER BY observed_at DESC, fetched_at DESC, event_id DESC
    LIMIT 1 BY source
) AS r
LEFT ARRAY JOIN r.items AS item;

-- As price_freshness, at an instant.
CREATE OR REPLACE VIEW price_freshness_as_known AS
SELECT
    asset,
    quote,
    source,
    newest.1                                                                     AS price,
    newest_at                                                                    AS at,
    newest.2                                                                     AS fetched_at,
    dateDiff('second', newest_at, {at:DateTime64(3, 'UTC')})                     AS age_s,
    toBool(age_s > if(startsWith(asset, 'iso4217:'), 432000, 86400))             AS stale
FROM
(
    SELECT
        asset,
        toString(quote)                                                          AS quote,
        toString(source)                                                         AS source,
        argMax(tuple(price, fetched_at), (prices.at, fetched_at, event_id))      AS newest,
        max(prices.at)                                                           AS newest_at
    FROM prices
    WHERE prices.at <= {at:DateTime64(3, 'UTC')} AND prices.at > {at:DateTime64(3, 'UTC')} - INTERVAL 35 DAY
      AND recorded_at <= {known_at:DateTime64(3, 'UTC')}
    GROUP BY asset, quote, source
);

CREATE OR REPLACE VIEW token_clusters_as_known AS
SELECT
    tenant, token, provider, observed_at, cluster, amount, value_usd, share, trends, average_holding_s, pnl_usd, pnl_ratio,
    buy_volume_usd, average_buy_price_usd, sell_volume_usd, average_sell_price_usd, last_active_at, addresses
FROM token_clusters FINAL
WHERE (tenant, token, provider, observed_at, event_id) IN
(
    SELECT tenant, token, provider, observed_at, event_id
    FROM cluster_overviews
    WHERE observed_at <= {at:DateTime64(3, 'UTC')} AND recorded_at <= {known_at:DateTime64(3, 'UTC')}
    ORDER BY observed_at DESC, fetched_at DESC, event_id DESC
    LIMIT 1 BY tenant, token, provider
);

CREATE OR REPLACE VIEW cluster_addresses_as_known AS
SELECT
    tenant, token, provider, observed_at, cluster, position, address, amount, value_usd, share, average_holding_s,
    last_active_at, is_contract, is_exchange, is_kol, holder_rank
FROM cluster_addresses FINAL
WHERE (tenant, token, provider, observed_at, event_id) IN
(
    SELECT tenant, token, provider, observed_at, event_id
    FROM cluster_overviews
    WHERE observed_at <= {at:DateTime64(3, 'UTC')} AND recorded_at <= {known_at:DateTime64(3, 'UTC')}
    ORDER BY observed_at DESC, fetched_at DESC, event_id DESC
    LIMIT 1 BY tenant, token, provider
);

CREATE OR REPLACE VIEW top_holders_as_known AS
SELECT
    tenant, token, provider, observed_at, holders, amount, share, trends, average_holding_s, average_pnl_usd,
    average_buy_price_usd, average_buy_distance, average_sell_price_usd, average_sell_distance
FROM top_holders FINAL
WHERE (tenant, token, provider, observed_at, event_id) IN
(
    SELECT tenant, token, provider, observed_at, event_id
    FROM cluster_overviews
    WHERE observed_at <= {at:DateTime64(3, 'UTC')} AND recorded_at <= {known_at:DateTime64(3, 'UTC')}
    ORDER BY observed_at DESC, fetched_at DESC, event_id DESC
    LIMIT 1 BY tenant, token, provider
);

CREATE OR REPLACE VIEW cluster_overviews_as_known AS
SELECT
    tenant, token, provider, observed_at, fetched_at, clusters, has_overview, concentration, top_100_share, rug_pull_ratio,
    new_holder_ratio, same_fund_source_ratio, same_creation_time_ratio
FROM cluster_overviews
WHERE observed_at <= {at:DateTime64(3, 'UTC')} AND recorded_at <= {known_at:DateTime64(3, 'UTC')}
ORDER BY observed_at DESC, fetched_at DESC, event_id DESC
LIMIT 1 BY tenant, token, provider;

-- With all that is known now.
CREATE OR REPLACE VIEW token_clusters_as_of AS
SELECT * FROM token_clusters_as_known(at = {at:DateTime64(3, 'UTC')}, known_at = '2200-01-01 00:00:00.000');

CREATE OR REPLACE VIEW cluster_addresses_as_of AS
SELECT * FROM cluster_addresses_as_known(at = {at:DateTime64(3, 'UTC')}, known_at = '2200-01-01 00:00:00.000');

CREATE OR REPLACE VIEW top_holders_as_of AS
SELECT * FROM top_holders_as_known(at = {at:DateTime64(3, 'UTC')}, known_at = '2200-01-01 00:00:00.000');

CREATE OR REPLACE VIEW cluster_overviews_as_of AS
SELECT * FROM cluster_overviews_as_known(at = {at:DateTime64(3, 'UTC')}, known_at = '2200-01-01 00:00:00.000');
