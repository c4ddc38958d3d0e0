-- Every attempt of one job of one tenant, oldest first.
SELECT
    provider,
    feed,
    target,
    scope,
    slot,
    lane,
    started_at,
    finished_at,
    attempts AS attempt,
    outcome,
    if(error = '', NULL, error)     AS error,
    if(message = '', NULL, message) AS message,
    requests,
    snapshots,
    lines
FROM fetch_attempts
WHERE tenant = {tenant:String} AND job_id = {job_id:String}
ORDER BY started_at, event_id
