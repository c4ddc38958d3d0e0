-- Which statement is current for some sources and instants, which job said it last, and when.
SELECT source, observed_at, '', argMax((snapshot_id, job_id, lines, fetched), (fetched, snapshot_id)) AS current
FROM
(
    SELECT
        source, observed_at, snapshot_id, max(fetched_at) AS fetched, max(s.last_copy).job_id AS job_id,
        any(s.lines) AS lines
    FROM snapshots AS s
    WHERE (source, observed_at) IN
        (SELECT tupleElement(key, 1), tupleElement(key, 2)
         FROM (SELECT arrayJoin({keys:Array(Tuple(String, DateTime64(3, 'UTC'), String))}) AS key))
    GROUP BY source, observed_at, snapshot_id
)
GROUP BY source, observed_at
