-- The lines of one point, with where each is from.
SELECT
    source, line, snapshot_id, asset, symbol, kind, side, platform, position, amount, price_usd, value_usd,
    nullIf(reason, '') AS reason, counted, truncated,
    account, provider, scope, observed_at, fetched_at, first_fetched_at, recorded_at,
    job_id, fetch_started_at, fetch_finished_at, fetch_requests, raw,
    nullIf(price_source, '') AS price_source, price_at, nullIf(priced_by, '') AS priced_by, feed_price,
    nullIf(price_event_id, '') AS price_event_id, price_recorded_at, nullIf(price_job_id, '') AS price_job_id
FROM portfolio_explained(
    tenant = {tenant:String}, portfolio = {portfolio:String}, at = {at:DateTime64(3, 'UTC')})
WHERE (source, line) > ({after_source:String}, {after_line:Int64})
ORDER BY source, line
LIMIT {limit:UInt32}
