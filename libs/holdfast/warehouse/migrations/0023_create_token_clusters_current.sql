-- The clusters of each watched token, as each provider last stated them.
CREATE OR REPLACE VIEW token_clusters_current AS
SELECT
    tenant, token, provider, observed_at, cluster, amount, value_usd, share, trends, average_holding_s, pnl_usd, pnl_ratio,
    buy_volume_usd, average_buy_price_usd, sell_volume_usd, average_sell_price_usd, last_active_at, addresses
FROM token_clusters FINAL
WHERE (tenant, token, provider, observed_at, event_id) IN
(
    SELECT tenant, token, provider, observed_at, event_id
    FROM cluster_overviews
    ORDER BY observed_at DESC, fetched_at DESC, event_id DESC
    LIMIT 1 BY tenant, token, provider
);
