-- A body, and how it came to somebody whom the caller may see: others may have asked something else and heard the same.
WITH seen AS
(
    SELECT job_id
    FROM fetches
    WHERE tenant = {tenant:String} AND ({everything:Bool} OR target IN {accounts:Array(String)})
      AND job_id IN
      (
          SELECT job_id FROM exchanges WHERE sha256 = {sha256:String} AND tenant = {tenant:String}
          UNION DISTINCT
          SELECT job_id FROM raw_responses WHERE sha256 = {sha256:String} AND tenant = {tenant:String}
      )
)
SELECT
    m.provider AS provider, m.method AS method, m.request_url AS url, m.status AS status, m.content_type AS content_type,
    m.received_at AS received_at, m.job_id AS job_id, b.size_bytes AS size_bytes, base64Encode(b.body_zlib) AS zlib
FROM
(
    SELECT *
    FROM
    (
        SELECT provider, method, url AS request_url, status, content_type, received_at, job_id
        FROM exchanges
        WHERE sha256 = {sha256:String} AND (tenant = 'public' OR job_id IN seen)
        UNION ALL
        SELECT provider, method, url AS request_url, status, content_type, received_at, job_id
        FROM raw_responses
        WHERE sha256 = {sha256:String} AND (tenant = 'public' OR job_id IN seen)
    )
    ORDER BY received_at DESC
    LIMIT 1
) AS m
CROSS JOIN (SELECT size_bytes, body_zlib FROM raw_response_bodies WHERE sha256 = {sha256:String} LIMIT 1) AS b
