-- Who may see a body: who sees a source of which some statement was read from it; of a public feed, everybody.
WITH
heard AS
(
    SELECT tenant, job_id FROM exchanges WHERE sha256 = {sha256:String} AND tenant IN ({tenant:String}, 'public')
    UNION DISTINCT
    SELECT tenant, job_id FROM raw_responses WHERE sha256 = {sha256:String} AND tenant IN ({tenant:String}, 'public')
),
sources AS
(
    SELECT DISTINCT concat(tenant, '/', provider, '/', target, '/', scope) AS source
    FROM fetches
    WHERE tenant = {tenant:String} AND job_id IN (SELECT job_id FROM heard WHERE tenant = {tenant:String})
        AND ({everything:Bool} OR target IN {accounts:Array(String)})
)
SELECT source FROM snapshots WHERE source IN (SELECT source FROM sources) AND has(raw, {sha256:String})
UNION DISTINCT
SELECT source FROM reported_totals WHERE source IN (SELECT source FROM sources) AND has(raw, {sha256:String})
UNION DISTINCT
SELECT source FROM reported_returns WHERE source IN (SELECT source FROM sources) AND has(raw, {sha256:String})
UNION DISTINCT
SELECT 'public' AS source FROM heard WHERE tenant = 'public'
