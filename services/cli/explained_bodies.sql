-- The bodies that some statements were read from, and which of them some jobs were answered with.
SELECT
    b.sha256 AS sha256, b.size_bytes AS size_bytes, b.http_status AS http_status, b.last_received_at AS last_received_at,
    nullIf(f.job_id, '') AS job_id,
    if(f.job_id = '', b.request_method, toString(f.method)) AS request_method,
    if(f.job_id = '', b.request_url, f.request_url) AS request_url
FROM
(
    SELECT sha256, size_bytes, http_status, last_received_at, request_method, request_url
    FROM raw_response_bodies
    WHERE tenant = {tenant:String} AND sha256 IN {hashes:Array(String)}
) AS b
LEFT JOIN
(
    SELECT DISTINCT job_id, sha256, method, request_url
    FROM fetch_responses
    WHERE tenant = {tenant:String} AND job_id IN {jobs:Array(String)}
) AS f ON f.sha256 = b.sha256
ORDER BY sha256, job_id, request_url
SETTINGS join_use_nulls = 0
