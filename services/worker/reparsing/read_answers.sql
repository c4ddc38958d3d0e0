-- What some fetches were answered, in order, with the bodies.
SELECT
    e.job_id AS job_id, e.started_at AS started_at, e.request_sha256 AS request_sha256, e.method AS method, e.url AS url,
    e.status AS status, e.content_type AS content_type, e.sent_at AS sent_at, e.received_at AS received_at,
    e.sha256 AS sha256, base64Encode(b.body) AS zlib
FROM
(
    SELECT * FROM exchanges FINAL
    WHERE (job_id, started_at) IN {fetches:Array(Tuple(String, DateTime64(3, 'UTC')))}
) AS e
INNER JOIN
(
    -- Whoever's copy: the hash says that it is the same body.
    SELECT sha256, arrayStringConcat(arrayMap(piece -> piece.2, arraySort(piece -> piece.1, groupUniqArray((part, body))))) AS body
    FROM raw_responses
    WHERE sha256 IN
    (
        SELECT sha256 FROM exchanges
        WHERE (job_id, started_at) IN {fetches:Array(Tuple(String, DateTime64(3, 'UTC')))}
    )
    GROUP BY sha256, parts
    HAVING uniqExact(part) = parts
    LIMIT 1 BY sha256
) AS b ON b.sha256 = e.sha256
ORDER BY e.job_id, e.started_at, e.place
