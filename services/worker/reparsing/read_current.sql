-- Which statement is current for some sources and instants, and the fetch that brought it.
SELECT source, observed_at, argMax((snapshot_id, job_id, lines), (fetched, snapshot_id)) AS current
FROM
(
    SELECT source, observed_at, snapshot_id, max(fetched_at) AS fetched, max(s.job_id) AS job_id, any(s.lines) AS lines
    FROM snapshots AS s
    WHERE (source, observed_at) IN {statements:Array(Tuple(String, DateTime64(3, 'UTC')))}
    GROUP BY source, observed_at, snapshot_id
)
GROUP BY source, observed_at
