-- The statement of each member at an instant, as known at a time, and the revision that it was a member by.
SELECT source, snapshot_id, recorded_at, if(job_id = '', NULL, job_id) AS job_id, revision
FROM statements_as_known(
    tenant = {tenant:String}, portfolio = {portfolio:String}, at = {at:DateTime64(3, 'UTC')},
    known_at = {known_at:DateTime64(3, 'UTC')})
ORDER BY source
