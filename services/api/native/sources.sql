-- How fresh these accounts' sources are.
SELECT
    source,
    account,
    provider,
    feed,
    scope,
    every_s,
    counted,
    if(paused = '', NULL, paused)             AS paused,
    observed_at,
    fetched_at,
    lines,
    age_s,
    stale,
    last_outcome,
    last_fetch_at,
    if(last_error = '', NULL, last_error)     AS last_error,
    if(last_message = '', NULL, last_message) AS last_message
FROM source_freshness
WHERE tenant = {tenant:String} AND (source, feed) > ({after_source:String}, {after_feed:String})
  AND ({everything:Bool} OR account IN {accounts:Array(String)})
ORDER BY source, feed
LIMIT {limit:UInt32}
