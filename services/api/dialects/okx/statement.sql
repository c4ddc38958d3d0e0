-- The last statement about a token at an instant, of the caller's own and the public ones.
SELECT
    tenant, provider, observed_at, event_id, has_overview, concentration, top_100_share, rug_pull_ratio,
    new_holder_ratio, same_fund_source_ratio, same_creation_time_ratio
FROM cluster_overviews
WHERE tenant IN {tenants:Array(String)}
  AND token = {token:String}
  AND observed_at <= {at:DateTime64(3, 'UTC')}
ORDER BY observed_at DESC, indexOf({tenants:Array(String)}, tenant) DESC, fetched_at DESC, event_id DESC
LIMIT 1
