-- Which statement about a token is current for some instants. The source is tenant/provider/token.
SELECT
    concat(tenant, '/', provider, '/', token) AS source, observed_at, '',
    argMax((event_id, job_id, clusters, fetched_at), (fetched_at, event_id)) AS current
FROM cluster_overviews
WHERE (concat(tenant, '/', provider, '/', token), observed_at) IN
    (SELECT tupleElement(key, 1), tupleElement(key, 2)
     FROM (SELECT arrayJoin({keys:Array(Tuple(String, DateTime64(3, 'UTC'), String))}) AS key))
GROUP BY source, observed_at
