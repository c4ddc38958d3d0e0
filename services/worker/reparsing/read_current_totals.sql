-- Which total of a provider is current for some sources, instants and platforms.
SELECT source, observed_at, platform, argMax((event_id, job_id, toUInt32(1), fetched_at), (fetched_at, event_id)) AS current
FROM reported_totals
WHERE (source, observed_at, platform) IN {keys:Array(Tuple(String, DateTime64(3, 'UTC'), String))}
GROUP BY source, observed_at, platform
