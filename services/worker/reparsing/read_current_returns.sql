-- Which returns of a provider are current for some sources and instants.
SELECT source, observed_at, '', argMax((event_id, job_id, toUInt32(length(items)), fetched_at), (fetched_at, event_id)) AS current
FROM reported_returns
WHERE (source, observed_at) IN
    (SELECT tupleElement(key, 1), tupleElement(key, 2)
     FROM (SELECT arrayJoin({keys:Array(Tuple(String, DateTime64(3, 'UTC'), String))}) AS key))
GROUP BY source, observed_at
