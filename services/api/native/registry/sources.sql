-- How fresh these accounts' sources are.
SELECT
    f.source                                  AS source,
    account,
    provider,
    f.feed                                    AS feed,
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
    if(last_message = '', NULL, last_message) AS last_message,
    if(h.source = '', NULL, h.history_complete_from) AS history_complete_from
FROM source_freshness AS f
LEFT JOIN (SELECT source, feed, history_complete_from FROM history_coverage WHERE tenant = {tenant:String}) AS h
    ON h.source = f.source AND h.feed = f.feed
WHERE f.tenant = {tenant:String} AND (f.source, f.feed) > ({after_source:String}, {after_feed:String})
  AND ({everything:Bool} OR account IN {accounts:Array(String)})
ORDER BY source, feed
LIMIT {limit:UInt32}
