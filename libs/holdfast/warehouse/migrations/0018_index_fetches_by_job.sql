-- `GET /v1/fetches/{job_id}` and the question "what became of this job" ask by a key that the table is not sorted by.
ALTER TABLE fetches ADD INDEX IF NOT EXISTS fetches_by_job job_id TYPE bloom_filter(0.001) GRANULARITY 1;
