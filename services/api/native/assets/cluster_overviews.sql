-- The holders of watched tokens in figures at an instant, as known at a time: the views cluster_overviews_as_known and
-- top_holders_as_known.
SELECT
    o.token AS token, o.provider AS provider, toString(o.tenant) AS tenant, o.observed_at AS observed_at,
    o.fetched_at AS fetched_at, o.clusters AS clusters, o.has_overview AS has_overview, o.concentration AS concentration,
    o.top_100_share AS top_100_share, o.rug_pull_ratio AS rug_pull_ratio, o.new_holder_ratio AS new_holder_ratio,
    o.same_fund_source_ratio AS same_fund_source_ratio, o.same_creation_time_ratio AS same_creation_time_ratio,
    h.groups AS top_holders
FROM cluster_overviews_as_known(at = {at:DateTime64(3, 'UTC')}, known_at = {known_at:DateTime64(3, 'UTC')}) AS o
LEFT JOIN
(
    SELECT
        tenant, token, provider,
        arraySort(part -> part.1, groupArray((
            holders, amount, share, average_holding_s, average_pnl_usd, average_buy_price_usd, average_buy_distance,
            average_sell_price_usd, average_sell_distance)::Tuple(
            holders UInt32, amount Nullable(Decimal(76, 36)), share Nullable(Decimal(76, 36)),
            average_holding_s Nullable(Decimal(76, 36)), average_pnl_usd Nullable(Decimal(76, 36)),
            average_buy_price_usd Nullable(Decimal(76, 36)), average_buy_distance Nullable(Decimal(76, 36)),
            average_sell_price_usd Nullable(Decimal(76, 36)), average_sell_distance Nullable(Decimal(76, 36))))) AS groups
    FROM top_holders_as_known(at = {at:DateTime64(3, 'UTC')}, known_at = {known_at:DateTime64(3, 'UTC')})
    GROUP BY tenant, token, provider
) AS h ON h.tenant = o.tenant AND h.token = o.token AND h.provider = o.provider
WHERE o.tenant IN {tenants:Array(String)} AND ({token:Nullable(String)} IS NULL OR o.token = {token:Nullable(String)})
  AND (o.token, o.provider, o.tenant) > ({after_token:String}, {after_provider:String}, {after_tenant:String})
ORDER BY token, provider, tenant
LIMIT {limit:UInt32}
