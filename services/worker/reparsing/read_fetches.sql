-- Fetches that ended well, oldest first, from one on. Of the last minute none: what they brought may still be
-- on its way. `answered` says whether answers of it are kept.
WITH page AS
(
    SELECT
        job_id, tenant, provider, feed, target, scope, slot, lane, started_at, finished_at, attempts, window_start,
        window_end, window_every_s, response_bytes
    FROM fetches FINAL
    WHERE provider = {provider:String} AND outcome = 'finished'
        AND started_at >= {first:DateTime64(3, 'UTC')} AND started_at < {last:DateTime64(3, 'UTC')}
        AND (started_at, job_id) > ({after_at:DateTime64(3, 'UTC')}, {after_job:String})
        AND finished_at < now() - INTERVAL 1 MINUTE
        AND (empty({feeds:Array(String)}) OR feed IN {feeds:Array(String)})
        AND ({account:String} = '' OR target = {account:String}) AND ({tenant:String} = '' OR tenant = {tenant:String})
    ORDER BY started_at, job_id
    LIMIT {limit:UInt32}
)
SELECT *, job_id IN (SELECT job_id FROM exchanges WHERE job_id IN (SELECT job_id FROM page)) AS answered
FROM page
ORDER BY started_at, job_id
