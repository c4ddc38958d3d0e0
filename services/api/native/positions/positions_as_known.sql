-- The lines of one portfolio at an instant, as known at a time, after a position in them.
SELECT
    source,
    line,
    account,
    provider,
    scope,
    asset,
    symbol,
    asset_type,
    asset_class,
    chain,
    platform,
    position,
    kind,
    side,
    amount,
    price_usd,
    value_usd,
    if(price_source = '', NULL, price_source) AS price_source,
    price_at,
    if(reason = '', NULL, reason) AS reason,
    counted,
    truncated,
    observed_at
FROM positions_as_known(
    tenant = {tenant:String}, portfolio = {portfolio:String}, at = {at:DateTime64(3, 'UTC')},
    known_at = {known_at:DateTime64(3, 'UTC')}, ranking = {ranking:Array(String)})
WHERE (source, line) > ({after_source:String}, {after_line:Int64})
ORDER BY source, line
LIMIT {limit:UInt32}
