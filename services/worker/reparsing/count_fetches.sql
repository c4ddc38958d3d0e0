-- How many there are to go through, and so how far a run has come.
SELECT count()
FROM fetches FINAL
WHERE provider = {provider:String} AND outcome = 'finished'
    AND started_at >= {first:DateTime64(3, 'UTC')} AND started_at < {last:DateTime64(3, 'UTC')}
    AND finished_at < now() - INTERVAL 1 MINUTE
    AND (empty({feeds:Array(String)}) OR feed IN {feeds:Array(String)})
    AND ({account:String} = '' OR target = {account:String}) AND ({tenant:String} = '' OR tenant = {tenant:String})
