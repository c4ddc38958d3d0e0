-- The raw bodies that snapshots were read from, put together again; one that is not whole yet is not shown.
-- `body_zlib` is compressed with zlib; snapshots.raw holds the hashes.
CREATE OR REPLACE VIEW raw_response_bodies AS
SELECT
    tenant,
    sha256,
    provider,
    argMax(tuple(job_id), received_at).1       AS last_job_id,
    max(r.received_at)                         AS last_received_at,
    argMax(tuple(method), received_at).1       AS request_method,
    argMax(tuple(url), received_at).1          AS request_url,
    argMax(tuple(status), received_at).1       AS http_status,
    argMax(tuple(content_type), received_at).1 AS body_type,
    size_bytes,
    arrayStringConcat(arrayMap(piece -> piece.2, arraySort(piece -> piece.1, groupUniqArray((part, body))))) AS body_zlib
FROM raw_responses AS r
GROUP BY tenant, sha256, provider, size_bytes, parts
HAVING uniqExact(part) = parts;
