-- The lines of some sources of one portfolio at an instant, as known at a time, each with the events that it rests on.
SELECT
    source, account, asset, platform, position, kind, side, amount, price_usd, value_usd,
    if(reason = '', NULL, reason) AS reason, counted, toBool(excluded) AS excluded, snapshot_id, price_event_id, price_recorded_at
FROM positions_as_known(
    tenant = {tenant:String}, portfolio = {portfolio:String}, at = {at:DateTime64(3, 'UTC')},
    known_at = {known_at:DateTime64(3, 'UTC')}, ranking = {ranking:Array(String)})
WHERE source IN {sources:Array(String)}
ORDER BY source, line
