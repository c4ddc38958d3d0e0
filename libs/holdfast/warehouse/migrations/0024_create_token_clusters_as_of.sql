-- What was the last statement about each token at an instant: its clusters, their addresses, the greatest holders
-- and the overview. `SELECT … FROM token_clusters_as_of(at = '2026-03-01 12:00:00')`.
CREATE OR REPLACE VIEW token_clusters_as_of AS
SELECT
    tenant, token, provider, observed_at, cluster, amount, value_usd, share, trends, average_holding_s, pnl_usd, pnl_ratio,
    buy_volume_usd, average_buy_price_usd, sell_volume_usd, average_sell_price_usd, last_active_at, addresses
FROM token_clusters FINAL
WHERE (tenant, token, provider, observed_at, event_id) IN
(
    SELECT tenant, token, provider, observed_at, event_id
    FROM cluster_overviews
    WHERE observed_at <= {at:DateTime64(3, 'UTC')}
    ORDER BY observed_at DESC, fetched_at DESC, event_id DESC
    LIMIT 1 BY tenant, token, provider
);

CREATE OR REPLACE VIEW cluster_addresses_as_of AS
SELECT
    tenant, token, provider, observed_at, cluster, position, address, amount, value_usd, share, average_holding_s,
    last_active_at, is_contract, is_exchange, is_kol, holder_rank
FROM cluster_addresses FINAL
WHERE (tenant, token, provider, observed_at, event_id) IN
(
    SELECT tenant, token, provider, observed_at, event_id
    FROM cluster_overviews
    WHERE observed_at <= {at:DateTime64(3, 'UTC')}
    ORDER BY observed_at DESC, fetched_at DESC, event_id DESC
    LIMIT 1 BY tenant, token, provider
);

CREATE OR REPLACE VIEW top_holders_as_of AS
SELECT
    tenant, token, provider, observed_at, holders, amount, share, trends, average_holding_s, average_pnl_usd,
    average_buy_price_usd, average_buy_distance, average_sell_price_usd, average_sell_distance
FROM top_holders FINAL
WHERE (tenant, token, provider, observed_at, event_id) IN
(
    SELECT tenant, token, provider, observed_at, event_id
    FROM cluster_overviews
    WHERE observed_at <= {at:DateTime64(3, 'UTC')}
    ORDER BY observed_at DESC, fetched_at DESC, event_id DESC
    LIMIT 1 BY tenant, token, provider
);

CREATE OR REPLACE VIEW cluster_overviews_as_of AS
SELECT
    tenant, token, provider, observed_at, fetched_at, clusters, has_overview, concentration, top_100_share, rug_pull_ratio,
    new_holder_ratio, same_fund_source_ratio, same_creation_time_ratio
FROM cluster_overviews
WHERE observed_at <= {at:DateTime64(3, 'UTC')}
ORDER BY observed_at DESC, fetched_at DESC, event_id DESC
LIMIT 1 BY tenant, token, provider;
