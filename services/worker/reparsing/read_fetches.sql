-- Fetches of balances that ended well and whose answers are kept, oldest first. Of the last minute none: what they
-- brought may still be on its way.
SELECT
    job_id, tenant, provider, feed, target, scope, slot, lane, started_at, finished_at, attempts, window_start, window_end,
    window_every_s
FROM fetches FINAL
WHERE provider = {provider:String} AND feed = 'balances' AND outcome = 'finished'
    AND started_at >= {first:DateTime64(3, 'UTC')} AND started_at < {last:DateTime64(3, 'UTC')}
    AND finished_at < now() - INTERVAL 1 MINUTE
    AND ({account:String} = '' OR target = {account:String}) AND ({tenant:String} = '' OR tenant = {tenant:String})
    AND job_id IN (SELECT job_id FROM exchanges WHERE provider = {provider:String})
ORDER BY started_at, job_id
